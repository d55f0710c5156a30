"""Asks which of a forge's checks a tenant requires."""

from maestro.model.base import Config
from maestro.model.pull_request import PullRequest
from maestro.policy.engine import PolicyEngine

ENTRYPOINT = "data.maestro.checks.answer"


class _ChecksRuling(Config):
    required: tuple[str, ...]


def required_checks(pull_request: PullRequest, *, policy: PolicyEngine) -> tuple[str, ...]:
    """The names of the required checks; none means every check that is reported.

    Raises PolicyDenied where the policy gives no usable answer.
    """
    return policy.evaluate(ENTRYPOINT, {"tenant": pull_request.tenant}).read(_ChecksRuling).required
