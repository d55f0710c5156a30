"""The topology of a stack: where Temporal is, which regions there are, limits, prices and deadlines.

``temporal-dev.yaml`` spells out every default of these models, with comments; a topology of one's own needs only what
differs. All durations are seconds.
"""

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from maestro.config.carbon import SOURCE, grids
from maestro.config.clusters import HANDOVER_SLACK_SECONDS, ClusterConfig, Failover, Persistence
from maestro.config.explain import Refusal, spelling
from maestro.config.gateway import ForgeConfig, GatewayConfig
from maestro.config.yamlfile import load
from maestro.errors import BadInput
from maestro.model.base import Config
from maestro.model.region import Region
from maestro.resources import resource_path

FILE_NAME = "temporal-dev.yaml"
VARIABLE = "MAESTRO_TOPOLOGY"
UI_VARIABLE = "MAESTRO_TEMPORAL_UI"
"""Where the web UI of a Temporal server that runs elsewhere is."""

Seconds = Annotated[float, Field(gt=0)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Namespace = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}(\.[a-z0-9]{1,32})?$")]
"""In Temporal Cloud the account stands behind a dot."""


class Temporal(Config):
    """The Temporal server and the namespace; ``address`` is ``host:port``.

    ``clustered`` says that the topology's clusters are used, and not the one server at ``address``.
    """

    address: str = Field(default="127.0.0.1:7233", pattern=r"^[^\s:/]+:[0-9]{1,5}$")
    ui_port: Port = 8233
    namespace: Namespace = "maestro"
    retention_days: int = Field(default=30, ge=1)
    task_queue: str = Field(default="maestro", min_length=1)
    clustered: bool = False

    @property
    def host(self) -> str:
        return self.address.rpartition(":")[0]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])


def _known_grid(key: str) -> str:
    if key not in grids():
        raise Refusal(f"there is no carbon figure for a grid named {key!r}", fix=spelling(key, sorted(grids())))
    return key


KnownGrid = Annotated[str, AfterValidator(_known_grid)]


class RegionConfig(Config):
    """A region as it is written; ``price_usd_per_hour`` and ``power_kw`` are those of one slot under load.

    ``cluster`` names the Temporal cluster that stands in it, where there are clusters.
    """

    id: Identifier
    title: str = ""
    grid: KnownGrid
    price_usd_per_hour: Decimal = Field(ge=0)
    power_kw: float = Field(ge=0)
    slots: int = Field(ge=1, le=1_000)
    metrics_port: Port | None = None
    cluster: Identifier | None = None


class HealthLimits(Config):
    """Beyond any of these a region counts as not healthy and receives nothing."""

    heartbeat_age_limit_seconds: Seconds = 30.0
    backlog_limit: int = Field(default=200, ge=0)
    start_latency_p95_limit_seconds: Seconds = 60.0


class Prices(Config):
    """What carbon and waiting are worth, so that a region's score is one sum of dollars."""

    carbon_usd_per_tonne: Decimal = Field(default=Decimal(100), ge=0)
    waiting_usd_per_hour: Decimal = Field(default=Decimal(30), ge=0)


Recorded = Literal["off", "nightly", "always"]


class Run(Config):
    """How tests are cut into shards, watched and isolated; ``recording`` says in which runs it is noted what each test
    executes: never, at night on main branches, or always. One older than ``recording_limit_days`` is not trusted.
    """

    target_shard_seconds: Seconds = 60.0
    max_shards: int = Field(default=16, ge=1, le=500)
    shard_timeout_seconds: Seconds = 1_800.0
    hang_timeout_seconds: Seconds = 300.0
    output_limit_bytes: int = Field(default=20_000_000, ge=10_000)
    isolation: Literal["auto", "bubblewrap", "namespaces", "none"] = "auto"
    heartbeat_timeout_seconds: Seconds = 20.0
    schedule_to_start_timeout_seconds: Seconds = 45.0
    recording: Recorded = "nightly"
    recording_limit_days: float = Field(default=30.0, gt=0)

    @model_validator(mode="after")
    def _a_hang_is_noticed_before_the_shard_ends(self) -> Self:
        if self.hang_timeout_seconds >= self.shard_timeout_seconds:
            raise Refusal(
                f"hang_timeout_seconds ({self.hang_timeout_seconds:g}) is not below shard_timeout_seconds "
                f"({self.shard_timeout_seconds:g}), so a hanging test would never be named",
                fix="lower hang_timeout_seconds or raise shard_timeout_seconds",
            )
        return self


class DecisionTimes(Config):
    """How long a pull request waits: for a person, for a reminder, after it was blocked, for a region."""

    person_deadline_seconds: Seconds = 259_200.0
    reminder_after_seconds: Seconds = 86_400.0
    blocked_open_seconds: Seconds = 86_400.0
    placement_deadline_seconds: Seconds = 86_400.0

    @model_validator(mode="after")
    def _the_reminder_comes_before_the_deadline(self) -> Self:
        if self.reminder_after_seconds >= self.person_deadline_seconds:
            raise Refusal(
                f"reminder_after_seconds ({self.reminder_after_seconds:g}) is not below person_deadline_seconds "
                f"({self.person_deadline_seconds:g}), so nobody would be reminded",
                fix="lower reminder_after_seconds or raise person_deadline_seconds",
            )
        return self


class Nightly(Config):
    """When the nightly run starts, how late it may still start after an outage, and how much of a main branch it runs:
    everything every ``full_suite_days`` days, and in between what is worth knowing within ``exploration_seconds``.
    """

    hour: int = Field(default=2, ge=0, le=23)
    minute: int = Field(default=30, ge=0, le=59)
    time_zone: str = "UTC"
    catchup_seconds: float = Field(default=14_400.0, ge=60, le=86_400)
    full_suite_days: int = Field(default=1, ge=1, le=30)
    exploration_seconds: float = Field(default=300.0, ge=0, le=86_400)


class CalibrationTime(Config):
    """When the weekly calibration starts (``weekday`` 0 is Sunday), and how late it may still start after an outage."""

    weekday: int = Field(default=0, ge=0, le=6)
    hour: int = Field(default=5, ge=0, le=23)
    minute: int = Field(default=0, ge=0, le=59)
    time_zone: str = "UTC"
    catchup_seconds: float = Field(default=86_400.0, ge=60, le=518_400)


class Stack(Config):
    """The local stack: None leaves a dead worker dead."""

    restart_after_seconds: Seconds | None = 10.0


class Versioning(Config):
    """The worker deployment version, where workers are rolled out by Temporal's worker versioning."""

    deployment: str = Field(min_length=1)
    build_id: str = Field(min_length=1)


SearchAttributeType = Literal["Keyword", "KeywordList", "Text", "Int", "Double", "Bool", "Datetime"]


def _search_attributes() -> dict[str, SearchAttributeType]:
    return {
        "MaestroRepo": "Keyword",
        "MaestroPullRequest": "Keyword",
        "MaestroTenant": "Keyword",
        "MaestroAuthor": "Keyword",
        "MaestroPhase": "Keyword",
        "MaestroDecision": "Keyword",
        "MaestroRegion": "Keyword",
        "MaestroDeadline": "Datetime",
    }


class Topology(Config):
    """Everything that a stack is made of."""

    temporal: Temporal = Temporal()
    regions: tuple[RegionConfig, ...]
    health: HealthLimits = HealthLimits()
    prices: Prices = Prices()
    run: Run = Run()
    decision: DecisionTimes = DecisionTimes()
    nightly: Nightly = Nightly()
    calibration: CalibrationTime = CalibrationTime()
    search_attributes: dict[str, SearchAttributeType] = Field(default_factory=_search_attributes)
    stack: Stack = Stack()
    versioning: Versioning | None = None
    clusters: tuple[ClusterConfig, ...] = ()
    persistence: Persistence = Persistence()
    failover: Failover = Failover()
    gateway: GatewayConfig = GatewayConfig()
    forges: tuple[ForgeConfig, ...] = ()

    @model_validator(mode="after")
    def _there_is_a_region_and_nothing_is_claimed_twice(self) -> Self:
        if not self.regions:
            raise Refusal("there is no region, so nothing could ever run", fix="add one under regions")
        ids = [region.id for region in self.regions]
        for name in ids:
            if ids.count(name) > 1:
                raise Refusal(f"two regions have the id {name!r}", fix="give each region its own id")
        names = [forge.name for forge in self.forges]
        for name in names:
            if names.count(name) > 1:
                raise Refusal(f"two forges have the name {name!r}", fix="give each forge its own name")
        ports = [self.temporal.port, self.temporal.ui_port, self.gateway.port]
        ports += [region.metrics_port for region in self.regions if region.metrics_port is not None]
        for port in ports:
            if ports.count(port) > 1:
                raise Refusal(
                    f"port {port} is used twice",
                    fix="give each of address, ui_port, gateway.port and metrics_port its own",
                )
        return self

    @model_validator(mode="after")
    def _the_clusters_fit_the_regions(self) -> Self:
        names = [cluster.name for cluster in self.clusters]
        for name in names:
            if names.count(name) > 1:
                raise Refusal(f"two clusters have the name {name!r}", fix="give each cluster its own name")
        if self.temporal.clustered and len(self.clusters) < 2:
            raise Refusal("clustered needs two clusters at least", fix="add them under clusters, or remove the setting")
        unheard = self.failover.handover_timeout_seconds + HANDOVER_SLACK_SECONDS
        if self.temporal.clustered and self.run.heartbeat_timeout_seconds < unheard:
            raise Refusal(
                f"run.heartbeat_timeout_seconds ({self.run.heartbeat_timeout_seconds:g}) is below {unheard:g}, so a "
                "planned failover would run again what is still running",
                fix=f"raise it to {unheard:g}, or lower failover.handover_timeout_seconds",
            )
        increment = self.failover.version_increment
        residues = [cluster.initial_failover_version for cluster in self.clusters]
        if any(version >= increment for version in residues) or len(set(residues)) < len(residues):
            raise Refusal(
                f"the clusters' initial_failover_version must differ and be below {increment}",
                fix="number them 1, 2, ... as the clusters' own configuration does",
            )
        for region in self.regions:
            if names and region.cluster not in names:
                raise Refusal(
                    f"region {region.id!r} belongs to no cluster (cluster: {region.cluster})",
                    fix=f"give it cluster: {' or '.join(names)}",
                )
        if self.failover.home is not None and self.failover.home not in names:
            raise Refusal(
                f"failover.home {self.failover.home!r} is no cluster", fix=spelling(self.failover.home, names)
            )
        return self

    def active_clusters(self) -> tuple[ClusterConfig, ...]:
        """The joined clusters, or none where one server is used."""
        return self.clusters if self.temporal.clustered else ()

    def cluster(self, name: str) -> ClusterConfig:
        """The cluster called ``name``. Raises BadInput naming those that there are."""
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        names = [cluster.name for cluster in self.clusters]
        raise BadInput(f"the topology has no cluster {name!r}", field="clusters", fix=spelling(name, names))

    def home_cluster(self) -> ClusterConfig:
        """Where the namespace belongs while all is well: ``failover.home``, else the first cluster."""
        return self.cluster(self.failover.home or self.clusters[0].name)

    def own_ports(self) -> tuple[int, ...]:
        """The ports of the platform, which no test may reach: Temporal's and the gateway's."""
        return (self.temporal.port, self.temporal.ui_port, self.gateway.listening_port)

    def regions_of(self, cluster: str) -> tuple[str, ...]:
        """The ids of the regions that belong to a cluster."""
        return tuple(region.id for region in self.regions if region.cluster == cluster)

    def model_regions(self) -> tuple[Region, ...]:
        """The regions with the carbon intensity of their grids."""
        return tuple(_region(config) for config in self.regions)


def _region(config: RegionConfig) -> Region:
    figure = grids()[config.grid]
    return Region(
        id=config.id,
        title=config.title or figure.location,
        price_usd_per_hour=config.price_usd_per_hour,
        carbon_g_per_kwh=figure.carbon_g_per_kwh,
        carbon_source=f"{SOURCE}: {figure.key}",
        power_kw=config.power_kw,
        slots=config.slots,
    )


def topology_path(path: Path | None = None) -> Path:
    """The file to read: ``path``, else ``MAESTRO_TOPOLOGY``, else the current folder's, else the shipped one."""
    if path is not None:
        return path
    named = os.environ.get(VARIABLE, "")
    if named:
        if not Path(named).is_file():
            raise BadInput(f"there is no file {named!r}", field=VARIABLE, fix="correct or unset the variable")
        return Path(named)
    here = Path.cwd() / FILE_NAME
    return here if here.is_file() else resource_path(FILE_NAME)


def load_topology(path: Path | None = None) -> Topology:
    """The topology of ``topology_path(path)``; ``BadInput`` names file, line, field and fix."""
    return load(topology_path(path), Topology)
