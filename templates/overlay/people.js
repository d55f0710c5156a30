/* Figures as people write them: 12.4 s, 3 min 10 s, $0.0042, 1.3 g, 73 %. The words are those of
   maestro/render/people.py, and a test holds both to the same answers. */

/* A number as its exact decimal text, so that 0.05, which is a little more, is rounded up as elsewhere. */
const exact = (amount) => (typeof amount === "number" ? amount.toFixed(60) : amount);
const rounding = (options) => {
  const format = new Intl.NumberFormat("en-US", { roundingMode: "halfEven", ...options });
  return (amount) => format.format(exact(amount));
};
const places = [0, 1, 2, 3, 4].map((digits) => rounding({ minimumFractionDigits: digits, maximumFractionDigits: digits }));
const fixed = (amount, digits) => places[digits](amount);
const twoDigits = rounding({ maximumSignificantDigits: 2, useGrouping: false });
const fourDigits = rounding({ maximumSignificantDigits: 4, useGrouping: false });
const whole = (amount) => fixed(amount, 0);
const even = (amount) => Number(fixed(amount, 0).replaceAll(",", ""));
const tenth = (amount) => Number(fixed(amount, 1).replaceAll(",", ""));

function seconds(amount) {
  if (amount < 0.05) return amount <= 0 ? "0 s" : "under 0.1 s";
  if (tenth(amount) < 60) return `${fixed(amount, 1)} s`;
  const all = even(amount);
  for (const [size, unit, smaller, smallerUnit] of [[86400, "d", 3600, "h"], [3600, "h", 60, "min"]]) {
    if (all >= size) {
      const rest = Math.floor((all % size) / smaller);
      return `${whole(Math.floor(all / size))} ${unit}` + (rest ? ` ${rest} ${smallerUnit}` : "");
    }
  }
  return `${Math.floor(all / 60)} min` + (all % 60 ? ` ${all % 60} s` : "");
}

/** `amount` is a decimal number as text, as JSON carries dollars. */
function money(amount) {
  const size = Math.abs(Number(amount));
  if (!size) return "$0";
  const sign = Number(amount) < 0 ? "-" : "";
  if (size < 0.0001) return `${sign}<$0.0001`;
  return `${sign}$${fixed(String(amount).replace(/^-/, ""), size >= 0.1 ? 2 : 4)}`;
}

function carbon(grams) {
  if (grams <= 0) return "0 g";
  if (grams < 0.01) return "under 0.01 g";
  if (grams < 0.1) return `${fixed(grams, 2)} g`;
  return tenth(grams) < 1000 ? `${fixed(grams, 1)} g` : `${fixed(grams / 1000, 1)} kg`;
}

function share(part) {
  if (part > 0 && part < 0.01) return "under 1 %";
  if (part > 0.99 && part < 1) return "over 99 %";
  return `${whole(part * 100)} %`;
}

function probability(chance) {
  const percent = chance * 100;
  if (percent > 0 && percent < 0.01) return "under 0.01 %";
  if (percent > 99.99 && percent < 100) return "over 99.99 %";
  return percent < 10 ? `${twoDigits(percent)} %` : `${fourDigits(percent)} %`;
}

const count = (number, noun) => `${whole(number)} ${noun}${number === 1 ? "" : "s"}`;

/** Moments are given in ISO 8601 and shown in UTC. */
const day = (at) => new Date(at).toISOString().slice(0, 10);
const clock = (at) => new Date(at).toISOString().slice(11, 19);
