/* Lays a view out: verdict first, then what may be done, then what it rests on. */

const ICONS = {
  green: "M7 12.5l3.4 3.4L17 9", amber: "M12 6.5v7M12 17v.2", red: "M8 8l8 8M16 8l-8 8", blue: "M12 6.5V12l3.5 2", grey: "M7.5 12h9",
};

function icon(tone) {
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    svg("circle", { cx: 12, cy: 12, r: 11, class: "icon-disc" }), svg("path", { class: "icon-line", d: ICONS[tone] }));
}

const pairs = (items, kind) =>
  h(`dl.${kind}`, null, items.map(({ label, value }) => h("div", null, h("dt", null, label), h("dd", null, isolated(value)))));

const section = (id, title, ...children) =>
  h("section", { "aria-labelledby": id, "data-key": id }, h("h2", { id, tabindex: -1 }, title), ...children);

const opening = (id, title, ...children) => h("details", { "data-key": id, id }, h("summary", null, title), ...children);

function headerOf(view, state) {
  return h("header.verdict", { "data-key": "verdict" }, h("div.page", null,
    h("p.kicker", null, "Decision Card"),
    h("h1", { id: "verdict", tabindex: -1 }, icon(view.tone), h("span", null, view.verdict)),
    h("p.title", null, isolated(view.title)),
    pairs(view.subject, "subject"),
    h("nav.jump", { "aria-label": "On this card" },
      view.tests?.failed.length > 0 && h("a", { href: "#tests" }, "Failing tests"),
      h("a", { href: "#act" }, "What you can do now"),
      !framed && h("a", { href: `${base}/` }, "All pull requests"),
      framed && h("a", { href: state.page, target: "_blank", rel: "noopener" }, "Open in a window of its own"),
      h("button.plain", { type: "button", "data-do": "help", "aria-keyshortcuts": "?" }, "Keys and help"))));
}

function whyOf(view) {
  return h("section.why", { "aria-labelledby": "why", "data-key": "why" },
    h("h2", { id: "why" }, view.heading),
    h("p.lead", null, view.why),
    view.reasons.length > 0 && h("ul.reasons", null, view.reasons.map((reason) => h("li", null, reason))),
    view.notes.map((note) => h("p.note", null, note)),
    view.incidents.map((one) => h(`p.note.incident.tone-${one.open ? "red" : "grey"}`, null, h("strong", null, one.heading), " ", one.text)),
    view.nextStep && h("div.next", { "data-key": "next" }, h("h3", null, "The smallest safe next step"),
      h("p", null, view.nextStep.description), pairs(view.nextStep.facts, "facts")));
}

function figuresOf(view) {
  return view.figures.length > 0 && h("dl.figures", { "data-key": "figures" }, view.figures.map((figure) =>
    h("div", null, h("dt", null, figure.label),
      h("dd", null, h("span.value", null, figure.value), h(`span.detail.tone-${figure.tone}`, null, figure.detail)))));
}

function savedOf(view) {
  return view.saved.length > 0 && section("saved", "Saved by leaving tests to the night", pairs(view.saved, "facts"));
}

function riskOf(view) {
  return (view.risk || view.promise) && section("risk", "Risk",
    view.risk && h("p", null, view.risk),
    view.promise && [
      view.promise.promise && !view.risk.includes(view.promise.promise) && h("p.quiet", null, view.promise.promise),
      pairs(view.promise.facts, "facts"),
      view.promise.terms.length > 0 && opening("terms", `Why τ is ${view.promise.tau}`, pairs(view.promise.terms, "how")),
    ]);
}

function regionOf(view) {
  const place = view.place;
  if (!place) return null;
  const about = `${base}/regions/${encodeURIComponent(place.region)}`;
  return section("region", ["Region: ", place.chosen ? isolated(place.chosen) : "none yet"],
    h("p", null, place.reason),
    place.residency && h("p.quiet", null, place.residency),
    place.rows.length > 0 && h("ul.regions", { role: "list" }, place.rows.map(regionItem)),
    place.rows.length > 0 && h("p.quiet", null, `Reckoned for ${place.assumed} of compute time.`),
    place.chosen && h("p.links", null, link(about, `More about ${place.chosen}`, framed ? { target: "_blank" } : {})));
}

function regionItem(row) {
  return h("li", { "data-key": row.region },
    h("div.region-head", null, h("h3", null, isolated(row.region)), h(`span.chip.tone-${row.tone}`, null, row.state),
      h("span.total", null, row.total)),
    row.bars.length > 0 && svg("svg", { class: "bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" },
      svg("rect", { class: "track", width: 100, height: 4 }),
      ...row.bars.map((bar) => svg("rect", { class: `term-${TERMS.has(bar.term) ? bar.term : "compute"}`, x: bar.start, width: bar.width, height: 4 }))),
    h("dl.terms", null,
      row.costs.map((cost) => h("div", null,
        h("dt", null, h(`span.swatch.term-${TERMS.has(cost.term) ? cost.term : "compute"}`, { "aria-hidden": "true" }), cost.label),
        h("dd", null, cost.value))),
      h("div", null, h("dt", null, "Emits"), h("dd", null, `${row.carbon} CO₂e`))),
    row.reasons.map((reason) => h(`p.refusal.tone-${row.tone}`, null, reason)),
    row.how.length > 0 && h("details", { "data-key": "how" }, h("summary", null, "How this was reckoned",
      h("span.hidden", null, ` for ${row.region}`)), pairs(row.how, "how")));
}

const TERMS = new Set(["compute", "carbon", "waiting"]);

function testsOf(view, state) {
  const tests = view.tests;
  if (!tests) return null;
  return section("tests", "Tests",
    h("p", null, `${tests.outcome} ${tests.leftOut}`),
    tests.reason && h("p.quiet", null, tests.reason),
    tests.problems.map((problem) => h("div.failure", null, h("p.test", null, problem.label),
      problem.value && h("p.fix", null, h("strong", null, "Fix"), " ", ticked(problem.value)))),
    tests.failed.map(failureOf),
    tests.moreFailed > 0 && h("p.quiet", null, `${tests.moreFailed} more in the stored results.`),
    tests.facts.length > 0 && pairs(tests.facts, "facts"),
    tests.selectedCount > 0 && listing("selected", "Selected tests and why", tests.selectedCount, state.lists.selected, tests.selected),
    tests.leftOutCount > 0 && listing("left_out", "Left-out tests and why", tests.leftOutCount, state.lists.left_out, []));
}

function failureOf(one) {
  return h("div.failure", { "data-key": one.test },
    h("p.test", null, h("code", null, isolated(one.test)), " ", h("span.chip.tone-red", null, one.verdict)),
    one.message && h("pre", { tabindex: 0, role: "group", "aria-label": `What ${one.test} said` }, one.message));
}

/** A list that is fetched page by page once it is opened; before that, what the card itself names. */
function listing(side, title, total, list, sample) {
  const rows = list.rows ?? sample;
  const more = list.rows ? Boolean(list.next) : total > sample.length;
  return opening(`tests-${side}`, `${title} (${whole(total)})`,
    h("ul.tests", { role: "list" }, rows.map((row, index) =>
      h("li", { "data-key": `${index} ${row.test}` }, h("code", null, isolated(row.test)), h("span.quiet", null, row.reason)))),
    list.trouble && h("p.trouble", null, list.trouble),
    (more || list.trouble) && h("button", { type: "button", "data-do": "more", "data-with": side, "data-key": "more" },
      list.trouble ? "Try again" : "Show more", h("span.hidden", null, ` of the ${title.toLowerCase()}`)),
    rows.length > 0 && h("p.quiet", { "data-key": "shown" }, `${whole(rows.length)} of ${whole(total)} shown.`));
}

function controlsOf(view) {
  if (!view.controls.length) return null;
  const head = (text) => h("th", { role: "columnheader", scope: "col" }, text);
  return section("controls", "Controls",
    h("p", null, `${view.controlsSummary}.`),
    h("table.controls", { role: "table", "aria-labelledby": "controls" },
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head("Control"), head("Finding"), head("Evidence"))),
      h("tbody", { role: "rowgroup" }, view.controls.map(controlRow))));
}

function controlRow(row) {
  return h("tr", { role: "row", "data-key": row.control },
    h("th", { role: "rowheader", scope: "row" }, h(`span.chip.tone-${row.tone}`, null, row.state),
      h("span.control-title", null, row.title), h("span.quiet", null, `${row.control} · tier ${row.tier}`)),
    h("td", { role: "cell" }, row.reason, row.fix && h("span.fix", null, h("strong", null, "Fix"), " ", ticked(row.fix))),
    h("td.evidence", { role: "cell" }, row.evidence.length
      ? row.evidence.map((ref) => h("span", null, ref.label, h("code", null, ref.value)))
      : h("span", null, "none")));
}

const DOCUMENTS = {
  narrative_html: "Narrative (page)", narrative_markdown: "Narrative (Markdown)", card_html: "Decision Card (page)",
  card_json: "Decision Card (JSON)", bundle: "Evidence bundle (tar.gz)",
};

function evidenceOf(view, state) {
  const links = state.shown.links ?? {};
  const there = Object.entries(DOCUMENTS).filter(([kind]) => ownAddress(links[kind]));
  const temporal = webAddress(state.shown.temporal_ui || state.shown.card.links?.temporal_ui);
  return section("evidence", "Evidence",
    view.told.map((sentenceOfIt) => h("p.quiet", null, sentenceOfIt)),
    !there.length && h("p", null, "No document has been written yet."),
    h("ul.links", { role: "list" },
      there.map(([kind, label]) => h("li", { "data-key": kind }, link(ownAddress(links[kind]), label, { target: "_blank" }))),
      temporal && h("li", { "data-key": "temporal" }, link(temporal, "Open the workflow in Temporal", { target: "_blank" }))));
}

function timelineOf(view) {
  return view.moments.length > 0 && section("timeline", "Timeline (UTC)",
    view.earlier > 0 && h("p.quiet", null, `${whole(view.earlier)} earlier entries are in the ledger.`),
    h("ol.timeline", { role: "list" }, view.moments.map((moment) => h("li", null,
      h("p.when", null, `${moment.day ? `${moment.day} ` : ""}${moment.clock} · `, isolated(moment.actor)),
      h("p", null, moment.event), moment.detail && h("p.quiet", null, moment.detail)))));
}

const provenanceOf = (view) => section("provenance", "Provenance", pairs(view.provenance, "provenance"));

/** The whole page of a card. */
function pageOf(view, state) {
  return [
    headerOf(view, state),
    h("main.page", { "data-key": "main" },
      noticeOf(state),
      h("div.columns", { "data-key": "columns" },
        whyOf(view),
        actionsOf(view, state),
        figuresOf(view),
        h("div.story", { "data-key": "story" }, savedOf(view), riskOf(view), regionOf(view), testsOf(view, state), controlsOf(view),
          evidenceOf(view, state), timelineOf(view), provenanceOf(view)))),
  ];
}
