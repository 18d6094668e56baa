// What the scripts of this folder stand on: a browser, an authenticator, whether a page keeps anybody out, and people who
// log in. NODE_PATH names where playwright-core and axe-core are; CHROMIUM the browser, where it is not /usr/bin/chromium.
import { createRequire } from "node:module";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const from = { paths: [process.cwd(), ...(process.env.NODE_PATH || "").split(":")] };
export const { chromium } = require(require.resolve("playwright-core", from));
const axe = readFileSync(require.resolve("axe-core/axe.min.js", from), "utf8");

export const LAUNCH = {
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
};
export const PASSWORD = "nine lamps over the quiet ward";
/// The first account of the hospital of these scripts, an administrator's.
export const FIRST = "ada";

export const check = (is, what) => {
  if (!is) throw new Error(what);
};

/// Runs `main`, and ends with 0, or with 1 and what was not as it should be.
export const end = (name, main) =>
  main().then(
    () => process.exit(0),
    (error) => {
      console.error(`${name}: ${error.stack || error}`);
      process.exit(1);
    },
  );

/// The code that an authenticator shows for `key` (RFC 6238, RFC 4648).
const code = (key, at) => {
  const signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...key.replace(/[^A-Z2-7]/g, "")].map((sign) => signs.indexOf(sign).toString(2).padStart(5, "0")).join("");
  const bytes = Buffer.from((bits.match(/.{8}/g) || []).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
  const hash = createHmac("sha1", bytes).update(step).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1000000).padStart(6, "0");
};
/// Each code is good once: waits for the next. A code may be one step early, so two log-ins need no full wait.
let last = 0;
export const fresh = async (page, key) => {
  const now = Math.floor(Date.now() / 30000);
  const step = Math.max(now, last + 1);
  if (step > now + 1) await page.waitForTimeout((step - 1) * 30000 - Date.now() + 500);
  last = step;
  return code(key, step * 30000);
};

/// What `page` complains of, from now on; refusals that a script asks for are none.
export const complaints = (page, into = []) => {
  page.on("console", (message) => message.type() === "error" && !/status of (4\d\d)/.test(message.text()) && into.push(`${page.url()} ${message.text()}`));
  page.on("pageerror", (error) => into.push(`${page.url()} ${error}`));
  return into;
};

/// Looks whether a page keeps somebody out, or runs over the side. Not by a script of the page: its policy forbids that,
/// which is right.
export class Judge {
  constructor(page, session) {
    [this.page, this.session] = [page, session];
  }
  static async of(page) {
    return new Judge(page, await page.context().newCDPSession(page));
  }
  async look(what) {
    const { frameTree } = await this.session.send("Page.getFrameTree");
    const { executionContextId } = await this.session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
    const run = (expression) => this.session.send("Runtime.evaluate", { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true });
    await run(axe);
    const found = (await run("axe.run({ resultTypes: ['violations'] }).then((r) => r.violations.map((v) => v.impact + ' ' + v.id + ' ' + v.nodes[0].html.slice(0, 160)))")).result.value;
    check(Array.isArray(found) && found.length === 0, `${what}: ${found}`);
    const wide = (await run("document.documentElement.scrollWidth - innerWidth")).result.value;
    check(wide <= 0, `${what} runs ${wide} px over the side`);
  }
}

/// Logs `name` in on `page`; asks `key`, where one is given, for a code.
export const logIn = async (page, origin, name, key) => {
  await page.goto(`${origin}/log-in`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  if (key) {
    await page.getByLabel("Code of six digits").fill(await fresh(page, key));
    await page.getByRole("button", { name: "Log in" }).click();
  }
  check(new URL(page.url()).pathname === "/", `${name} is logged in, and not at ${page.url()}`);
};
