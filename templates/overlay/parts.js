/* The parts of the view that have rules of their own: risk, region, tests; as maestro/render/{risk,places,verdicts}.py. */

const OUTCOMES = { pass: "passed", fail: "failed", error: "ended in an error", skip: "skipped" };
const CHOSEN = {
  changed: "changed themselves", affected: "reached by a change", recently_failed: "failed recently",
  escaped: "escaped before", cannot_judge: "cannot be judged", escalated: "asked for by a reviewer",
  shadowed: "run although they would have been left out",
};

function riskView(plan) {
  const risk = plan.risk;
  return {
    tau: probability(risk.tau),
    promise: line(risk.promise, RISK_LIMIT),
    facts: known([
      ["Bound τ", `${probability(risk.tau)}, ${certified(risk)}`],
      ["Residual risk", residual(risk)],
      ["Method", line(risk.method)],
      ["Runs", `${seconds(plan.selected_seconds)} of tests, ${savedByPlan(plan)}`],
      ["Replay", plan.replay ? line(`The rest runs after the decision, because ${plan.replay.reason}`) : ""],
      ["Model", name(risk.model)],
      ["Calibration report", plan.report ? name(`maestro evidence show ${plan.report.digest} --save calibration.html`) : ""],
    ]),
    terms: (risk.tau_terms ?? []).map((term) =>
      pair(line(`${term.name}, ${Math.abs(term.factor - 1) < 0.001 ? "unmoved" : `times ${fixed(term.factor, 2)}`}`), line(term.reason))),
  };
}

function certified(risk) {
  const builds = count(risk.red_builds, "red build");
  if (risk.certified && risk.red_builds) return `certified on ${builds}`;
  return risk.certified ? "nothing to certify" : `not certified: ${builds} known`;
}

function residual(risk) {
  if (risk.high - risk.low >= 1) return "not known";
  if (!risk.high) return "none";
  return `${probability(risk.residual_risk)} of breaking pull requests (95 % interval ${probability(risk.low)} to ` +
    `${probability(risk.high)}), ${probability(risk.unconditional_risk)} of all`;
}

function savedByPlan(plan) {
  if (!plan.left_out_seconds) return "nothing saved";
  const part = plan.left_out_seconds / (plan.selected_seconds + plan.left_out_seconds);
  return `${seconds(plan.left_out_seconds)} saved (${share(part)})`;
}

/** The chosen region first, then the allowed ones from cheap to dear, then the refused. */
function placeView(placement) {
  const dearest = Math.max(0, ...placement.assessments.map((seen) => Number(seen.total_usd)));
  const rank = (seen) => [seen.region === placement.region ? 0 : 1, seen.allowed && seen.healthy ? 0 : 1, Number(seen.total_usd)];
  const ranked = [...placement.assessments].sort((one, other) => {
    const [mine, others] = [rank(one), rank(other)];
    return mine.map((value, index) => value - others[index]).find((difference) => difference) ?? (one.region < other.region ? -1 : 1);
  });
  return {
    chosen: placement.region ? name(placement.region) : "",
    region: placement.region ?? "",
    reason: line(placement.reason),
    residency: line(placement.residency),
    assumed: seconds(placement.expected_seconds),
    rows: ranked.map((seen) => regionRow(seen, placement.region, dearest)),
  };
}

function regionRow(seen, chosen, dearest) {
  const [state, tone] = regionState(seen, chosen);
  const label = (term) => term.name[0].toUpperCase() + term.name.slice(1);
  let start = 0;
  const bars = seen.terms.map((term) => {
    const width = dearest > 0 ? Math.max(0, (Number(term.amount_usd) / dearest) * 100) : 0;
    start += width;
    return { term: term.name, start: start - width, width };
  });
  return {
    region: name(seen.region), state, tone, bars,
    reasons: seen.reasons.map((reason) => line(reason)),
    costs: seen.terms.map((term) => ({ label: label(term), value: money(term.amount_usd), term: term.name })),
    how: seen.terms.map((term) => pair(label(term), line(term.how))),
    total: seen.terms.length ? money(seen.total_usd) : "not reckoned",
    carbon: carbon(seen.carbon_g),
  };
}

function regionState(seen, chosen) {
  if (seen.region === chosen) return ["chosen", "green"];
  if (!seen.allowed) return ["refused by policy", "red"];
  return seen.healthy ? ["possible", "grey"] : ["not healthy", "amber"];
}

function testsView(plan, report) {
  const failed = report?.failed ?? [];
  return {
    reason: line(plan.reason),
    outcome: outcome(plan, report),
    leftOut: leftOut(plan),
    facts: testFacts(plan, report),
    problems: [...(report?.problems ?? []), ...(plan.problem ? [plan.problem] : [])]
      .map((problem) => pair(line(problem.message), line(problem.fix))),
    failed: failed.map((one) => ({ test: name(one.test), verdict: OUTCOMES[one.verdict], message: block(one.message) })),
    moreFailed: report ? Math.max(0, report.failed_count - failed.length) : 0,
    selected: (plan.sample ?? []).map(testRow),
    selectedCount: plan.selected_count, leftOutCount: plan.left_out_count,
  };
}

function testRow(test) {
  const facts = [line(test.detail) || line(test.reason).replaceAll("_", " ")];
  if (typeof test.expected_seconds === "number") facts.push(seconds(test.expected_seconds));
  const chance = test.probability ?? test.fail_probability;
  if (typeof chance === "number") facts.push(`fails with a probability of ${probability(chance)}`);
  return { test: name(test.test ?? test.id), reason: facts.filter(Boolean).join(" · ") };
}

function outcome(plan, report) {
  if (!plan.applicable) return `No test was run, because ${plan.problem ? "the tests could not be listed" : "none is affected"}.`;
  if (!report) return `${count(plan.selected_count, "test")} selected; no verdict yet.`;
  const parts = Object.entries(OUTCOMES).filter(([verdict]) => report.counts[verdict])
    .map(([verdict, word]) => `${whole(report.counts[verdict])} ${word}`);
  if (report.missing_count) parts.push(`${whole(report.missing_count)} without a verdict`);
  return `${count(plan.selected_count, "test")} selected: ${parts.join(", ") || "no verdict"}, in ${seconds(report.test_seconds)}.`;
}

function leftOut(plan) {
  if (!plan.left_out_count) return "Nothing was left out.";
  const much = `${count(plan.left_out_count, "test")} (${seconds(plan.left_out_seconds)})`;
  return `${much} ${plan.replay ? "run after the decision" : "left to the nightly run"}.`;
}

function testFacts(plan, report) {
  const reasons = Object.entries(plan.reasons ?? {}).map(([kind, number]) => `${whole(number)} ${Object.hasOwn(CHOSEN, kind) ? CHOSEN[kind] : line(kind)}`);
  const isolation = report?.isolation?.length ? report.isolation : [plan.isolation];
  return known([
    ["Chosen because", reasons.join(", ")],
    ["Width", plan.mode],
    ["Shards", plan.shard_count ? whole(plan.shard_count) : ""],
    ["Sandbox", plan.applicable ? isolation.join(", ") : ""],
    ["Regions", (report?.regions ?? []).join(", ")],
    ["Passed only when retried", (report?.flaky ?? []).join(", ")],
    ["Failed in quarantine", quarantined(report).join("; ")],
    ["Kept after a restart", report?.resumed ? count(report.resumed, "verdict") : ""],
  ].map(([label, value]) => [label, line(value)]));
}

function quarantined(report) {
  const held = report?.quarantined ?? [];
  const told = held.map((one) => `${one.test}: ${one.evidence.at(-1)}; ${one.owner} has until ${day(one.expires_at)} to mend it`);
  const more = (report?.quarantined_count ?? 0) - held.length;
  return more > 0 ? [...told, `${whole(more)} more`] : told;
}
