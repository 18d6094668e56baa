// A real OpenID provider on this machine, for tests: `node provider.mjs PORT ORIGIN`, where ORIGIN is Wardlight's. Whoever
// logs in is the person last named by a request for /person/NAME. Says `ready` once it answers.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [port, origin] = process.argv.slice(2);
// Found where NODE_PATH points as well, which an import does not look at.
const found = createRequire(import.meta.url).resolve("oidc-provider", { paths: [process.cwd(), ...(process.env.NODE_PATH || "").split(":")] });
const { Provider } = await import(pathToFileURL(found));

let person = "nobody";
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "wardlight", client_secret: "a secret between the two", redirect_uris: [`${origin}/log-in/back`] }],
  pkce: { required: () => true },
  claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, preferred_username: sub.split(":")[0], email: `${sub}@example.org`, email_verified: false }),
  }),
  // Who logged in agreed.
  loadExistingGrant: async (context) => {
    const grant = new context.oidc.provider.Grant({ clientId: context.oidc.client.clientId, accountId: context.oidc.session.accountId });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
});
provider.use(async (context, next) => {
  const [, first, second] = context.path.split("/");
  if (first === "person") {
    person = decodeURIComponent(second);
    context.body = person;
  } else if (first === "interaction") {
    const login = { accountId: person };
    const to = await provider.interactionResult(context.req, context.res, person === "refused" ? { error: "access_denied" } : { login });
    context.redirect(to);
  } else {
    await next();
  }
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
