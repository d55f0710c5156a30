/* Where the browser knows trusted types, it refuses every text as markup once jQuery has started. */

const trust = { open: true };
window.trustedTypes?.createPolicy("default", {
  createHTML: (text) => {
    if (!trust.open) throw new TypeError("text is never markup here");
    return text;
  },
});
