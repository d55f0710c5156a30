"""The shape of the data that the shipped policies read. Every setting is written out, because an OPA server that reads
the same files fills in no defaults, and a rule on a missing value is silently undefined.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, RootModel, StrictBool, StrictInt

from maestro.config.explain import Refusal
from maestro.model.base import Config


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


class Tenant(Config):
    """What one tenant has decided."""

    residency: Residency
    network_for_tests: StrictBool
    needs_person: NeedsPerson


class Tenants(RootModel[dict[str, Tenant]]):
    """Tenants by name; a name without an entry is denied everything."""


class DependencyRule(Config):
    """Packages that may run only in ``regions``; the names as package indexes spell them."""

    packages: tuple[PackageName, ...] = Field(min_length=1)
    regions: tuple[str, ...]
    why: str = Field(min_length=1)


class Dependencies(RootModel[dict[str, DependencyRule]]):
    """Rules by name."""
