/* Keeps the card live: server-sent events, with a back-off of its own, since a browser gives up for good after an
   answer that is no stream (a proxy's 502 while the gateway restarts). The card that was there stays meanwhile. */

const LONGEST_WAIT_SECONDS = 30;
const STEADY_SECONDS = 10;
const HIDDEN_SECONDS = 60;
const NEWER_SECONDS = 60;
const LOGIN_SECONDS = 300;
const LOGIN_LOOK_SECONDS = 3;

const stream = { source: null, timer: 0, tries: 0, hiding: 0, turn: 0, loginUntil: 0 };

const STATUS = {
  loading: ["blue", "Loading the card."],
  live: ["green", "Live: this card changes by itself."],
  reconnecting: ["amber", "Reconnecting: the gateway does not answer. What you see may be old."],
  absent: ["blue", "There is no card yet. It appears here once Maestro conducts this pull request."],
  paused: ["grey", "Paused while nobody looked."],
  done: ["grey", "Done: this card will not change any more."],
  login: ["amber", "Log in to see this card."],
  forbidden: ["red", "There is no such card, or it is not for you to see."],
  bad: ["red", "This address names no pull request. It looks like /overlay?repo=owner/name&pr=12."],
};

/** Fetch the card, show it, and listen; called again whenever that broke off. */
async function connect() {
  disconnect();
  const turn = stream.turn;
  try {
    state.me ??= await ask(api("/me"));
    state.head ||= await newestHead();
    if (turn !== stream.turn) return;
    if (!state.head) {
      say("absent");
      again();
      return;
    }
    const shown = await ask(cardPath());
    if (turn !== stream.turn) return;
    take(shown);
    listen(turn);
  } catch (trouble) {
    if (!(trouble instanceof Trouble)) throw trouble;
    if (turn === stream.turn) troubled(trouble);
  }
}

function disconnect() {
  stream.turn += 1;
  stream.source?.close();
  stream.source = null;
  clearTimeout(stream.timer);
}

function listen(turn) {
  const source = new EventSource(`${cardPath()}/events`), began = performance.now();
  const ended = () => {
    disconnect();
    if (performance.now() - began > STEADY_SECONDS * 1000) stream.tries = 0;
  };
  stream.source = source;
  source.addEventListener("card", (event) => {
    say("live");
    take(JSON.parse(event.data));
  });
  source.addEventListener("end", () => {
    ended();
    if (state.shown?.running) {
      again();
      return;
    }
    say("done");
    lookForNewer();
  });
  source.addEventListener("error", () => {
    if (turn !== stream.turn) return;
    ended();
    say("reconnecting");
    again();
  });
}

function again(least = 0) {
  const longest = Math.min(LONGEST_WAIT_SECONDS, 2 ** stream.tries);
  stream.tries += 1;
  stream.timer = setTimeout(connect, 1000 * Math.max(least, longest * (0.5 + Math.random() / 2)));
}

function troubled(trouble) {
  if (trouble.status === 401) {
    state.me = null;
    say("login");
    if (Date.now() < stream.loginUntil) stream.timer = setTimeout(connect, LOGIN_LOOK_SECONDS * 1000);
  } else if (trouble.status === 403 || trouble.status === 404) {
    say("forbidden");
  } else if (trouble.status === 400 || trouble.status === 422) {
    say("bad");
  } else {
    say("reconnecting");
    again(trouble.retryAfter);
  }
}

/** Who follows the link logs in elsewhere, and nothing tells a frame when that is done: so it looks for a while. */
function loggingIn() {
  stream.loginUntil = Date.now() + LOGIN_SECONDS * 1000;
  if (framed) retryNow();
}

/** Try at once; asked for by a person, by the network coming back, and by the window being looked at again. */
function retryNow() {
  stream.tries = 0;
  connect();
}

/** A hidden window gives its connection back, since a browser has six to one gateway and others want to be live. */
function seenOrNot() {
  clearTimeout(stream.hiding);
  if (document.hidden) {
    stream.hiding = setTimeout(() => {
      if (!["live", "reconnecting", "absent"].includes(state.status)) return;
      disconnect();
      say("paused");
    }, HIDDEN_SECONDS * 1000);
  } else if (["paused", "login", "reconnecting"].includes(state.status)) {
    retryNow();
  } else {
    lookForNewer();
  }
}

/** A push makes a new head with a card of its own. Who asked for the newest gets it; who asked for this one is told. */
async function lookForNewer() {
  if (!state.shown || document.hidden || state.status === "login") return;
  const turn = stream.turn;
  const newest = await newestHead().catch(() => "");
  if (!newest || newest === state.head || turn !== stream.turn) return;
  state.newer = newest;
  if (!state.asked.head && !dialog.action) showNewer();
  else render();
}

function showNewer() {
  Object.assign(state, { head: state.newer, newer: "", lists: emptyLists(), result: "" });
  retryNow();
}

function noticeOf(state) {
  return state.newer && h("p.note", { "data-key": "newer" }, `Head ${state.newer.slice(0, 12)} is newer than this one. `,
    h("button", { type: "button", "data-do": "newer" }, "Show its card"));
}

/** What the bar says of the connection; it is a live region, so only changes are written. */
function say(status) {
  if (state.status === status) return;
  state.status = status;
  const [tone, words] = STATUS[status];
  const here = encodeURIComponent(location.pathname + location.search);
  $("#status").attr("class", `status tone-${tone}`);
  $("#status-words").text(words);
  $("#status-do").empty().append(
    status === "login" && h("a", { href: `${base}/login?next=${here}`, "data-do": "login", ...(framed ? { target: "_blank", rel: "noopener" } : {}) }, "Log in"),
    status === "login" && framed && h("a", { href: `${base}${pathOf(state.asked, state.asked.head)}`, target: "_blank", rel: "noopener" },
      "Open in a window of its own"),
    ["reconnecting", "login", "forbidden", "paused"].includes(status) && h("button", { type: "button", "data-do": "retry" }, "Try now"));
  if (!state.shown) render();
}
