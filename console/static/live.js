// Reads the page again whenever the server says that what it shows has changed. Pages are complete without it.
"use strict";
(() => {
  const main = document.querySelector("main");
  const topic = main && main.dataset.topic;
  const status = document.querySelector("[data-live]");
  const set = (text) => { if (status) { status.textContent = text; } };

  const keyOf = (element) => element.id || element.getAttribute("name") || "";

  function isBusy() {
    const active = document.activeElement;
    return main.contains(active) && active.matches("input, select, textarea");
  }

  async function refresh() {
    if (isBusy()) { set("Changed: leave the field to see it"); pending = true; return; }
    pending = false;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) { set("Could not be read again"); return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = fresh.querySelector("main");
    if (!next || isBusy()) { pending = true; return; }
    const open = [...main.querySelectorAll("details")].map((each) => [keyOf(each), each.open]);
    const focused = main.contains(document.activeElement) ? document.activeElement : null;
    const focusedId = focused && focused.id;
    main.replaceChildren(...next.childNodes);
    for (const [key, wasOpen] of open) {
      const details = key && main.querySelector(`details#${CSS.escape(key)}`);
      if (details) { details.open = wasOpen; }
    }
    if (focusedId) { const again = document.getElementById(focusedId); if (again) { again.focus({ preventScroll: true }); } }
    const bar = document.querySelector("[data-freshness]");
    const nextBar = fresh.querySelector("[data-freshness]");
    if (bar && nextBar) { bar.replaceChildren(...nextBar.childNodes); }
    document.title = fresh.title;
    set("Live");
  }

  let pending = false;
  if (main) { main.addEventListener("focusout", () => setTimeout(() => { if (pending && !isBusy()) { refresh(); } }, 0)); }
  if (topic && window.EventSource) {
    const source = new EventSource(`/events?topic=${encodeURIComponent(topic)}`);
    source.addEventListener("open", () => set("Live"));
    source.addEventListener("changed", () => { refresh().catch(() => set("Could not be read again")); });
    source.addEventListener("error", () => set("Reconnecting"));
    addEventListener("pagehide", () => source.close());
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey
        && !document.activeElement.matches("input, select, textarea")) {
      event.preventDefault();
      document.getElementById("search").focus();
    }
  });
  // Ages go on without the server.
  setInterval(() => {
    for (const element of document.querySelectorAll("time[data-age]")) {
      const seconds = Math.max(0, (Date.now() - Date.parse(element.dateTime)) / 1000);
      const [size, unit] = seconds >= 86400 ? [86400, "d"] : seconds >= 3600 ? [3600, "h"] : seconds >= 60 ? [60, "m"] : [1, "s"];
      element.textContent = `${Math.floor(seconds / size)}${unit}`;
    }
  }, 5000);
})();
