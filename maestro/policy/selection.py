"""Asks which risk a tenant takes when tests are left out, and what it calls critical or an agent's."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, JsonValue

from maestro.errors import PolicyDenied
from maestro.model.base import Config
from maestro.model.pull_request import PullRequest
from maestro.model.tests import SelectionRule
from maestro.policy.engine import PolicyEngine

ENTRYPOINT = "data.maestro.selection.answer"

STRICTEST_TAU = 0.01
"""The bound where no policy gives one; the shipped policy says the same of tenants that it does not know."""

Tau = Annotated[float, Field(gt=0, lt=1)]


class SelectionRuling(Config):
    """What policy says of one pull request: the bounds of τ, and its sentences on ``agent`` (empty: a human wrote it),
    what is ``critical``, and what asks for a ``replay``. ``reason`` says where the bounds are from.
    """

    mode: SelectionRule
    base_tau: Tau
    floor: Tau
    ceiling: Tau
    reason: str
    agent: str
    critical: tuple[str, ...]
    replay: tuple[str, ...]


def rule_on_selection(pull_request: PullRequest, files: Sequence[str], *, policy: PolicyEngine) -> SelectionRuling:
    """The tenant's ruling on a pull request that changes ``files`` (as they are shown: JSON carries no raw bytes).

    Without a usable answer nothing is left out, and what is reported is held against the strictest bound.
    """
    document: dict[str, JsonValue] = {
        "tenant": pull_request.tenant,
        "author": pull_request.author,
        "author_kind": pull_request.author_kind.value,
        "labels": list(pull_request.labels),
        "files": list(files),
    }
    try:
        return policy.evaluate(ENTRYPOINT, document).read(SelectionRuling)
    except PolicyDenied as error:
        return SelectionRuling(
            mode=SelectionRule.SHADOW,
            base_tau=STRICTEST_TAU,
            floor=STRICTEST_TAU,
            ceiling=STRICTEST_TAU,
            reason=error.message,
            agent="",
            critical=(),
            replay=(),
        )
