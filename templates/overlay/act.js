/* What a reviewer may do: a dialog asks once, and what it sends acts once, however often it has to be sent. */

const REASON_LIMIT = 2000;
const KEYS = { approve: "a", reject: "x", escalate_tests: "t", downshift: "d", retry: "y" };
const MODES = { escalate_tests: "all", downshift: "direct", retry: "retry" };

/** `seen` is the card on which the reviewer decides, `key` the action's id, `news` what came since `seen`. */
const dialog = { action: null };

/** Sent without an answer: the same id and the same words go out again, so that nothing happens twice. */
const unanswered = new Map();

const offered = () => state.shown?.actions ?? [];
const labelOf = (action) => line(action.label) || name(action.kind);

function actionsOf(view, state) {
  const unavailable = state.shown.unavailable ?? [];
  const you = state.shown.you ?? state.me;
  return h("section.act", { "aria-labelledby": "act", "data-key": "act" },
    h("h2", { id: "act", tabindex: -1 }, "What you can do now"),
    state.result && h("p.result", { id: "result", tabindex: -1, "data-key": "result" }, state.result),
    offered().map(actionItem),
    !offered().length && h("p", { "data-key": "nothing" }, "Nothing is asked of you."),
    unavailable.length > 0 && opening("unavailable", "Not configured here", h("ul.tests", { role: "list" },
      unavailable.map((one) => h("li", { "data-key": name(one.action) }, h("strong", null, line(one.label)), h("span.quiet", null, line(one.why)))))),
    you?.name && h("p.quiet", { "data-key": "you" }, "You act as ", isolated(name(you.name)), you.kind ? ` (${name(you.kind)}).` : "."));
}

function actionItem(action) {
  const kind = name(action.kind), about = `about-${kind}`, key = KEYS[action.kind];
  const more = action.allowed ? (key ? { "aria-keyshortcuts": key } : {}) : { "aria-disabled": "true" };
  return h("div.action", { "data-key": kind },
    h("button", { type: "button", class: action.kind === "approve" ? "first" : null, "data-do": "act", "data-with": kind, "aria-describedby": about, ...more },
      labelOf(action), action.allowed && key && h("kbd", { "aria-hidden": "true" }, key)),
    h("p", { id: about }, line(action.effect), !action.allowed && h("span.why-not", null, line(action.why_not) || "This is not for you to do.")));
}

function openDialog(kind) {
  const action = offered().find((one) => one.kind === kind);
  if (!action?.allowed || $("#dialog")[0].open) return;
  const before = unanswered.get(kind);
  Object.assign(dialog, {
    action, kind, seen: state.shown, news: null, busy: false, gone: "", trouble: null,
    key: before?.key ?? freshId(), body: before?.body ?? null,
  });
  $("#dialog").empty();
  renderDialog();
  if (before) $("#reason").val(before.body.reason);
  $("#dialog")[0].showModal();
  $("#reason").trigger("focus");
}

function renderDialog() {
  const { action, seen, busy, gone, body } = dialog;
  const reasonNeeded = action.needs_reason ? "Reason" : "Reason (optional)";
  morph($("#dialog")[0], h("dialog", { id: "dialog", "aria-labelledby": "dialog-title", "aria-describedby": "dialog-about" },
    h("h2", { id: "dialog-title" }, labelOf(action)),
    h("p", { id: "dialog-about" }, line(action.effect)),
    h("p.quiet", { "data-key": "which" }, `For ${line(`${state.asked.repo} ${state.asked.pr}`)}, head ${state.head.slice(0, 12)}, card version ${seen.card.version}.`),
    h("div", { "data-key": "news", "aria-live": "polite" }, dialog.news && newsOf(dialog.news)),
    h("div.field", { "data-key": "reason" }, h("label", { for: "reason" }, reasonNeeded),
      h("textarea", { id: "reason", disabled: busy || Boolean(body) || Boolean(gone), "aria-describedby": dialog.trouble ? "dialog-trouble" : null })),
    h("div", { "data-key": "trouble", id: "dialog-trouble", role: "alert" }, gone && h("p.trouble", null, gone), dialog.trouble && troubleOf(dialog.trouble)),
    h("div.buttons", { "data-key": "buttons" },
      !gone && h("button.first", { type: "button", "data-do": "send", "data-key": "send", "aria-disabled": busy ? "true" : null }, sendLabel()),
      h("button", { type: "button", "data-do": "close", "data-key": "close" }, "Close"))));
}

function sendLabel() {
  if (dialog.busy) return "Sending";
  if (dialog.news) return `Continue with version ${state.shown.card.version}`;
  return dialog.body ? "Send again" : labelOf(dialog.action);
}

const newsOf = (news) => [
  h("p", null, "The card has changed since you opened this:"),
  h("ul", null, news.map((text) => h("li", null, text))),
];

function troubleOf(trouble) {
  return [
    h("p.trouble", null, h("strong", null, trouble.message), trouble.detail && ` ${trouble.detail}`),
    trouble.fix && h("p.fix", null, h("strong", null, "Fix"), " ", ticked(trouble.fix)),
    trouble.unknown && h("p", null, "Whether it was done is not known. Sending it again does not do it twice."),
    trouble.status === 401 && h("p", null, h("a", { href: `${base}/login`, target: "_blank", rel: "noopener" }, "Log in"), ", then send again."),
  ];
}

/** What a reviewer has not seen yet: a list of sentences, never empty. */
function newsBetween(before, after) {
  const [old, now] = [viewOf(before.card), viewOf(after.card)];
  const news = [];
  if (old.verdict !== now.verdict) news.push(`It was "${old.verdict}" and is now "${now.verdict}".`);
  if (old.why !== now.why) news.push(now.why);
  for (const figure of now.figures) {
    const was = old.figures.find((one) => one.label === figure.label);
    if (was?.value !== figure.value || was.detail !== figure.detail) news.push(`${figure.label}: ${figure.value}, ${figure.detail}.`);
  }
  for (const row of now.controls) {
    const was = old.controls.find((one) => one.control === row.control);
    if (was && was.state !== row.state) news.push(`${row.title}: was ${was.state}, is ${row.state}.`);
  }
  const fresh = (after.card.timeline ?? []).length - (before.card.timeline ?? []).length;
  if (fresh > 0) news.push(...now.moments.slice(-Math.min(fresh, 5)).map((moment) => [moment.event, moment.detail].filter(Boolean).join(": ")));
  return news.length ? news : ["Details of it changed."];
}

/** A new card while the dialog is open: show what is new, and let nothing be sent before that was acknowledged. */
function dialogMeets(shown) {
  if (!dialog.action || dialog.busy || dialog.body || shown.card.version === dialog.seen.card.version) return;
  const action = (shown.actions ?? []).find((one) => one.kind === dialog.kind);
  dialog.news = newsBetween(dialog.seen, shown);
  dialog.gone = action?.allowed ? "" : line(action?.why_not) || "This can no longer be done.";
  dialog.action = action ?? dialog.action;
  renderDialog();
}

async function send() {
  if (!dialog.action || dialog.busy || dialog.gone) return;
  if (dialog.news) {
    Object.assign(dialog, { seen: state.shown, news: null, trouble: null });
    renderDialog();
    return;
  }
  const body = dialog.body ?? bodyOf();
  if (!body) return;
  Object.assign(dialog, { busy: true, body, trouble: null });
  unanswered.set(dialog.kind, { key: dialog.key, body });
  renderDialog();
  try {
    done(await post(body));
  } catch (trouble) {
    if (!(trouble instanceof Trouble)) throw trouble;
    refused(trouble);
  }
}

function bodyOf() {
  const reason = String($("#reason").val()).trim(), length = [...reason].length;
  const missing = dialog.action.needs_reason && !reason;
  if (missing || length > REASON_LIMIT) {
    dialog.trouble = { message: missing ? "Say why." : `A reason has at most ${REASON_LIMIT} characters; this one has ${length}.` };
    renderDialog();
    $("#reason").trigger("focus");
    return null;
  }
  const mode = dialog.action.url.endsWith("/tests") && MODES[dialog.kind] ? { mode: MODES[dialog.kind] } : {};
  return { pull_request: state.shown.workflow_id, card_version: dialog.seen.card.version, reason, ...mode, ...(visit.opened ? { visit: visit.id } : {}) };
}

async function post(body) {
  const address = ownAddress(dialog.action.url);
  if (!address) throw new Trouble(400, { title: "This action has no address of this gateway" });
  const request = { method: "POST", body, headers: { "Idempotency-Key": dialog.key } };
  const before = state.me?.csrf;
  try {
    return await ask(address, request);
  } catch (trouble) {
    if (!(trouble instanceof Trouble) || ![401, 403].includes(trouble.status)) throw trouble;
    state.me = await ask(api("/me"));
    if (state.me?.csrf === before) throw trouble;
    return ask(address, request);
  }
}

function done(result) {
  unanswered.delete(dialog.kind);
  state.result = `${labelOf(dialog.action)}: ${line(result?.changed) || "done"} (card version ${Number(result?.card_version) || "unknown"})`;
  closeDialog();
  render();
  $("#result").trigger("focus");
  refresh();
}

function refused(trouble) {
  dialog.busy = false;
  if (!trouble.unknown && ![401, 429].includes(trouble.status)) {
    unanswered.delete(dialog.kind);
    Object.assign(dialog, { body: null, key: freshId() });
  }
  dialog.trouble = trouble;
  if (trouble.kind === "stale-card" && trouble.card?.card) take(trouble.card);
  renderDialog();
  if (state.shown && !dialog.news) dialogMeets(state.shown);
}

function closeDialog() {
  if ($("#dialog")[0].open) $("#dialog")[0].close();
}
