/* Where this page stands, whose card it shows, and how it asks the gateway. */

const REPO = /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;
const NUMBER = /^[A-Za-z0-9._-]+$/;
const HEAD = /^[0-9a-f]{40}([0-9a-f]{24})?$/;
const PLACE = /^(.*?)\/(?:pull-requests\/(.+?)\/?|overlay\/?)$/;

const query = new URLSearchParams(location.search);
const framed = window.top !== window;
const base = location.pathname.match(PLACE)?.[1] ?? "";

/** `{repo, pr, head}` of the address; null where it names no pull request. `head` is "" for the newest. */
function askedFor() {
  const path = location.pathname.match(PLACE)?.[2];
  let repo = query.get("repo") ?? "", pr = query.get("pr") ?? "", head = query.get("head") ?? "";
  if (path) {
    const parts = path.split("/").map(decoded);
    head = HEAD.test(parts.at(-1)) ? parts.pop() : "";
    pr = parts.pop() ?? "";
    repo = parts.join("/");
  }
  const dots = `${repo}/${pr}`.split("/").some((part) => /^\.{1,2}$/.test(part));
  return REPO.test(repo) && NUMBER.test(pr) && (!head || HEAD.test(head)) && !dots ? { repo, pr, head } : null;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

const pathOf = ({ repo, pr }, head) => ["", "pull-requests", ...repo.split("/"), pr, ...(head ? [head] : [])].map(encodeURIComponent).join("/");

/** Why an answer is none. `status` is 0 where nothing answered; `kind` is the last part of a problem's type. */
class Trouble extends Error {
  constructor(status, problem, retryAfter) {
    super(line(problem?.title) || (status ? `The gateway answered ${status}` : "The gateway cannot be reached"));
    this.status = status;
    this.detail = line(problem?.detail, 2000);
    this.field = name(problem?.field);
    this.fix = line(problem?.fix);
    this.kind = String(problem?.type ?? "").split("/").at(-1);
    this.card = problem?.card ?? null;
    this.retryAfter = retryAfter;
    this.unknown = status === 0 || (status >= 500 && status !== 501);
  }
}

/** What `path` answers, as JSON; raises Trouble for everything that is no success. */
async function ask(path, { method = "GET", body, headers = {}, keepalive = false } = {}) {
  const sent = { Accept: "application/json, application/problem+json", ...headers };
  if (body) sent["Content-Type"] = "application/json";
  if (method !== "GET" && state.me?.csrf) sent["X-Maestro-CSRF"] = state.me.csrf;
  let response, answer = null;
  try {
    response = await fetch(path, {
      method, headers: sent, body: body && JSON.stringify(body), keepalive, credentials: "same-origin", cache: "no-store", redirect: "error",
    });
    if (/json/.test(response.headers.get("Content-Type") ?? "")) answer = await response.json();
  } catch {
    throw new Trouble(0, { detail: "Either it is being restarted, or the network is down." });
  }
  if (!response.ok) throw new Trouble(response.status, answer, Number(response.headers.get("Retry-After")) || 0);
  return answer;
}

const api = (path) => `${base}/api${path}`;
const cardPath = () => api(pathOf(state.asked, state.head));

/** The newest head that Maestro conducts of the pull request; "" where there is none yet. */
async function newestHead() {
  const { repo, pr } = state.asked;
  const found = await ask(api(`/pull-requests?${new URLSearchParams({ repo, pr, limit: "1" })}`));
  const head = found?.items?.[0]?.head_sha ?? "";
  return HEAD.test(head) ? head : "";
}

/** An id that nobody guesses; randomUUID alone is missing where the address is http and not this machine. */
function freshId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
