/* What a card shows, in the order in which it is read: pure, from the card alone, in the words of maestro/render. */

const MOMENTS_SHOWN = 40;
const RISK_LIMIT = 800;
const AUTHOR_LIMIT = 60;
const EVIDENCE_SHOWN = 3;
const DIGEST_SHOWN = 19;

const TONES = { pending: "blue", green: "green", needs_person: "amber", blocked: "red", cancelled: "grey" };
const VERDICTS = {
  pending: "In progress", green: "Ready to merge", needs_person: "Needs a person", blocked: "Blocked", cancelled: "Cancelled",
};
const HEADINGS = {
  pending: "What is happening now", green: "Why this passed", needs_person: "Why this needs a person",
  blocked: "Why this was blocked", cancelled: "Why this was cancelled",
};
const PHASES = {
  place: "Choosing a region", waiting_for_region: "Waiting for a healthy region that policy allows",
  select: "Selecting tests", run: "Running tests", gather: "Gathering evidence", render: "Writing this card",
  decide: "Deciding", publish: "Telling the forge", waiting_for_person: "Waiting for a person", done: "Done",
};
const FINDINGS = {
  fail: ["failing", "red"], not_evaluated: ["not evaluated", "amber"], pass: ["passing", "green"],
  not_applicable: ["not applicable", "grey"],
};

const pair = (label, value) => ({ label, value });
const known = (pairs) => pairs.filter(([, value]) => value).map(([label, value]) => pair(label, value));

const WORKING = new Set(["place", "waiting_for_region", "select", "run", "gather", "decide"]);

/** What is under way although a decision stands, as when a reviewer has asked for more tests. */
function underWay(card) {
  const again = card.decision.state !== "pending" && WORKING.has(card.phase);
  return again ? [`${PHASES[card.phase]}. The decision above is from before, until there is a new one.`] : [];
}

/** The decision in a few words. */
function verdictOf(card) {
  const state = card.decision.state;
  if (state === "pending" && card.phase === "waiting_for_region") return "Waiting for a region";
  const words = VERDICTS[state] ?? name(state);
  return state === "green" && card.plan && !card.plan.applicable ? `${words}: no test applies` : words;
}

/** The lead sentence and the further reasons, so that nothing is told twice. */
function told(card) {
  const reasons = (card.decision.reasons ?? []).map(sentence);
  if (card.decision.state === "pending") return [`${PHASES[card.phase] ?? name(card.phase)}.`, []];
  if (card.why && !repeats(card.why, card.decision.reasons ?? [])) return [sentence(card.why), reasons];
  return reasons.length ? [reasons[0], reasons.slice(1)] : ["No reason was given.", []];
}

function repeats(why, reasons) {
  const longest = [...reasons].sort((one, other) => other.length - one.length);
  for (const reason of longest) if (reason.trim()) why = why.replaceAll(reason.trim(), "");
  return !/[\p{L}\p{N}_]/u.test(why);
}

function subject(card) {
  const asked = card.pull_request;
  const author = line(asked.author, AUTHOR_LIMIT) || "unknown";
  return [
    pair("Pull request", line(`${asked.repo} ${asked.pr}`)),
    pair("Head", name(asked.head_sha).slice(0, 12)),
    pair("Base", name(asked.base_sha).slice(0, 12)),
    pair("Author", line(`${author} (${asked.author_kind ?? "human"})`)),
    pair("Tenant", name(asked.tenant)),
  ];
}

function nextStep(step) {
  return {
    description: line(step.description) || line(step.action),
    facts: known([
      ["Costs", `${money(step.cost_usd ?? 0)} and ${seconds(step.cost_seconds ?? 0)}`],
      ["Buys", line(step.value)],
      ["Where", line(step.residency)],
    ]),
  };
}

function figures(card) {
  const shown = [], { plan, report, findings = [], savings = {} } = card;
  const add = (label, value, detail, tone = "grey") => shown.push({ label, value, detail, tone });
  if (plan && !plan.applicable) {
    add("Tests selected", "0", plan.problem ? "they could not be listed" : "none is affected", plan.problem ? "red" : "grey");
  } else if (report) {
    const worst = report.failed_count ? `${whole(report.failed_count)} failed` : `${whole(report.counts.pass ?? 0)} passed`;
    const ran = Object.values(report.counts).reduce((sum, some) => sum + some, 0);
    const bad = report.failed_count + report.missing_count + report.problems.length;
    add("Tests run", whole(ran), report.missing_count ? `${worst}, ${whole(report.missing_count)} without a verdict` : worst, bad ? "red" : "green");
  } else if (plan) {
    add("Tests selected", whole(plan.selected_count), "none has run");
  }
  if (plan) {
    add("Left to the night", whole(plan.left_out_count), plan.left_out_count ? `${seconds(plan.left_out_seconds)} of tests` : "everything was taken");
  }
  if (savings.seconds > 0) add("Time saved", seconds(savings.seconds), `${share(savings.share)} of the whole suite`);
  if (findings.length) {
    const counted = (state) => findings.filter((finding) => finding.state === state).length;
    add("Controls passed", `${counted("pass")} of ${findings.length}`, counted("fail") ? `${counted("fail")} failing` : "none failing", counted("fail") ? "red" : "green");
  }
  return shown;
}

function saved(card) {
  const savings = card.savings ?? {};
  if (!(savings.seconds || Number(savings.cost_usd) || savings.carbon_g)) return [];
  return [
    pair("Test time", `${seconds(savings.seconds)} (${share(savings.share)})`),
    pair("Cost", money(savings.cost_usd)),
    pair("Carbon", `${carbon(savings.carbon_g)} CO₂e`),
  ];
}

function controls(card) {
  const findings = card.findings ?? [];
  return Object.keys(FINDINGS).flatMap((state) => findings.filter((finding) => finding.state === state).map(control));
}

function control(finding) {
  const [state, tone] = FINDINGS[finding.state];
  const refs = finding.evidence ?? [];
  const evidence = refs.slice(0, EVIDENCE_SHOWN).map((ref) => pair(name(ref.name) || name(ref.media_type), name(ref.digest).slice(0, DIGEST_SHOWN)));
  if (refs.length > EVIDENCE_SHOWN) evidence.push(pair("and", `${refs.length - EVIDENCE_SHOWN} more`));
  return {
    control: name(finding.control), title: line(finding.title), tier: finding.tier, state, tone,
    reason: line(finding.reason), fix: line(finding.fix), evidence,
  };
}

function controlsSummary(card) {
  const findings = card.findings ?? [];
  return Object.entries(FINDINGS)
    .map(([state, [word]]) => [findings.filter((finding) => finding.state === state).length, word])
    .filter(([number]) => number).map(([number, word]) => `${number} ${word}`).join(", ");
}

function incidentOf(one) {
  const answer = one.answer;
  const answered = answer ? `Answered by ${name(answer.actor)}: ${line(answer.reason) || "without a reason"}` : "Not answered yet; nothing is merged before.";
  return { open: !answer, heading: `Incident reported by ${name(one.actor)}.`, text: [sentence(one.reason), answered].filter(Boolean).join(" ") };
}

function moments(card) {
  let before = "";
  return (card.timeline ?? []).slice(-MOMENTS_SHOWN).map((entry) => {
    const on = day(entry.at), shown = on === before ? "" : on;
    before = on;
    return { day: shown, clock: clock(entry.at), event: line(entry.event), actor: name(entry.actor), detail: line(entry.detail) };
  });
}

function provenance(card) {
  const { pull_request: asked, placement, plan, links = {} } = card;
  return known([
    ["Head", asked.head_sha], ["Base", asked.base_sha], ["Merge base", asked.merge_base_sha],
    ["Decided by", card.decision.actor], ["Decision policy", card.decision.policy_digest],
    ["Placement policy", placement?.policy_digest], ["Test plan", plan?.body?.digest], ["Environment", plan?.environment_key],
    ["Narrative", links.narrative_markdown?.digest],
    ["Workflow", `pr/${asked.repo}/${asked.pr}/${asked.head_sha}`],
    ["Card", `version ${card.version}, written ${day(card.generated_at)} ${clock(card.generated_at)} UTC`],
  ].map(([label, value]) => [label, name(value, 200)]));
}

/** Everything that the page lays out; every text in it is safe to show. */
function viewOf(card) {
  const [why, reasons] = told(card);
  return {
    tone: TONES[card.decision.state] ?? "grey",
    verdict: verdictOf(card),
    heading: HEADINGS[card.decision.state] ?? "Why",
    title: line(card.pull_request.title, NAME_LIMIT) || "A pull request without a title",
    subject: subject(card),
    notes: [...underWay(card), ...(card.pull_request.notes ?? []).map((note) => line(note))],
    incidents: (card.incidents ?? []).map(incidentOf),
    why, reasons,
    nextStep: card.decision.next_step ? nextStep(card.decision.next_step) : null,
    figures: figures(card),
    saved: saved(card),
    risk: line(card.risk, RISK_LIMIT),
    promise: card.plan?.risk ? riskView(card.plan) : null,
    place: card.placement ? placeView(card.placement) : null,
    tests: card.plan ? testsView(card.plan, card.report) : null,
    controls: controls(card), controlsSummary: controlsSummary(card),
    earlier: Math.max(0, (card.timeline ?? []).length - MOMENTS_SHOWN),
    moments: moments(card),
    told: [...(card.publications ?? []).map((publication) => line(publication.detail)), line(card.sealing?.detail)].filter(Boolean),
    provenance: provenance(card),
  };
}
