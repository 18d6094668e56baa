// Asks the browser for a security key or passkey, and sends what it answers with the form it stands in.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  const listed = (all) => (all || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const made = async (options) => {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: listed(options.excludeCredentials),
    };
    const key = await navigator.credentials.create({ publicKey });
    const { attestationObject, clientDataJSON } = key.response;
    return answer(key, { attestationObject: text(attestationObject), clientDataJSON: text(clientDataJSON) });
  };
  const shown = async (options) => {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: listed(options.allowCredentials),
    };
    const key = await navigator.credentials.get({ publicKey });
    const { authenticatorData, clientDataJSON, signature, userHandle } = key.response;
    return answer(key, {
      authenticatorData: text(authenticatorData),
      clientDataJSON: text(clientDataJSON),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    });
  };
  const answer = (key, response) => JSON.stringify({ id: key.id, rawId: text(key.rawId), type: key.type, response, extensions: {} });
  for (const button of document.querySelectorAll("button[data-key]")) {
    if (!window.PublicKeyCredential) continue;
    const form = button.closest("form");
    const failed = form.querySelector("[data-failed]");
    button.hidden = false;
    button.addEventListener("click", async () => {
      failed.hidden = true;
      button.setAttribute("aria-disabled", "true");
      try {
        const options = JSON.parse(button.dataset.key).publicKey;
        form.elements.key.value = await (button.dataset.act === "make" ? made(options) : shown(options));
        form.submit();
      } catch (error) {
        failed.dataset.failed = `${error.name}: ${error.message}`;
        failed.hidden = false;
      }
      button.removeAttribute("aria-disabled");
    });
  }
})();
