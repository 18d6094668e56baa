// Pictures of the main pages: `node pictures.mjs BASE_URL FOLDER`, after pages.mjs has made the accounts.
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { check, chromium, end, LAUNCH, logIn } from "./stage.mjs";

const origin = new URL(process.argv[2]).origin;
const folder = process.argv[3];
/// Most bytes of one picture.
const BYTES = 150 * 1024;
const [LIGHT, DARK, PHONE, PHONE_DARK] = [["light", 1280, 960], ["dark", 1280, 960], ["light", 390, 844], ["dark", 390, 844]];

/// Name, role, address, look; what to do before.
const ALL = [
  ["log-in", null, "/log-in", PHONE],
  ["today-analyst", "analyst", "/", LIGHT],
  ["today-clinical-engineer", "clinical-engineer", "/", DARK],
  ["today-executive", "executive", "/", LIGHT],
  ["today-auditor", "auditor", "/", PHONE],
  ["devices", "clinical-engineer", "/devices", LIGHT],
  ["devices-dark", "clinical-engineer", "/devices", DARK],
  ["devices-phone", "clinical-engineer", "/devices?type=ventilator", PHONE_DARK],
  ["device", "analyst", "/devices?q=vent-1", LIGHT, "first"],
  ["device-phone", "analyst", "/devices?q=vent-1", PHONE, "first"],
  ["traffic", "analyst", "/traffic", LIGHT],
  ["traffic-dark", "analyst", "/traffic", DARK],
  ["imports-look", "clinical-engineer", "/imports", LIGHT, "document"],
  ["matches", "clinical-engineer", "/matches", LIGHT],
  ["ledger", "auditor", "/ledger", DARK],
  ["sensors", "analyst", "/sensors", LIGHT],
  ["places", "clinical-engineer", "/areas", LIGHT],
  ["accounts", "admin", "/accounts", LIGHT],
];
const ROWS = [
  "Asset tag,Serial number,Manufacturer,Model,MAC address,Department",
  "BME900101,ASAB-2041,Dräger,Specimen Ventilator 5,00:30:e6:90:01:01,Intensive care",
  "BME900102,ASAB-2048,Dräger,Specimen Ventilator 5,00:30:e6:90:01:0g,Intensive care",
  "BME900103,,Hamilton Medical,Specimen Breath 2,00:1e:9a:90:01:03,Neonatal care",
];

const doing = {
  first: async (page) => {
    await page.locator("a.dev").first().click();
    await page.locator("details.why summary").first().click();
  },
  document: async (page) => {
    await page.getByLabel("Document").setInputFiles({ name: "maintenance.csv", mimeType: "text/csv", buffer: Buffer.from(ROWS.join("\n") + "\n") });
    await page.getByRole("button", { name: "Look at it" }).click();
    await page.getByRole("button", { name: "Take it in" }).waitFor();
  },
};

const main = async () => {
  mkdirSync(folder, { recursive: true });
  readdirSync(folder).filter((name) => name.endsWith(".webp")).forEach((name) => rmSync(`${folder}/${name}`));
  const browser = await chromium.launch(LAUNCH);
  const people = new Map();
  for (const [name, role, address, [colorScheme, width, height], first] of ALL) {
    if (!people.has(role)) {
      const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
      if (role) await logIn(page, origin, role);
      people.set(role, page);
    }
    const page = people.get(role);
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    await page.goto(origin + address);
    if (first) await doing[first](page);
    const path = `${folder}/${name}.webp`;
    const session = await page.context().newCDPSession(page);
    const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 82 });
    writeFileSync(path, Buffer.from(data, "base64"));
    check(statSync(path).size <= BYTES, `${path} has ${statSync(path).size} bytes, more than ${BYTES}`);
  }
  await browser.close();
  console.log(`${ALL.length} pictures in ${folder}`);
};

end("pictures.mjs", main);
