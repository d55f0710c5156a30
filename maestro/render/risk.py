"""The risk's part of the view: τ and its terms, what remains, by which method, and what was run and saved for it."""

from typing import Final

from maestro.model.artifact import ArtifactRef
from maestro.model.tests import RiskStatement, TauTerm, TestPlan
from maestro.render import people
from maestro.render.untrusted import Shown, line, name
from maestro.render.view import Pair, RiskView

UNMOVED: Final = 0.001
"""A factor closer to 1 moved nothing that anybody would notice."""


def risk_view(plan: TestPlan) -> RiskView | None:
    """The view of a plan's statement; None where it makes none."""
    statement = plan.risk
    if statement is None:
        return None
    facts = (
        ("Bound τ", Shown(f"{people.probability(statement.tau)}, {_certified(statement)}")),
        ("Residual risk", _residual(statement)),
        ("Method", line(statement.method)),
        ("Runs", Shown(f"{people.seconds(plan.selected_seconds)} of tests, {_saved(plan)}")),
        (
            "Replay",
            line(f"The rest runs after the decision, because {plan.replay.reason}") if plan.replay else Shown(""),
        ),
        ("Model", name(statement.model)),
        ("Calibration report", name(_saving(plan.report)) if plan.report else Shown("")),
    )
    return RiskView(
        tau=people.probability(statement.tau),
        facts=tuple(Pair(Shown(label), value) for label, value in facts if value),
        terms=tuple(_term(term) for term in statement.tau_terms),
    )


def _saving(report: ArtifactRef) -> str:
    return f"maestro evidence show {report.digest} --save calibration.html"


def _certified(statement: RiskStatement) -> str:
    known = people.count(statement.red_builds, "red build")
    return f"certified on {known}" if statement.certified and statement.red_builds else _uncertified(statement, known)


def _uncertified(statement: RiskStatement, known: str) -> str:
    return "nothing to certify" if statement.certified else f"not certified: {known} known"


def _residual(statement: RiskStatement) -> Shown:
    if statement.high - statement.low >= 1:
        return Shown("not known")
    if not statement.high:
        return Shown("none")
    interval = f"{people.probability(statement.low)} to {people.probability(statement.high)}"
    return Shown(
        f"{people.probability(statement.residual_risk)} of breaking pull requests (95 % interval {interval}), "
        f"{people.probability(statement.unconditional_risk)} of all"
    )


def _saved(plan: TestPlan) -> str:
    total = plan.selected_seconds + plan.left_out_seconds
    if not plan.left_out_seconds:
        return "nothing saved"
    return f"{people.seconds(plan.left_out_seconds)} saved ({people.share(plan.left_out_seconds / total)})"


def _term(term: TauTerm) -> Pair:
    factor = "unmoved" if abs(term.factor - 1) < UNMOVED else f"times {term.factor:.2f}"
    return Pair(line(f"{term.name}, {factor}"), line(term.reason))
