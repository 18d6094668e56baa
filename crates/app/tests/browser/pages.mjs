// Each page for each role, in a real browser: `node pages.mjs BASE_URL`. The first account is there (see story.mjs) and has
// no second device yet. Ends with 0 when all was as it should be, else with 1 and what was not.
import { check, chromium, complaints, end, FIRST, fresh, Judge, LAUNCH, logIn, PASSWORD } from "./stage.mjs";

const origin = new URL(process.argv[2]).origin;
/// Pages come in four looks; every page is seen in each.
const LOOKS = [
  ["light", 1280],
  ["dark", 390],
  ["dark", 1280],
  ["light", 390],
];
/// Pages of everybody that no navigation names.
const OWN = ["/", "/account", "/go"];
const PEOPLE = {
  analyst: "Mara Lindholm",
  "clinical-engineer": "Jonas Okafor",
  "network-admin": "Petra Vance",
  compliance: "Ruth Aldane",
  "privacy-officer": "Samir Holt",
  clinician: "Ines Moreau",
  executive: "Clara Wendt",
  procurement: "Tom Baker",
  vendor: "Vik Sander",
  auditor: "Ole Brandt",
  admin: "Nadia Fuchs",
};

/// A place for whoever's right ends there.
const places = async (page) => {
  await page.goto(`${origin}/areas`);
  await page.getByRole("textbox", { name: "Name" }).first().fill("St. Anna");
  await page.getByRole("button", { name: "Add the site" }).click();
  await page.getByText("St. Anna").first().waitFor();
};

/// A device of which two documents say something else, in the longest words that anybody writes, as a phone shows it.
const longWords = async (page) => {
  const word = (sign) => `${sign.repeat(20)}-${"0123456789".repeat(4)}`;
  for (const sign of ["A", "B"]) {
    await page.goto(`${origin}/imports`);
    const row = ["BME900002", word("S"), word("M"), word(sign), "00:30:e6:90:00:02", word(sign)];
    const text = `Asset tag,Serial number,Manufacturer,Model,MAC address,Hostname\n${row.join(",")}\n`;
    await page.getByLabel("Document").setInputFiles({ name: `${word(sign)}.csv`, mimeType: "text/csv", buffer: Buffer.from(text) });
    await page.getByLabel("Called here").fill(`long-${sign.toLowerCase()}`);
    await page.getByRole("button", { name: "Look at it" }).click();
    await page.getByRole("button", { name: "Take it in" }).click();
    await page.getByRole("button", { name: "Take it back" }).waitFor();
  }
  await page.setViewportSize({ width: 390, height: 844 });
  const judge = await Judge.of(page);
  // Records are joined a moment after they are taken in.
  let all = "";
  for (let tries = 0; tries < 60 && !(all.includes(word("A")) && all.includes(word("B"))); tries += 1) {
    all = "";
    for (let next = "/conflicts"; next; next = (await links(page, "main")).find((one) => one.startsWith("/conflicts?"))) {
      await page.goto(origin + next);
      await judge.look(`${next}, on a phone`);
      all += await page.locator("main").innerText();
    }
    await page.waitForTimeout(250);
  }
  check(all.includes(word("A")) && all.includes(word("B")), `no conflict names ${word("A")}`);
  await page.setViewportSize({ width: 1280, height: 844 });
};

/// An account for each role, made as an administrator makes them; gives who they are, each with a browser of its own.
const crew = async (browser, page) => {
  await page.goto(`${origin}/account/code`);
  const key = await page.locator("p.mono").first().innerText();
  await page.getByLabel("Code of six digits").fill(await fresh(page, key));
  await page.getByRole("button", { name: "Ask for codes" }).click();
  const people = [];
  for (let roles = [""], at = 0; at < roles.length; at += 1) {
    await page.goto(`${origin}/accounts/new`);
    const role = roles[at] || "analyst";
    await page.getByLabel("Name to log in with").fill(role);
    await page.getByLabel("Name, as others see it").fill(PEOPLE[role]);
    await page.getByRole("button", { name: "Make the account" }).click();
    const link = await page.locator("#link").innerText();
    await page.getByRole("link", { name: "Go on" }).click();
    roles = await page.getByLabel("Role").locator("option").evaluateAll((options) => options.map((one) => one.value));
    await page.getByLabel("Role").selectOption(role);
    if (role === "vendor") await page.getByLabel("Where", { exact: true }).selectOption({ label: "St. Anna" });
    if (role === "vendor" || role === "auditor") await page.getByLabel("Until the end of").fill(new Date(Date.now() + 864e6).toISOString().slice(0, 10));
    await page.getByRole("button", { name: "Give the role" }).click();
    check((await page.locator("#refusal").count()) === 0, `${role}: ${await page.locator("main").innerText()}`);
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const own = await context.newPage();
    await own.goto(new URL(link).pathname.replace(/^/, origin));
    await own.getByLabel("Password").fill(PASSWORD);
    await own.getByRole("button", { name: "Set the password" }).click();
    people.push({ role, context, page: own });
  }
  check(people.length === Object.keys(PEOPLE).length, `there are ${people.length} roles`);
  return people;
};

/// Where the links of what `page` shows lead on this site; documents to keep and jumps within the page aside.
const links = async (page, within = "body") => {
  const all = await page.locator(`${within} a[href]`).evaluateAll((found) => found.map((one) => one.href.baseVal || one.getAttribute("href")));
  const addresses = all.map((one) => new URL(one, page.url())).filter((one) => one.origin === origin && !/export\./.test(one.pathname));
  return [...new Set(addresses.filter((one) => !one.hash).map((one) => one.pathname + one.search))];
};
/// A page's address without what differs from one thing to the next.
const shape = (address) => address.replace(/\?.*/, "").replace(/[0-9a-f]{8}[0-9a-f-]{8,}/g, "{id}");

/// In how many looks each page was seen, and by whom last.
const seen = new Map();
const look = async (judge, person, address, at = seen.get(shape(address))?.times || 0) => {
  const [colorScheme, width] = LOOKS[at % LOOKS.length];
  const { page } = person;
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: 844 });
  const answer = await page.goto(origin + address);
  const what = `${address} as ${person.role}, ${colorScheme}, ${width} px`;
  check(answer.status() === 200, `${what} answers ${answer.status()}`);
  check((await page.locator("h1").count()) === 1, `${what} has not one heading`);
  await judge.look(what);
  seen.set(shape(address), { times: at + 1, person, judge, address });
};

/// Everything that `person` is led to, and nothing else. Gives how many links were followed.
const walk = async (person, everywhere) => {
  const { page, context, role } = person;
  const judge = await Judge.of(page);
  await page.goto(origin);
  const own = await links(page, "nav.nav");
  const done = new Set();
  const follow = new Set();
  for (const address of new Set([...OWN, ...own])) {
    await look(judge, person, address);
    done.add(shape(address));
    (await links(page, "main")).forEach((one) => follow.add(one));
  }
  for (const address of follow) {
    if (done.has(shape(address))) continue;
    done.add(shape(address));
    await look(judge, person, address);
  }
  // What looks the same is only asked for.
  const rest = [...follow];
  const ask = async () => {
    for (let next = rest.pop(); next; next = rest.pop()) {
      const status = (await context.request.get(origin + next)).status();
      check(status === 200, `${next} is linked for ${role} and answers ${status}`);
    }
  };
  const count = rest.length;
  await Promise.all([ask(), ask(), ask()]);
  for (const address of everywhere.filter((one) => !own.includes(one) && !OWN.includes(one))) {
    const status = (await context.request.get(origin + address)).status();
    check(status === 403 || status === 404, `${address} is not ${role}'s and answers ${status}`);
  }
  return count;
};

/// The same without scripts: every page shows itself; a filter, a label and a document go by forms.
const bare = async (browser, { role, context }, everywhere) => {
  const off = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false, storageState: await context.storageState() });
  const page = await off.newPage();
  for (const address of everywhere) {
    const answer = await page.goto(origin + address);
    if (answer.status() !== 200) continue;
    check(await page.getByRole("heading", { level: 1 }).isVisible(), `${address} shows its heading to ${role} without scripts`);
  }
  await page.goto(`${origin}/devices`);
  const all = await page.getByRole("row").count();
  await page.getByRole("group", { name: "What it is" }).getByRole("checkbox").first().check();
  await page.getByRole("button", { name: "Apply filters" }).click();
  const some = await page.getByRole("row").count();
  check(some > 1 && some <= all && new URL(page.url()).searchParams.has("type"), `a filter leaves ${some} of ${all} rows without scripts`);
  await page.getByRole("row").nth(1).getByRole("link").first().click();
  await page.getByRole("textbox", { name: "Model" }).fill("Said without scripts");
  await page.getByRole("button", { name: "Label this device" }).click();
  check(await page.getByText("Said without scripts").first().isVisible(), "a label is said without scripts");
  await page.goto(`${origin}/imports`);
  const text = "Asset tag,Serial number,Manufacturer,Model,MAC address\nBME900001,BARE-1,Specimen,Bare 1,00:30:e6:90:00:01\n";
  await page.getByLabel("Document").setInputFiles({ name: "bare.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  await page.getByLabel("Called here").fill("bare");
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByRole("button", { name: "Take it in" }).click();
  check(await page.getByRole("button", { name: "Take it back" }).isVisible(), `a document is taken in without scripts, not ${await page.locator("main").innerText()}`);
  await off.close();
};

const main = async () => {
  const browser = await chromium.launch(LAUNCH);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const errors = complaints(page);
  await logIn(page, origin, FIRST);
  await places(page);
  await longWords(page);
  const people = await crew(browser, page);
  people.forEach((one) => complaints(one.page, errors));
  await page.goto(origin);
  const everywhere = await links(page, "nav.nav");
  // Most may see most of it; each page has been seen by one role at least before it is asked whether others are kept out.
  let followed = 0;
  const left = [...people];
  const some = async () => {
    for (let person = left.shift(); person; person = left.shift()) followed += await walk(person, everywhere);
  };
  await Promise.all([some(), some(), some()]);
  let looks = 0;
  for (const { times, person, judge, address } of [...seen.values()]) {
    for (let at = times; at < LOOKS.length; at += 1) await look(judge, person, address, at);
    looks += Math.max(times, LOOKS.length);
  }
  console.log(`${seen.size} pages for ${people.length} roles: ${looks} looks, ${followed} links followed`);
  await bare(browser, people.find((one) => one.role === "clinical-engineer"), everywhere);
  console.log("without scripts: well");
  check(errors.length === 0, `the browser complains: ${errors.join("; ")}`);
  await browser.close();
};

end("pages.mjs", main);
