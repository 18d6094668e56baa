// Log-in by code, by key and by another house, in a real browser: `node log_in.mjs BASE_URL SETUP_LINK`. BASE_URL must name
// the host that [web] names, such as https://localhost:8443. By another house only where ISSUER_PORT names the port at which
// [oidc] expects it. Ends with 0 when all was as it should be, else with 1 and what was not.
import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { connect } from "node:tls";
import { check, chromium, complaints, end, fresh, Judge, LAUNCH, PASSWORD } from "./stage.mjs";

const [base, link] = process.argv.slice(2);
if (!link) {
  console.error("log_in.mjs: give BASE_URL and SETUP_LINK");
  process.exit(1);
}
const origin = new URL(base).origin;

/// The public key's hash by which the browser takes the certificate that nobody vouches for: keys need a page without errors.
const pinned = () =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const socket = connect({ host: "127.0.0.1", port: port || 443, servername: hostname, rejectUnauthorized: false }, () => {
      const der = socket.getPeerX509Certificate().publicKey.export({ type: "spki", format: "der" });
      socket.end();
      resolve(createHash("sha256").update(der).digest("base64"));
    });
    socket.on("error", reject);
  });

const main = async () => {
  const args = [...LAUNCH.args, `--ignore-certificate-errors-spki-list=${await pinned()}`];
  const folder = `${process.env.TMPDIR || "/tmp"}/wardlight-browser-${process.pid}`;
  const context = await chromium.launchPersistentContext(folder, { ...LAUNCH, args });
  const page = await context.newPage();
  // One for all: where one ends, the virtual authenticators of its page end too.
  const session = await context.newCDPSession(page);
  const judge = new Judge(page, session);
  const errors = complaints(page);
  /// Nothing that keeps anybody out, and nothing that runs over the side.
  const accessible = async (what) => {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await judge.look(`${what} at ${width} px`);
    }
    await page.setViewportSize({ width: 1280, height: 844 });
  };
  const at = (path) => check(new URL(page.url()).pathname === path, `at ${page.url()}, not at ${path}`);
  const out = async () => {
    await page.goto(`${origin}/account`);
    await page.locator("main").getByRole("button", { name: "Log out" }).click();
    at("/log-in");
  };
  /// The key answered and led on; else what the browser said against it.
  const answered = async () => {
    const failed = page.locator("[data-failed]");
    const refused = page.locator("#refusal");
    await Promise.race([page.waitForURL(`${origin}/account`).catch(() => {}), failed.or(refused).first().waitFor().catch(() => {})]);
    if (new URL(page.url()).pathname === "/account") return;
    if ((await failed.count()) === 0) throw new Error(`the key led to ${page.url()}: ${await page.locator("body").innerText()}`);
    const why = (await refused.count()) > 0 ? await refused.innerText() : await failed.getAttribute("data-failed");
    throw new Error(`the key: ${why}`);
  };
  const name = "Ada";
  const password = async () => {
    await page.goto(`${origin}/log-in?to=%2Faccount`);
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Log in", exact: true }).click();
  };

  // The first account.
  await page.goto(link.replace(/^https:\/\/[^/]+/, origin));
  await accessible("set-up");
  await page.getByLabel("Name to log in with").fill(name);
  await page.getByLabel("Your name").fill("Ada Lindqvist");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  at("/");

  // Codes.
  await page.goto(`${origin}/account/step-up?to=%2Faccounts%2Fnew`);
  await accessible("step-up without a second device");
  await page.getByRole("link", { name: "Set up codes" }).click();
  await accessible("codes");
  const key = await page.locator("p.mono").first().innerText();
  await page.getByLabel("Code of six digits").fill(await fresh(page, key));
  await page.getByRole("button", { name: "Ask for codes" }).click();
  at("/account");
  await out();
  await accessible("log-in");
  await password();
  at("/log-in");
  await accessible("second step");
  await page.getByLabel("Code of six digits").fill("000000");
  await page.getByRole("button", { name: "Log in" }).click();
  check(await page.getByText("That is not right").isVisible(), "a wrong code is told");
  await page.getByLabel("Code of six digits").fill(await fresh(page, key));
  await page.getByRole("button", { name: "Log in" }).click();
  at("/account");
  console.log("log-in by code: well");

  // A key.
  await session.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "usb", hasResidentKey: false, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", { options });
  await page.getByRole("link", { name: "Add a security key" }).click();
  await accessible("key");
  await page.getByLabel("What you call it").fill("Blue key");
  await page.getByRole("button", { name: "Add the key" }).click();
  await answered();
  check(await page.getByRole("cell", { name: "Blue key" }).first().isVisible(), "the key is listed");
  await accessible("account");
  await out();
  await password();
  await accessible("second step with a key");
  await page.getByRole("button", { name: "Use your security key" }).click();
  await answered();
  console.log("log-in by key: well");

  // A key that was copied counts back, and is refused.
  const { credentials } = await session.send("WebAuthn.getCredentials", { authenticatorId });
  const [credential] = credentials;
  await session.send("WebAuthn.removeCredential", { authenticatorId, credentialId: credential.credentialId });
  await session.send("WebAuthn.addCredential", { authenticatorId, credential: { ...credential, signCount: 0 } });
  await out();
  await password();
  await page.getByRole("button", { name: "Use your security key" }).click();
  await page.getByText("That is not right").waitFor();
  await session.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  console.log("a copied key: refused");

  // The recovery sheet.
  await page.getByLabel("Code of six digits").fill(await fresh(page, key));
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Make a recovery sheet" }).click();
  await accessible("recovery sheet");
  const line = await page.locator("li.mono").first().innerText();
  await out();
  await password();
  await page.getByLabel("or one of your recovery sheet").fill(line);
  await page.getByRole("button", { name: "Log in" }).click();
  at("/account");
  check(await page.getByText("9 codes of your recovery sheet are left").isVisible(), "nine are left");
  console.log("log-in by recovery sheet: well");

  // Accounts, tokens, an envelope.
  await page.goto(`${origin}/accounts`);
  await accessible("accounts");
  await page.getByRole("link", { name: "Make an account" }).click();
  await accessible("a new account");
  await page.getByLabel("Name to log in with").fill("eve");
  await page.getByRole("button", { name: "Make the account" }).click();
  await accessible("link");
  await page.getByRole("link", { name: "Go on" }).click();
  await page.getByLabel("Role").selectOption("analyst");
  await page.getByRole("button", { name: "Give the role" }).click();
  await accessible("one account");
  await page.goto(`${origin}/accounts/new`);
  await page.getByLabel("Name to log in with").fill("glass");
  await page.getByLabel("For emergencies").check();
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByRole("button", { name: "Make a new code" }).click();
  await accessible("envelope");
  const envelope = await page.locator("#code").innerText();
  await page.goto(`${origin}/account/tokens`);
  await accessible("tokens");
  await page.getByLabel("What it is for").fill("SIEM");
  await page.getByLabel("See devices").check();
  await page.getByLabel("Last day").fill(new Date(Date.now() + 864e6).toISOString().slice(0, 10));
  await page.getByRole("button", { name: "Make the token" }).click();
  check((await page.locator("#token").innerText()).startsWith("wlt_"), "a token is shown");
  await accessible("token");
  await out();
  await page.getByRole("link", { name: "Emergency access" }).click();
  await accessible("emergency");
  await page.getByLabel("Code of the envelope").fill(envelope);
  await page.getByRole("button", { name: "Log in and raise the alarm" }).click();
  check(await page.getByText("Emergency access since").isVisible(), "a banner stands on each page");
  await accessible("today in an emergency");
  await out();
  await password();
  await page.getByLabel("or one of your recovery sheet").fill(await fresh(page, key));
  await page.getByRole("button", { name: "Log in" }).click();
  await page.goto(origin);
  check(await page.getByText("Emergency access was used").isVisible(), "the alarm stands on the first page");
  await accessible("today with an alarm");
  await page.getByRole("button", { name: "I took note" }).click();
  check(!(await page.getByText("Emergency access was used").isVisible()), "the alarm ends");
  console.log("accounts, tokens, emergency: well");

  // The notice before the session ends.
  await page.clock.install();
  await page.goto(`${origin}/account`);
  await page.clock.fastForward(14 * 60 * 1000);
  check(await page.getByText("You will be logged off").isVisible(), "it is said before");
  await accessible("the notice");
  await page.getByRole("link", { name: "Stay" }).click();
  await page.getByText("You will be logged off").waitFor({ state: "hidden" });
  console.log("the notice before log-off: well");

  if (process.env.ISSUER_PORT) await elsewhere(page, { out, accessible, at });
  check(errors.length === 0, `the browser complains: ${errors.join("; ")}`);
  await context.close();
};

const elsewhere = async (page, { out, accessible, at }) => {
  const port = process.env.ISSUER_PORT;
  const provider = spawn(process.execPath, [new URL("provider.mjs", import.meta.url).pathname, port, origin], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await new Promise((resolve, reject) => {
      provider.stdout.once("data", resolve);
      provider.once("exit", () => reject(new Error("the provider did not start")));
    });
    await page.goto(`${origin}/accounts/new`);
    await page.getByLabel("Name to log in with").fill("otto");
    await page.getByRole("button", { name: "Make the account" }).click();
    await out();
    for (const [person, lets] of [["stranger", false], ["Ada", false], ["refused", false], ["otto", true], ["otto", true]]) {
      await fetch(`http://127.0.0.1:${port}/person/${person}`);
      await page.context().clearCookies();
      await page.goto(`${origin}/log-in?to=%2Faccount`);
      await accessible("log-in with another house");
      await page.getByRole("link", { name: "Log in with your hospital account" }).click();
      await page.waitForURL(`${origin}/**`);
      at(lets ? "/account" : "/log-in/back");
      if (lets) check(await page.getByText("You are logged in as otto").isVisible(), "it is otto");
    }
    console.log("log-in by another house: well");
  } finally {
    provider.kill();
  }
};

end("log_in.mjs", main);
