// The keyboard and what saves a click. Every page works without it.
"use strict";
(() => {
  const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]");
  let isGoing = false;
  const go = { t: "/", d: "/devices" };
  const rows = () => [...document.querySelectorAll("tbody tr a.dev")];
  const step = (by) => {
    const all = rows();
    const at = all.indexOf(document.activeElement);
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    if (next) next.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (isGoing && go[event.key]) {
      location.href = go[event.key];
    } else if (event.key === "/") {
      event.preventDefault();
      document.getElementById("q").focus();
    } else if (event.key === "j") {
      step(1);
    } else if (event.key === "k") {
      step(-1);
    } else if (event.key === "f") {
      const first = document.querySelector("#facets input");
      if (first) first.focus();
    }
    isGoing = event.key === "g";
  });
  const facets = document.getElementById("facets");
  if (facets) facets.addEventListener("change", () => facets.requestSubmit());
  // Before the session ends for want of use, somebody may say that they are here; in any tab.
  const idle = Number(document.body.dataset.idle || 0) * 1000;
  const notice = document.getElementById("idle");
  if (idle > 0 && notice) {
    const used = () => localStorage.setItem("wardlight-used", String(Date.now()));
    const left = () => idle - (Date.now() - Number(localStorage.getItem("wardlight-used")));
    used();
    notice.querySelector("a").addEventListener("click", async (event) => {
      event.preventDefault();
      const answer = await fetch("/account/stay");
      if (!answer.ok || new URL(answer.url).pathname !== "/account") return location.reload();
      used();
      notice.hidden = true;
    });
    setInterval(() => {
      notice.hidden = left() > 90000;
      if (left() <= -1000) location.reload();
    }, 5000);
  }
})();
