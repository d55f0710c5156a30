// ==UserScript==
// @name         Maestro Decision Card
// @namespace    __ADDRESS__
// @version      __VERSION__
// @description  Shows the Decision Card of a pull request on the forge's own page.
// @downloadURL  __ADDRESS__/overlay.user.js
// @updateURL    __ADDRESS__/overlay.user.js
__MATCHES__
// @grant        none
// @noframes
// @run-at       document-idle
// ==/UserScript==

(() => {
  "use strict";

  const GATEWAY = __GATEWAY__;
  const FORGES = __FORGES__;
  const PAGE = /^\/([A-Za-z0-9._-]+\/[A-Za-z0-9._-]+)\/pulls?\/(\d+)(?:\/|$)/;
  const ANCHORS = [".issue-title-header", "#partial-discussion-header"];
  const MOVES = ["turbo:load", "turbo:render", "pjax:end", "soft-nav:end", "popstate"];
  const LOOK_MS = 1000;
  const PATIENCE_MS = 6000;
  const LOWEST = 160;
  const SHARE_OF_WINDOW = 0.85;
  const TAG = "maestro-card-panel";
  const STORED = "maestro-card-collapsed";
  const STYLE = `
    :host { all: initial; display: block; margin: 0.75rem 0; color-scheme: light dark; }
    :host([docked]) { position: fixed; z-index: 2147483000; right: 1rem; bottom: 1rem; width: min(30rem, calc(100vw - 2rem)); margin: 0; }
    section { --ink: #15181d; --sheet: #ffffff; --line: #6b7480; --link: #0a55b8; overflow: hidden; border: 1px solid var(--line);
      border-radius: 8px; background: var(--sheet); color: var(--ink); font: 0.9375rem/1.5 system-ui, sans-serif; }
    @media (prefers-color-scheme: dark) { section { --ink: #e9ecf0; --sheet: #161a20; --line: #8b95a1; --link: #8ab8ff; } }
    header { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; padding: 0.5rem 0.75rem; }
    h2 { flex: 1 1 10rem; margin: 0; font-size: 1rem; }
    button { min-height: 2rem; padding: 0.2rem 0.7rem; border: 1px solid var(--line); border-radius: 6px; background: none;
      color: inherit; font: inherit; cursor: pointer; }
    button:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
    p { margin: 0; padding: 0.25rem 0.75rem 0.75rem; }
    iframe { display: block; width: 100%; border: 0; border-top: 1px solid var(--line); }
    [hidden] { display: none; }`;

  const gateway = new URL(GATEWAY);
  let shown = null;

  /** `{repo, pr}` where this page is a pull request of a forge that the gateway serves, else null. */
  function pullRequest() {
    for (const forge of FORGES.map((address) => new URL(address))) {
      const below = forge.pathname.replace(/\/$/, "");
      if (location.origin !== forge.origin || !location.pathname.startsWith(`${below}/`)) continue;
      const found = location.pathname.slice(below.length).match(PAGE);
      if (found) return { repo: found[1], pr: found[2] };
    }
    return null;
  }

  function addressOf({ repo, pr }, more) {
    return `${GATEWAY}/overlay?${new URLSearchParams({ repo, pr, via: "script", ...more })}`;
  }

  function element(tag, attributes, text) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text) made.textContent = text;
    return made;
  }

  function remembered(collapsed) {
    try {
      if (collapsed !== undefined) localStorage.setItem(STORED, collapsed ? "yes" : "no");
      return localStorage.getItem(STORED) === "yes";
    } catch {
      return Boolean(collapsed);
    }
  }

  /** A window of its own at the right edge of the screen; it knows nothing of this page. */
  function openWindow(wanted) {
    const width = Math.min(520, screen.availWidth);
    const left = (screen.availLeft ?? 0) + screen.availWidth - width;
    window.open(addressOf(wanted), "_blank", `popup,noopener,width=${width},height=${screen.availHeight},left=${left},top=0`);
  }

  function build(wanted) {
    const host = document.createElement(TAG);
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const section = element("section", { "aria-labelledby": "title" });
    const head = element("header", {});
    const toggle = element("button", { type: "button", "aria-controls": "body" });
    const apart = element("button", { type: "button" }, "Open in a window");
    const body = element("div", { id: "body" });
    const words = element("p", { role: "status" }, "Loading the card.");
    const frame = element("iframe", {
      title: `Decision Card of ${wanted.repo} ${wanted.pr}`,
      sandbox: "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-downloads",
      referrerpolicy: "no-referrer",
      allow: "",
    });
    frame.height = LOWEST;
    frame.hidden = true;
    head.append(element("h2", { id: "title" }, "Maestro Decision Card"), toggle, apart);
    body.append(words, frame);
    section.append(head, body);
    root.append(section);
    const panel = { host, frame, words, toggle, body, wanted, key: JSON.stringify(wanted), timer: 0, loaded: false };
    apart.addEventListener("click", () => openWindow(wanted));
    toggle.addEventListener("click", () => collapse(panel, !body.hidden));
    collapse(panel, remembered());
    return panel;
  }

  function collapse(panel, collapsed) {
    panel.body.hidden = collapsed;
    panel.toggle.setAttribute("aria-expanded", String(!collapsed));
    panel.toggle.textContent = collapsed ? "Show" : "Hide";
    remembered(collapsed);
    if (!collapsed && !panel.loaded) load(panel);
  }

  function load(panel) {
    panel.loaded = true;
    panel.frame.src = addressOf(panel.wanted, { from: location.origin });
    panel.timer = setTimeout(() => withoutFrame(panel), PATIENCE_MS);
  }

  /** GitHub's pages allow no frames of other sites, and a gateway names the sites that may frame it. */
  function withoutFrame(panel) {
    clearTimeout(panel.timer);
    panel.frame.hidden = true;
    panel.words.hidden = false;
    panel.words.textContent = "The card cannot be shown within this page: open it in a window beside it.";
  }

  /** Only the frame's own messages count, and only from the gateway; all that they can do is set its height. */
  function heard(event) {
    const said = event.data;
    if (!shown || event.origin !== gateway.origin || event.source !== shown.frame.contentWindow) return;
    if (typeof said !== "object" || said === null || said.maestro !== "size" || !Number.isFinite(said.height)) return;
    clearTimeout(shown.timer);
    const highest = Math.max(LOWEST * 2, Math.round(window.innerHeight * SHARE_OF_WINDOW));
    shown.frame.height = Math.min(highest, Math.max(LOWEST, Math.ceil(said.height)));
    shown.frame.hidden = false;
    shown.words.hidden = true;
  }

  function violated(event) {
    const frames = ["frame-src", "child-src", "default-src"].includes(event.effectiveDirective);
    if (shown && frames && event.blockedURI.startsWith(gateway.origin)) withoutFrame(shown);
  }

  function place(panel) {
    const anchor = ANCHORS.map((selector) => document.querySelector(selector)).find(Boolean);
    panel.host.toggleAttribute("docked", !anchor);
    if (anchor) anchor.after(panel.host);
    else document.documentElement.append(panel.host);
  }

  /** The forge changes its pages without loading them: so the panel goes, comes and changes with the address. */
  function settle() {
    const wanted = pullRequest();
    if (!wanted || (shown && shown.key !== JSON.stringify(wanted))) {
      clearTimeout(shown?.timer);
      shown?.host.remove();
      shown = null;
    }
    if (!wanted) return;
    if (!shown) shown = build(wanted);
    if (!shown.host.isConnected) place(shown);
  }

  const there = document.querySelector(TAG);
  if (window.top !== window) return;
  if (there) {
    there.shadowRoot?.querySelector("button").click();
    return;
  }
  window.addEventListener("message", heard);
  document.addEventListener("securitypolicyviolation", violated);
  for (const move of MOVES) window.addEventListener(move, () => settle());
  setInterval(settle, LOOK_MS);
  settle();
})();
