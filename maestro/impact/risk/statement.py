"""What a plan can promise without a model: all or nothing, said openly."""

import math

from maestro.impact.risk.appetite import RiskAppetite
from maestro.model.tests import RiskStatement
from maestro.words import count

REACHED = "No import path leads from what is left out to the change, as far as the static graph can see."
NARROWED = "Only changed, recently failed and directly affected tests run; longer import paths are left out too."


def statement_without_model(
    appetite: RiskAppetite, *, left_out: int, narrowed: bool = False, red_builds: int = 0
) -> RiskStatement:
    """The statement of a plan that the import graph made, or that leaves nothing out.

    ``narrowed`` says that a reviewer wanted only what is nearest to the change. ``red_builds`` is how many of the
    repository's are known; what they could certify is said, not claimed.
    """
    if not left_out:
        return RiskStatement(
            tau=appetite.tau,
            tau_terms=appetite.terms,
            residual_risk=0.0,
            low=0.0,
            high=0.0,
            unconditional_risk=0.0,
            method="everything runs",
            certified=True,
            red_builds=red_builds,
            promise="Nothing is left out, so nothing can escape by being left out.",
        )
    known = f"{count(red_builds, 'red build')} of this repository {'is' if red_builds == 1 else 'are'}"
    return RiskStatement(
        tau=appetite.tau,
        tau_terms=appetite.terms,
        residual_risk=1.0,
        low=0.0,
        high=1.0,
        unconditional_risk=1.0,
        method="import graph",
        certified=False,
        red_builds=red_builds,
        promise=(
            f"{NARROWED if narrowed else REACHED} That is no certified bound: {known} known, and a τ of "
            f"{appetite.tau:.2g} takes at least {needed_red_builds(appetite.tau)}."
        ),
    )


def needed_red_builds(tau: float) -> int:
    """The fewest red builds whose own ranks can certify τ: below 1/(n + 1) no threshold on n of them can."""
    return math.ceil(1 / tau) - 1


def in_words(statement: RiskStatement) -> str:
    """τ with what moved it, and the promise, for the ledger."""
    moved = [f"{term.name} times {term.factor:.3g} ({term.reason})" for term in statement.tau_terms if term.factor != 1]
    first = statement.tau_terms[0].reason if statement.tau_terms else f"τ is {statement.tau:.3g}"
    became = f"; {', '.join(moved)}; so it is {statement.tau:.3g}" if moved else ""
    return f"{first}{became}. {statement.promise} Method: {statement.method}."
