"""Asks whether the tests of a tenant get the network that their suite asks for."""

from maestro.errors import PolicyDenied
from maestro.model.base import Config
from maestro.policy.engine import PolicyEngine

ENTRYPOINT = "data.maestro.network.answer"


class NetworkRuling(Config):
    """Whether the network is open, and the sentence that says why."""

    allowed: bool
    reason: str


def rule_on_network(*, tenant: str, wanted: bool, policy: PolicyEngine) -> NetworkRuling:
    """The tenant's ruling; a policy without a usable answer keeps the tests offline."""
    try:
        return policy.evaluate(ENTRYPOINT, {"tenant": tenant, "wanted": wanted}).read(NetworkRuling)
    except PolicyDenied as error:
        return NetworkRuling(allowed=False, reason=error.message)
