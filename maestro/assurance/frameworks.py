"""Public frameworks: the identifiers that controls may be mapped to, and what of them nobody can see from here.

Titles are our own. A mapping to an identifier that does not exist is refused, like any other typing mistake.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from maestro.config.explain import Refusal, spelling
from maestro.model.base import Config

Text = Annotated[str, Field(min_length=1, max_length=600)]
Identifiers = dict[str, Text]

UNKNOWN: Final = "the framework has no such identifier"


def _not_empty(identifiers: Identifiers) -> Identifiers:
    if not identifiers:
        raise Refusal("the framework has no identifier", fix="name those that controls are mapped to")
    return identifiers


class Framework(Config):
    """A framework by its release. ``complete`` promises that every identifier is mapped or listed as not visible."""

    title: Text
    source: Text
    complete: bool = False
    identifiers: Annotated[Identifiers, AfterValidator(_not_empty)]


class FrameworksFile(Config):
    """A file of the catalogue that names frameworks."""

    frameworks: dict[str, Framework]


class Outside(Config):
    """A requirement that a conductor of pull requests cannot see, and why. ``partly``: controls answer a part of it,
    and ``reason`` says what they leave open.
    """

    requirement: Text
    reason: Text
    partly: bool = False


class OutsideFile(Config):
    """A file of the catalogue that says what it cannot answer."""

    framework: str = "osps-baseline"
    outside: tuple[Outside, ...] = Field(min_length=1)


def check_identifier(frameworks: Mapping[str, Framework], framework: str, identifier: str) -> None:
    """Refuse what the frameworks do not know; raises ``Refusal``. Without frameworks every identifier is taken."""
    if not frameworks:
        return
    if framework not in frameworks:
        raise Refusal(f"there is no framework {framework!r}", fix=spelling(framework, sorted(frameworks)))
    known = frameworks[framework].identifiers
    if identifier not in known:
        near = spelling(identifier, sorted(known))
        fix = near if near.startswith("did you mean") else "correct it, or add it to the framework's identifiers"
        raise Refusal(f"{framework} has no {identifier!r}", fix=fix)
