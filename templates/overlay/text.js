/* Text that anybody may have written, made safe to show. The rules are those of maestro/render/untrusted.py. */

const LINE_LIMIT = 400;
const NAME_LIMIT = 160;
const BLOCK_LINES = 60;
const BLOCK_LINE_LIMIT = 200;
const MARKS_LIMIT = 4;

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
const MARK = /[\p{Mn}\p{Me}]/u;
const SPACES = /[\s\x1c-\x1f\x85]+/u;

/** What is no visible character as its escape; floods of combining marks are cut. */
function visible(text) {
  let shown = "", marks = 0;
  for (const character of String(text)) {
    marks = MARK.test(character) ? marks + 1 : 0;
    if (marks <= MARKS_LIMIT) shown += INVISIBLE.test(character) ? escaped(character) : character;
  }
  return shown;
}

function escaped(character) {
  const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
  if (short) return short;
  const code = character.codePointAt(0);
  const [mark, digits] = code > 0xffff ? ["U", 8] : code > 0xff ? ["u", 4] : ["x", 2];
  return `\\${mark}${code.toString(16).padStart(digits, "0")}`;
}

/** On one line of at most `limit` characters, ending in an ellipsis where it was cut. */
function line(text, limit = LINE_LIMIT) {
  const points = [...String(text ?? "")].slice(0, limit * 4).join("");
  const shown = [...visible(points.split(SPACES).filter(Boolean).join(" "))];
  return shown.length <= limit ? shown.join("") : shown.slice(0, limit - 1).join("").trimEnd() + "…";
}

/** A name on one line, cut in the middle: the end of a test id or a path tells most. */
function name(text, limit = NAME_LIMIT) {
  let points = [...String(text ?? "")];
  if (points.length > limit * 2) points = [...points.slice(0, limit), ...points.slice(-limit)];
  const shown = [...visible(points.join(""))];
  const half = Math.floor(limit / 2);
  return shown.length <= limit ? shown.join("") : `${shown.slice(0, half - 1).join("")}…${shown.slice(-half).join("")}`;
}

/** Several lines with their indentation; a remark tells how many were cut. */
function block(text) {
  const all = String(text ?? "").replace(/^[\r\n]+|[\r\n]+$/g, "").split(/\r\n|\n|\r/);
  const kept = all.slice(0, BLOCK_LINES).map((entry) => {
    const shown = [...visible(entry.replace(/\t/g, "    ").trimEnd())];
    return shown.length <= BLOCK_LINE_LIMIT ? shown.join("") : shown.slice(0, BLOCK_LINE_LIMIT - 1).join("") + "…";
  });
  if (all.length > BLOCK_LINES) kept.push(`… ${all.length - BLOCK_LINES} more lines in the stored log`);
  return kept.join("\n");
}

/** A sentence begins with a capital where it begins with a word, so not where it begins with a file or a test. */
function sentence(text) {
  const trimmed = String(text ?? "").trim();
  return line(/^[a-z]+(?= )/.test(trimmed) ? trimmed[0].toUpperCase() + trimmed.slice(1) : trimmed);
}

/** An address that may become a link, else "": only http and https, since anything else could run something. */
function webAddress(address) {
  if (!address || typeof address !== "string") return "";
  try {
    const url = new URL(address, location.href);
    return ["http:", "https:"].includes(url.protocol) && url.hostname ? url.href : "";
  } catch {
    return "";
  }
}

/** An address of this gateway's own, else "": nothing is sent anywhere else, whatever an answer says. */
function ownAddress(address) {
  const below = typeof address === "string" && address.startsWith("/") && !address.startsWith(`${base}/`) ? base + address : address;
  const checked = webAddress(below);
  return checked && new URL(checked).origin === location.origin ? checked : "";
}
