"""The shape of the data that the shipped policies read. Every setting is written out, because an OPA server that reads
the same files fills in no defaults, and a rule on a missing value is silently undefined.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, RootModel, StrictBool, StrictInt, model_validator

from maestro.config.explain import Refusal
from maestro.model.base import Config
from maestro.model.tests import SelectionRule


def _normalized(name: str) -> str:
    wanted = re.sub(r"[-_.]+", "-", name).lower()
    if name != wanted:
        raise Refusal(f"{name!r} is not how package indexes spell the name", fix=f"write {wanted!r}")
    return name


PackageName = Annotated[str, AfterValidator(_normalized)]


class Residency(Config):
    """Where a tenant's code may run; ``*`` among the regions is every region. ``why`` finishes "not there, because"."""

    rule: str = Field(min_length=1)
    regions: tuple[str, ...] = Field(min_length=1)
    why: str = Field(min_length=1)


class NeedsPerson(Config):
    """When a green pull request still waits for a person. None in ``above_changed_files``: size does not matter."""

    for_agents: StrictBool
    when_not_judged: StrictBool
    when_untested: StrictBool
    when_flaky: StrictBool
    above_changed_files: Annotated[StrictInt, Field(ge=0)] | None


Tau = Annotated[float, Field(gt=0, lt=1)]
Marker = Annotated[str, Field(min_length=1)]
"""Every text contains the empty one, so an empty marker would match everybody."""


class Selection(Config):
    """Which risk of an escape a tenant takes, and what makes a pull request riskier in its eyes.

    ``floor`` and ``ceiling`` bound τ; ``agents`` are parts of names and addresses, ``critical_paths`` files or, with a
    slash at the end, folders.
    """

    mode: SelectionRule
    base_tau: Tau
    floor: Tau
    ceiling: Tau
    agents: tuple[Marker, ...]
    critical_paths: tuple[Marker, ...]
    critical_labels: tuple[Marker, ...]
    replay_labels: tuple[Marker, ...]

    @model_validator(mode="after")
    def _the_base_lies_between_its_bounds(self) -> Self:
        if not self.floor <= self.base_tau <= self.ceiling:
            raise Refusal(
                f"base_tau ({self.base_tau:g}) does not lie between floor ({self.floor:g}) and ceiling "
                f"({self.ceiling:g})",
                fix="write floor <= base_tau <= ceiling",
            )
        return self


class Tenant(Config):
    """What one tenant has decided. ``required_checks`` are those of its forge that have to pass; where none is named,
    every check that the forge reports.
    """

    residency: Residency
    network_for_tests: StrictBool
    needs_person: NeedsPerson
    selection: Selection
    required_checks: tuple[Marker, ...] = ()


class Tenants(RootModel[dict[str, Tenant]]):
    """Tenants by name; a name without an entry is denied everything."""


class DependencyRule(Config):
    """Packages that may run only in ``regions``; the names as package indexes spell them."""

    packages: tuple[PackageName, ...] = Field(min_length=1)
    regions: tuple[str, ...]
    why: str = Field(min_length=1)


class Dependencies(RootModel[dict[str, DependencyRule]]):
    """Rules by name."""


Names = Annotated[tuple[str, ...], Field(min_length=1)]
Kinds = Annotated[tuple[Literal["planned", "forced"], ...], Field(min_length=1)]
Hour = Annotated[StrictInt, Field(ge=0, le=23)]


class NeverActive(Config):
    """Clusters that never become active."""

    clusters: Names
    why: str = Field(min_length=1)


class ForbiddenPair(Config):
    """No failover of these kinds from one cluster to the other; the way back is a rule of its own."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    from_cluster: str = Field(alias="from", min_length=1)
    to: str = Field(min_length=1)
    kinds: Kinds
    why: str = Field(min_length=1)


class BoundTenants(Config):
    """While one of the tenants has open work, only these clusters may be active."""

    tenants: Names
    clusters: Names
    why: str = Field(min_length=1)


class RestHours(Config):
    """No failover of these kinds in these hours of the day, in UTC."""

    kinds: Kinds
    hours: tuple[Hour, ...] = Field(min_length=1)
    why: str = Field(min_length=1)


class FailoverRules(Config):
    """Rules by name, by what they are about."""

    never_active: dict[str, NeverActive]
    pairs: dict[str, ForbiddenPair]
    tenants: dict[str, BoundTenants]
    hours: dict[str, RestHours]
