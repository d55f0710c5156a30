/* Builds elements from text that is never markup, and changes a page in place.

   Data reaches the page by .text() and by .attr() of the names below; nothing here parses HTML. */

const ATTRIBUTES = new Set([
  "class", "id", "href", "rel", "target", "role", "type", "tabindex", "scope", "disabled", "title", "lang", "for", "download",
  "aria-labelledby", "aria-describedby", "aria-label", "aria-hidden", "aria-disabled", "aria-live", "aria-keyshortcuts",
  "aria-busy", "data-key", "data-do", "data-with",
]);

/** An element: `h("p.quiet", {id}, "text", other)`. Strings become text; false, null and "" become nothing. */
function h(what, attributes, ...children) {
  const [tag, ...classes] = what.split(".");
  const $element = $(document.createElement(tag));
  if (classes.length) $element.attr("class", classes.join(" "));
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (!ATTRIBUTES.has(key)) throw new TypeError(`the attribute ${key} is not one that this page sets`);
    if (value !== null && value !== undefined && value !== false) $element.attr(key, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    $element[0].append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return $element[0];
}

/** Text of which the direction must not spread to what stands beside it. */
const isolated = (text) => h("bdi", null, text);

/** A link to a checked address, else the text alone. */
function link(address, text, more = {}) {
  const checked = webAddress(address);
  return checked ? h("a", { href: checked, rel: "noopener noreferrer", ...more }, text) : h("span", null, text);
}

/** Backticks in a fix mark code; a lone one is itself. */
function ticked(text) {
  const parts = text.split("`");
  return parts.length % 2 ? parts.map((part, index) => (index % 2 ? h("code", null, part) : part)) : [text];
}

/** A drawing from constant names and numbers. */
function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** Make `old` look like `wanted` with the fewest changes, so that focus, open parts and the reading place stay. */
function morph(old, wanted) {
  for (const { name: key } of [...old.attributes]) {
    if (!wanted.hasAttribute(key) && key !== "open") old.removeAttribute(key);
  }
  for (const { name: key, value } of wanted.attributes) if (old.getAttribute(key) !== value) old.setAttribute(key, value);
  const keyed = new Map([...old.children].filter((child) => child.dataset.key).map((child) => [child.dataset.key, child]));
  let place = old.firstChild;
  for (const child of [...wanted.childNodes]) {
    const same = counterpart(child, place, keyed);
    if (same) {
      if (same === place) place = place.nextSibling;
      else moved(old, same, place);
      if (same.nodeType === Node.ELEMENT_NODE) morph(same, child);
      else if (same.data !== child.data) same.data = child.data;
    } else {
      old.insertBefore(child, place);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function counterpart(child, place, keyed) {
  const key = child.dataset?.key;
  if (key) {
    const same = keyed.get(key);
    keyed.delete(key);
    return same?.nodeName === child.nodeName ? same : null;
  }
  for (let other = place; other; other = other.nextSibling) {
    if (!other.dataset?.key && other.nodeName === child.nodeName) return other;
  }
  return null;
}

/** Moving an element takes the focus from it; so it is given back. */
function moved(parent, element, place) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(element, place);
  focused?.focus({ preventScroll: true });
}
