/* Tells the gateway how long the card was before somebody's eyes. Best effort: nothing waits for it or fails by it. */

const visit = { id: freshId(), to: "", seconds: 0, since: null, opened: false };

const source = query.get("via") === "script" ? "script" : framed ? "frame" : "page";

function watched() {
  return visit.seconds + (visit.since === null ? 0 : (performance.now() - visit.since) / 1000);
}

function beacon(event) {
  if (!visit.opened || !state.shown) return;
  const body = {
    visit: visit.id, event, pull_request: visit.to, card_version: state.shown.card.version,
    open_seconds: Math.round(watched() * 10) / 10, source,
  };
  ask(api("/usage"), { method: "POST", body, keepalive: true }).catch(() => {});
}

/** Called with every card; the first one of a pull request's head opens a visit, which is to that head alone. */
function usageOpened(shown) {
  if (visit.opened) return;
  if (visit.to) Object.assign(visit, { id: freshId(), seconds: 0 });
  Object.assign(visit, { to: shown.workflow_id, opened: true, since: document.hidden ? null : performance.now() });
  beacon("opened");
}

function usageSeen() {
  if (!visit.opened || document.hidden === (visit.since === null)) return;
  visit.seconds = watched();
  visit.since = document.hidden ? null : performance.now();
  beacon(document.hidden ? "hidden" : "shown");
}

function usageClosed() {
  visit.seconds = watched();
  visit.since = null;
  beacon("closed");
  visit.opened = false;
}
