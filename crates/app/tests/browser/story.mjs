// Somebody who has never seen it: `node story.mjs SETUP_LINK`. They make the first account, find a ventilator of which nobody
// knows what it is, look why it is thought to be what it is, say what it is, and take the list away. They use what they read
// on the screen, and nothing else: no addresses, no inner names. Ends with 0 when they came through, else with 1 and why not.
import { readFileSync } from "node:fs";
import { check, chromium, complaints, end, FIRST, LAUNCH, PASSWORD } from "./stage.mjs";

/// How long lists may take to follow what was said, in milliseconds: a minute is promised.
const FOLLOWS = 60_000;

const main = async () => {
  const browser = await chromium.launch(LAUNCH);
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 844 } });
  const page = await context.newPage();
  const errors = complaints(page);
  page.setDefaultTimeout(15_000);

  await page.goto(process.argv[2]);
  await page.getByLabel("Name to log in with").fill(FIRST);
  await page.getByLabel("Your name").fill("Ada Lindqvist");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();

  // The first page tells of devices that nobody knows.
  await page.getByRole("heading", { name: "Today" }).waitFor();
  await page.getByRole("link", { name: "Not identified" }).click();
  await page.getByRole("heading", { name: "Devices" }).waitFor();
  const unknown = page.getByRole("row").filter({ hasText: "ventilator" });
  await page.getByLabel("Search devices").fill("ventilator");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  // The hospital lives: it may not have said its name yet.
  for (let turn = 0; turn < 30 && (await unknown.count()) === 0; turn += 1) {
    await page.waitForTimeout(1000);
    await page.getByRole("button", { name: "Search", exact: true }).click();
  }
  check((await unknown.count()) === 1, `one ventilator is not known, not ${await unknown.count()}`);
  check(/not known/.test(await unknown.innerText()), "the row says that it is not known");
  await unknown.getByRole("link").click();

  // What is known of it, and why it must be a ventilator.
  const name = (await page.getByRole("heading", { level: 1 }).innerText()).split(" ")[0];
  await page.getByText("Nobody said what this is").waitFor();
  const why = page.getByText("Why we think so");
  const reasons = page.getByRole("table", { name: "Claims for name" });
  for (let at = 0; at < (await why.count()); at += 1) await why.nth(at).click();
  check(/ventilator/.test(await reasons.innerText()), "its name stands with the evidence");
  check(/packet/.test(await reasons.innerText()), `the evidence names a packet: ${await reasons.innerText()}`);

  // So it is said.
  await page.getByLabel("What it is").fill("ventilator");
  await page.getByRole("textbox", { name: "Model" }).fill("Breeze");
  await page.getByRole("button", { name: "Label this device" }).click();
  await page.getByRole("button", { name: "Take back type: ventilator" }).or(page.getByText("Ada Lindqvist").nth(1)).first().waitFor();
  check(await page.getByText("Breeze").first().isVisible(), "what was said stands on the page");

  // The list follows, and is taken away.
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Devices" }).click();
  await page.getByLabel("Search devices").fill(name);
  const known = page.getByRole("row").filter({ hasText: name }).filter({ hasText: "Breeze" });
  for (const begun = Date.now(); (await known.count()) === 0; ) {
    check(Date.now() - begun < FOLLOWS, `the list follows within a minute: ${await page.getByRole("table").innerText()}`);
    await page.waitForTimeout(1000);
    await page.getByRole("button", { name: "Search", exact: true }).click();
  }
  const brought = page.waitForEvent("download");
  await page.getByRole("link", { name: /^Export \d+ rows?$/ }).click();
  const text = readFileSync(await (await brought).path(), "utf8");
  const line = text.split("\n").find((one) => one.includes(name));
  check(line && /,ventilator,.*Breeze/.test(line), `the list has it: ${line || text.slice(0, 400)}`);
  console.log(`${name} was found, looked at, named and taken away by what stands on the screen`);
  check(errors.length === 0, `the browser complains: ${errors.join("; ")}`);
  await browser.close();
};

end("story.mjs", main);
