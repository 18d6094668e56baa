// Until when Chromium has a page ready: from the click to the end of its load event, of 20 loads each.
import { createRequire } from "node:module";
const { chromium } = createRequire(`${process.env.TOOLS}/`)("playwright-core");
const [base, name, password, ...pages] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
await page.goto(`${base}/log-in`);
await page.getByLabel("Name").fill(name);
await page.getByLabel("Password").fill(password);
await page.getByRole("button", { name: "Log in" }).click();
await page.waitForURL((url) => !url.pathname.startsWith("/log-in"));
const at = (times, share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
const line = (title, times) => {
  times.sort((a, b) => a - b);
  const cell = (number) => number.toFixed(1).padStart(9);
  console.log(title.padEnd(40), String(times.length).padStart(8), cell(at(times, 0.5)), cell(at(times, 0.99)), cell(at(times, 1)));
};
console.log("\npages in Chromium, one after the other");
console.log("".padEnd(40), "   loads", "   p50 ms", "   p99 ms", "  most ms");
const all = [];
for (const one of pages) {
  const cut = one.indexOf("=");
  const times = [];
  for (let n = 0; n < 20; n += 1) {
    await page.goto(base + one.slice(cut + 1), { waitUntil: "load" });
    times.push(await page.evaluate(() => {
      const [navigation] = performance.getEntriesByType("navigation");
      return navigation.loadEventEnd || performance.now();
    }));
  }
  all.push(...times);
  line(one.slice(0, cut), times);
}
line("all", all);
await browser.close();
