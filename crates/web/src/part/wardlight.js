// The keyboard, what changes live, and what saves a click. Every page works without it.
"use strict";
(() => {
  // A field that was just hidden keeps the focus until the browser draws again: nobody types into it.
  const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]")?.checkVisibility();
  const byId = (id) => document.getElementById(id);

  // Keys.
  let isGoing = false;
  const go = { t: "/", d: "/devices", f: "/traffic", m: "/matches", i: "/imports", s: "/sensors", l: "/ledger" };
  const rows = () => [...document.querySelectorAll("tbody tr a.dev")];
  const step = (by) => {
    const all = rows();
    const at = all.indexOf(document.activeElement);
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    if (next) next.focus();
  };
  const palette = byId("palette");
  const openPalette = () => {
    if (!palette) return;
    palette.showPopover();
    palette.querySelector("input").focus();
  };
  const evidence = () => {
    const near = document.activeElement.closest(".fact") || document.querySelector(".fact .why");
    const why = near && (near.matches(".why") ? near : near.querySelector(".why"));
    if (why) why.open = !why.open;
  };
  const act = {
    "/": () => byId("q").focus(),
    "?": () => { location.href = "/go"; },
    j: () => step(1),
    k: () => step(-1),
    f: () => { const first = document.querySelector("#facets input"); if (first) first.focus(); },
    e: evidence,
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if (document.body.dataset.keys === "off") return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (isGoing && go[event.key]) {
      location.href = go[event.key];
    } else if (act[event.key]) {
      event.preventDefault();
      act[event.key]();
    }
    isGoing = event.key === "g";
  });

  // The palette shows only what fits what is typed.
  if (palette) {
    const links = [...palette.querySelectorAll("a")];
    palette.querySelector("input").addEventListener("input", (event) => {
      const wanted = event.target.value.trim().toLowerCase();
      links.forEach((link) => { link.hidden = !link.textContent.toLowerCase().includes(wanted); });
    });
  }

  // A ticked facet is applied at once, a list by its button; what is typed is searched for after a pause.
  const applied = (facets) => facets && facets.addEventListener("change", (event) => {
    if (event.target.type === "checkbox") facets.requestSubmit();
  });
  applied(byId("facets"));
  const within = byId("within");
  if (within) {
    let pause;
    within.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(async () => {
        const address = "/devices?" + new URLSearchParams(new FormData(within.form));
        const answer = await fetch(address, { headers: { accept: "text/html" } });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const id of ["facets", "chips", "take", "found"]) {
          const [here, there] = [byId(id), page.getElementById(id)];
          if (here && there) here.replaceWith(there);
        }
        applied(byId("facets"));
        history.replaceState(null, "", address);
      }, 250);
    });
  }

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

  // What changes, without moving what is looked at.
  const live = byId("live");
  if (!live || !window.EventSource) return;
  const word = byId("live-word");
  const sign = live.querySelector(".mark");
  let last = Date.now();
  let shown = null;
  const clock = (time) => new Date(time).toTimeString().slice(0, 5);
  const source = new EventSource("/live");
  source.addEventListener("message", (event) => {
    last = Date.now();
    const now = JSON.parse(event.data);
    const count = byId("count-devices");
    if (count && now.devices !== null) count.textContent = now.devices.toLocaleString("en-US");
    if (shown !== null && now.mark !== shown) byId("news").hidden = false;
    if (shown === null) shown = now.mark;
    const progress = byId("progress");
    if (progress && now.journal) {
      const [written, done] = now.journal;
      progress.hidden = done >= written;
      progress.querySelector("progress").max = written;
      progress.querySelector("progress").value = done;
      byId("progress-words").textContent = `${done} of ${written}`;
    }
  });
  source.addEventListener("open", () => { last = Date.now(); });
  // An open connection is no sign of life: a server that froze, or a cable that was cut, leaves it open.
  source.addEventListener("here", () => { last = Date.now(); });
  setInterval(() => {
    const isStale = Date.now() - last > 10000;
    const text = isStale ? `Last seen ${clock(last)}` : word.dataset.word;
    if (word.textContent !== text) word.textContent = text;
    sign.className = isStale ? "mark unknown" : `mark ${word.dataset.mark}`;
  }, 2000);
})();
