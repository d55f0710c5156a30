"""What a region's configuration says about running untrusted tests: how isolated, how long, how loud."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from maestro.model.base import Model

IsolationWish = Literal["auto", "bubblewrap", "namespaces", "none"]
"""``auto`` takes the strongest that works on this machine, and never ``none``."""


class Isolation(StrEnum):
    """How tests were kept away from the machine; the card says which."""

    BUBBLEWRAP = "bubblewrap"
    NAMESPACES = "namespaces"
    NONE = "none"


class ExecutionSettings(Model):
    """Limits of one region's runs, from the topology's ``run`` section.

    ``network`` is what the tenant's policy allows; a suite gets the network only when it asks as well.
    ``protected_ports`` are TCP ports of the platform (Temporal, gateway, ledger): a test with network can never reach
    them, on whatever address. ``memory`` of a run is not limited here: the region's own cgroup does that.
    """

    isolation: IsolationWish = "auto"
    shard_timeout_seconds: float = Field(default=1_800.0, gt=0)
    hang_timeout_seconds: float = Field(default=300.0, gt=0)
    list_timeout_seconds: float = Field(default=600.0, gt=0)
    build_timeout_seconds: float = Field(default=1_800.0, gt=0)
    grace_seconds: float = Field(default=5.0, ge=0)
    output_limit_bytes: int = Field(default=20_000_000, ge=10_000)
    network: bool = False
    protected_ports: tuple[int, ...] = ()
