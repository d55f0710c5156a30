/* Starts the page: one state, one way to draw it, one place that hears clicks and keys. */

const emptyLists = () => ({ selected: { rows: null, next: "" }, left_out: { rows: null, next: "" } });

const state = {
  asked: askedFor(), head: "", newer: "", page: location.pathname, me: null, shown: null, status: "", result: "", lists: emptyLists(), said: "",
};

/** A card from the gateway, newer or the same. */
function take(shown) {
  if (!shown?.card) return;
  const before = state.shown;
  if (before && before.card.plan?.body?.digest !== shown.card.plan?.body?.digest) state.lists = emptyLists();
  if (before && before.workflow_id !== shown.workflow_id) usageClosed();
  state.shown = shown;
  state.page = `${base}${pathOf(state.asked, state.head)}`;
  render();
  dialogMeets(shown);
  if (shown.workflow_id !== before?.workflow_id || shown.card.version !== before.card.version) announce(shown);
  usageOpened(shown);
}

async function refresh() {
  const turn = stream.turn;
  const shown = await ask(cardPath()).catch(() => null);
  if (shown && turn === stream.turn) take(shown);
}

/** Draws the state; what is the same stays as it is, with focus, open parts and reading place. */
function render() {
  const root = $("#card")[0], focused = root.contains(document.activeElement) ? document.activeElement : null;
  const near = focused?.closest("[data-key][aria-labelledby]")?.getAttribute("aria-labelledby");
  const view = state.shown ? viewOf(state.shown.card) : null;
  morph(root, h("div", { id: "card" }, view ? pageOf(view, state) : emptyPage()));
  $("body").attr("class", `tone-${view?.tone ?? "grey"}${framed ? " framed" : ""}`);
  document.title = view ? `${view.verdict}: ${view.title}` : "Decision Card";
  if (focused && !focused.isConnected && near) document.getElementById(near)?.focus({ preventScroll: true });
}

function emptyPage() {
  const asked = state.asked;
  return [
    h("header.verdict", { "data-key": "verdict" }, h("div.page", null,
      h("h1", { id: "verdict", tabindex: -1 }, "Decision Card"),
      asked && h("p.title", null, isolated(line(`${asked.repo} ${asked.pr}`))))),
    h("main.page", { "data-key": "main" }, h("p.lead", null, STATUS[state.status]?.[1] ?? "")),
  ];
}

/** Says what a change means, once and politely; a change that means the same is not said. */
function announce(shown) {
  const view = viewOf(shown.card), said = `${view.verdict}. ${view.why}`;
  if (said === state.said) return;
  const first = !state.said;
  state.said = said;
  if (!first) $("#said").text(`The card has changed. ${said}`);
}

/** The next page of a list of tests. */
async function more(side) {
  const list = state.lists[side], asked = state.lists;
  const page = new URLSearchParams({ side, limit: "50", ...(list.next ? { cursor: list.next } : {}) });
  try {
    const found = await ask(`${cardPath()}/tests?${page}`);
    if (state.lists !== asked) return;
    Object.assign(list, { rows: [...(list.rows ?? []), ...(found.items ?? []).map(testRow)], next: found.next ?? "", trouble: "" });
  } catch (trouble) {
    if (!(trouble instanceof Trouble)) throw trouble;
    list.trouble = [trouble.message, trouble.detail].filter(Boolean).join(". ");
  }
  render();
}

const DOES = {
  act: openDialog, send, close: () => closeDialog(), retry: retryNow, newer: showNewer, more, login: loggingIn,
  help: () => $("#help")[0].showModal(), unhelp: () => $("#help")[0].close(),
};

const STORED = "maestro-keys";

function stored(value) {
  try {
    if (value !== undefined) localStorage.setItem(STORED, value);
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

/** Single keys only open something, never send it, and can be turned off: speech input speaks in letters. */
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $("dialog[open]").length) return;
  if ($(event.target).closest("input, textarea, select").length || !$("#keys").prop("checked")) return;
  const kind = Object.keys(KEYS).find((one) => KEYS[one] === event.key);
  if (event.key === "?") $("#help")[0].showModal();
  else if (event.key === "f") document.getElementById("tests")?.focus();
  else if (kind) openDialog(kind);
  else return;
  event.preventDefault();
}

/** Who frames this page may know how high it is; the browser delivers it to the site that the address names only. */
function tellHeight() {
  let embedder = "";
  try {
    embedder = new URL(query.get("from") ?? "").origin;
  } catch {
    return;
  }
  if (!framed || !/^https?:/.test(embedder)) return;
  const tell = () => parent.postMessage({ maestro: "size", height: Math.ceil(document.body.getBoundingClientRect().height) }, embedder);
  new ResizeObserver(tell).observe(document.body);
  tell();
}

function start() {
  $("#keys").prop("checked", stored() !== "off").on("change", (event) => stored(event.target.checked ? "on" : "off"));
  $(document).on("click", "[data-do]", (event) => {
    const $button = $(event.currentTarget);
    if ($button.attr("aria-disabled") !== "true") DOES[$button.attr("data-do")]?.($button.attr("data-with"));
  });
  document.addEventListener("toggle", (event) => {
    const side = event.target.id?.match(/^tests-(selected|left_out)$/)?.[1];
    if (side && event.target.open && !state.lists[side].rows) more(side);
  }, true);
  $("#dialog").on("close", () => {
    dialog.action = null;
  });
  $(document).on("keydown", pressed).on("visibilitychange", () => {
    usageSeen();
    seenOrNot();
  });
  $(window).on("online", retryNow).on("pagehide", usageClosed).on("focus", () => state.status === "login" && retryNow());
  window.addEventListener("pageshow", (event) => event.persisted && retryNow());
  setInterval(lookForNewer, NEWER_SECONDS * 1000);
  tellHeight();
  if (!state.asked) {
    say("bad");
    return;
  }
  state.head = state.asked.head;
  say("loading");
  connect();
}

start();
