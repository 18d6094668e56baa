// The pages by keys alone, and what changes while one looks: `node keyboard.mjs BASE_URL`. The first account is there (see
// story.mjs) and has no second device yet; the hospital lives. Ends with 0 when all was as it should be, else with 1 and
// what was not.
import { check, chromium, complaints, end, FIRST, Judge, LAUNCH, logIn } from "./stage.mjs";

const origin = new URL(process.argv[2]).origin;
/// How long a hospital that lives may take until something new is seen, in milliseconds.
const NEWS = 90_000;

/// What has the focus: what it is called, whether that is seen, whether anything lies over it.
const focus = (page) =>
  page.evaluate(() => {
    const own = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(own);
    const box = own.getBoundingClientRect();
    const is = (x, y) => {
      const top = document.elementFromPoint(x, y);
      return top !== null && (own.contains(top) || top.contains(own) || own.labels?.[0]?.contains(top));
    };
    return {
      name: own.getAttribute("aria-label") || own.innerText || own.id || own.tagName,
      isSeen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
      isFree: is(box.x + Math.min(box.width, 8) / 2, box.y + box.height / 2) || is(box.right - 3, box.y + box.height / 2),
    };
  });
const visible = async (page, after) => {
  const { name, isSeen, isFree } = await focus(page);
  check(isSeen, `after ${after}, the focus on “${name}” is not seen`);
  check(isFree, `after ${after}, something covers “${name}”, which has the focus`);
  return name;
};
const press = async (page, keys) => {
  for (const key of keys.split(" ")) await page.keyboard.press(key);
};
const at = async (page, path, after) => {
  await page.waitForURL((url) => url.pathname === path, { timeout: 5000 }).catch(() => {});
  check(new URL(page.url()).pathname === path, `${after} leads to ${page.url()}, not to ${path}`);
};

const keys = async (page) => {
  await page.goto(origin);
  await press(page, "/");
  check(await page.getByLabel("Search everything").evaluate((field) => field === document.activeElement), "/ leads to the search");
  await page.keyboard.type("g d ? j");
  check((await page.getByLabel("Search everything").inputValue()) === "g d ? j", "keys are letters within a field");
  await at(page, "/", "a letter within a field");
  await page.goto(origin);
  await press(page, "Control+k");
  const palette = page.getByLabel("Go somewhere");
  check(await palette.isVisible(), "Ctrl K opens the palette");
  await page.keyboard.type("devic");
  check((await palette.getByRole("link").allInnerTexts()).every((text) => /devic/i.test(text)), "the palette shows what fits");
  await press(page, "Tab");
  await visible(page, "Tab in the palette");
  await press(page, "Escape");
  check(!(await palette.isVisible()), "Esc closes the palette");
  await press(page, "Control+k");
  await press(page, "Escape");
  await palette.waitFor({ state: "hidden" });
  await press(page, "?");
  await at(page, "/go", "?");
  await press(page, "g d");
  await at(page, "/devices", "g d");
  await press(page, "g t");
  await at(page, "/", "g t");
  await press(page, "g d");
  await at(page, "/devices", "g d");
};

const rows = async (page) => {
  const names = await page.locator("tbody a.dev").allInnerTexts();
  check(names.length >= 20, `there are ${names.length} rows to walk over`);
  const focused = () => page.evaluate(() => [...document.querySelectorAll("tbody a.dev")].indexOf(document.activeElement));
  for (let row = 0; row < names.length; row += 1) {
    await press(page, "j");
    check((await focused()) === row, `j leads to row ${row}`);
    await visible(page, "j");
  }
  for (let row = names.length - 2; row >= 0; row -= 1) {
    await press(page, "k");
    check((await focused()) === row, `k leads to row ${row}`);
    await visible(page, "k");
  }
  await press(page, "f");
  check(await page.evaluate(() => document.activeElement.closest("#facets") !== null), "f leads to the filters");
  await page.evaluate(() => document.activeElement.blur());
  await press(page, "j Enter");
  await page.waitForURL(/\/devices\/.+/);
  await press(page, "e");
  check((await page.locator("details.why[open]").count()) > 0, "e shows why");
  await page.goBack();
};

/// From the first thing of the page to the thirtieth, one Tab each.
const tabs = async (page, address, width) => {
  await page.setViewportSize({ width, height: 844 });
  await page.goto(origin + address);
  for (let stop = 0; stop < 30; stop += 1) {
    await press(page, "Tab");
    if (await page.evaluate(() => document.activeElement === document.body)) break;
    await visible(page, `${stop + 1} tabs on ${address} at ${width} px`);
  }
  await page.setViewportSize({ width: 1280, height: 844 });
};

const typing = async (page) => {
  await page.goto(`${origin}/devices`);
  const all = await page.getByRole("row").count();
  await page.getByLabel("Search devices").pressSequentially("ventilator", { delay: 30 });
  await page.waitForURL(/q=ventilator/);
  await page.waitForFunction((all) => document.querySelectorAll("#found tr").length < all, all);
  check((await page.getByRole("row").count()) > 1, "what is typed finds rows");
  check(await page.getByLabel("Search devices").evaluate((field) => field === document.activeElement), "the focus stays where one types");
};

/// Somebody new announces themselves, and nothing moves.
const news = async (page) => {
  await page.goto(`${origin}/devices`);
  const places = () =>
    page.locator("tbody a.dev").evaluateAll((all) => all.map((one) => {
      const { x, y, width, height } = one.getBoundingClientRect();
      return [one.innerText, x, y, width, height].join(" ");
    }));
  await page.locator("tbody a.dev").nth(3).hover();
  const before = await places();
  const count = await page.locator("#count-devices").innerText();
  await page.getByRole("link", { name: "There is news" }).waitFor({ timeout: NEWS });
  await page.waitForFunction((count) => document.getElementById("count-devices").textContent !== count, count, { timeout: NEWS });
  check((await places()).join() === before.join(), "what is under the pointer stays where it is");
  const judge = await Judge.of(page);
  await judge.look("the devices with news");
  await page.setViewportSize({ width: 390, height: 844 });
  await judge.look("the devices with news, on a phone");
  await page.setViewportSize({ width: 320, height: 844 });
  await judge.look("the devices with news, on the smallest phone");
  await page.setViewportSize({ width: 1280, height: 844 });
  await page.getByRole("link", { name: "There is news" }).click();
  await page.waitForLoadState();
  check(!(await page.getByRole("link", { name: "There is news" }).isVisible()), "the news is shown, and old");
};

const main = async () => {
  const browser = await chromium.launch(LAUNCH);
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 844 } });
  const page = await context.newPage();
  const errors = complaints(page);
  await logIn(page, origin, FIRST);
  await keys(page);
  await rows(page);
  for (const width of [1280, 390]) {
    for (const address of ["/", "/devices", "/traffic", "/imports"]) await tabs(page, address, width);
  }
  console.log("by keys alone: well");
  await typing(page);
  console.log("search as one types: well");
  await news(page);
  console.log("news, and nothing moves: well");
  check(errors.length === 0, `the browser complains: ${errors.join("; ")}`);
  await browser.close();
};

end("keyboard.mjs", main);
