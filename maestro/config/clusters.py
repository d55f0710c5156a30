"""Temporal clusters that are joined by a global namespace, and when and how the namespace moves between them."""

import os
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from maestro.config.explain import Refusal
from maestro.config.slo import Slo
from maestro.errors import BadInput
from maestro.model.base import Config

Seconds = Annotated[float, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Address = Annotated[str, Field(pattern=r"^[^\s:/]+:[0-9]{1,5}$")]

DEFAULT_INCREMENT = 100
"""Failover versions of one cluster differ by this; the same everywhere, never to be changed."""

HANDOVER_LIMIT_SECONDS = 30.0
"""Temporal itself ends a handover after this (the handover workflow of the server, release 1.32)."""

HANDOVER_SLACK_SECONDS = 10.0
"""Beyond the handover itself an activity may be unheard for the frontends' namespace cache (2 s), a throttled heartbeat
(2 s) and a busy machine; a shorter heartbeat timeout makes Temporal run again what is still running.
"""


class ClusterConfig(Config):
    """A Temporal cluster. ``address`` is where its frontend is reached; ``peer_address`` where the other clusters reach
    it, if that differs. ``started`` says that ``maestro up --clusters`` starts it here; one that runs elsewhere (an
    own one, Temporal Cloud) is only connected to. ``metrics_address`` is its Prometheus endpoint, where there is one.
    ``api_key_variable`` names the environment variable with its API key.
    """

    name: Name
    address: Address
    peer_address: Address | None = None
    initial_failover_version: int = Field(ge=1)
    started: bool = True
    metrics_address: Address | None = None
    tls: bool = False
    api_key_variable: str = ""

    @property
    def host(self) -> str:
        return self.address.rpartition(":")[0]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def reached_by_peers(self) -> str:
        return self.peer_address or self.address

    def api_key(self) -> str | None:
        """The API key of the environment, or None where none is wanted. Raises BadInput where it is not set."""
        if not self.api_key_variable:
            return None
        key = os.environ.get(self.api_key_variable, "")
        if not key:
            raise BadInput(
                f"the environment variable {self.api_key_variable} is empty",
                field=f"clusters.{self.name}.api_key_variable",
                fix="set it to an API key of the cluster's namespace, or remove the setting",
            )
        return key


class Persistence(Config):
    """Where the clusters that are started here keep their state: a file each, or databases of a PostgreSQL.

    ``url`` is ``postgresql://user:password@host:port``; two databases per cluster are made there.
    """

    kind: Literal["sqlite", "postgresql"] = "sqlite"
    url: str = ""

    @model_validator(mode="after")
    def _postgresql_has_an_address(self) -> Self:
        if (self.kind == "postgresql") != bool(self.url):
            raise Refusal(
                "kind and url do not fit each other",
                fix="give a url for postgresql, and none for sqlite",
            )
        return self


class Failover(Config):
    """Who decides that the namespace moves, and when. ``home`` is the cluster that it returns to.

    ``mode``: ``automatic`` lets the controllers act, ``manual`` lets them only measure and say what they would do.
    """

    home: Name | None = None
    mode: Literal["automatic", "manual"] = "automatic"
    version_increment: int = Field(default=DEFAULT_INCREMENT, ge=2)
    probe_timeout_seconds: Seconds = 1.5
    canary_seconds: Seconds = 10.0
    controller_lease_seconds: Seconds = 4.0
    quiet_seconds: Seconds = 600.0
    min_interval_seconds: Seconds = 60.0
    max_interval_seconds: Seconds = 960.0
    replication_lag_limit_seconds: Seconds = 20.0
    replication_backlog_limit: int = Field(default=500, ge=1)
    ledger_latency_limit_seconds: Seconds = 1.0
    allowed_lagging_seconds: int = Field(default=10, ge=1)
    handover_timeout_seconds: float = Field(default=10.0, gt=0, le=HANDOVER_LIMIT_SECONDS)
    slo: Slo = Slo()
