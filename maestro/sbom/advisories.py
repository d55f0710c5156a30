"""Advisories in OSV form (schema 1.x): one file read into what matching and counting need, or refused.

Only facts are kept (ids, versions, severities); descriptions are other people's prose and stay outside.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import Field, ValidationError

from maestro.model.base import Model
from maestro.sbom.locked import Ecosystem, normal_name
from maestro.sbom.untrusted import json_of, refuse, rows, table, word, word_or_empty, yaml_of

_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]{1,127}$"
_EVENT_KINDS: Final = ("introduced", "fixed", "last_affected", "limit")
_KNOWN: Final = frozenset(str(each) for each in Ecosystem)
_FRACTION: Final = re.compile(r"\.\d+")


class Event(Model):
    """A point in an order of versions at which a package begins or ceases to be affected."""

    kind: str
    version: str = Field(min_length=1, max_length=200)


class Range(Model):
    """Events in one order: ``SEMVER``, or the ``ECOSYSTEM``'s own."""

    type: str
    events: tuple[Event, ...]


class Affected(Model):
    """Which versions of one package are affected. ``says_nothing`` where it names neither versions nor a range of them
    (ranges of git commits are none).
    """

    versions: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()

    @property
    def says_nothing(self) -> bool:
        return not self.versions and not self.ranges


class Advisory(Model):
    """One advisory as it concerns one package. ``vectors`` are CVSS vectors, ``published`` the severity in words where
    the publisher says one.
    """

    id: str = Field(pattern=_ID)
    aliases: tuple[str, ...] = ()
    modified: datetime
    vectors: tuple[str, ...] = ()
    published: str = ""
    affected: tuple[Affected, ...]

    @property
    def names(self) -> frozenset[str]:
        """Everything that the same flaw is called."""
        return frozenset((self.id, *self.aliases))


class Record(Model):
    """What one file says, by ecosystem and package. ``ecosystems`` are all that it names, also those that are not known
    here; ``withdrawn`` advisories are not to be used.
    """

    id: str
    modified: datetime
    withdrawn: datetime | None
    ecosystems: frozenset[str]
    packages: dict[str, dict[str, Advisory]]


def read_record(content: bytes, *, is_yaml: bool) -> Record:
    """The advisory in one file. Raises ``BadInput`` that says what about it is no advisory in OSV form."""
    data = yaml_of(content) if is_yaml else json_of(content)
    schema = word_or_empty(data.get("schema_version"))
    if schema and not re.match(r"^[01]\.", schema):
        refuse(f"it is written in version {schema[:20]!r} of OSV's schema, and 1 is read")
    identity = word(data.get("id"), "the id")
    if not re.fullmatch(_ID, identity):
        refuse(f"{identity[:80]!r} is no id of an advisory")
    modified = _time(data.get("modified"), "modified")
    withdrawn = data.get("withdrawn")
    packages: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for entry in rows(data.get("affected"), "affected"):
        item = table(entry, "an entry of affected")
        where = table(item.get("package"), "a package")
        if not where:
            continue  # a range of commits of a repository, which no package manager installs
        ecosystem = word(where.get("ecosystem"), "the ecosystem of a package")
        name = word(where.get("name"), "the name of a package")
        if ecosystem in _KNOWN:
            name = normal_name(Ecosystem(ecosystem), name)
        packages.setdefault(ecosystem, {}).setdefault(name, []).append(item)
    try:
        return Record(
            id=identity,
            modified=modified,
            withdrawn=None if withdrawn is None else _time(withdrawn, "withdrawn"),
            ecosystems=frozenset(packages),
            packages={
                ecosystem: {name: _advisory(data, identity, modified, items) for name, items in of.items()}
                for ecosystem, of in packages.items()
                if ecosystem in _KNOWN
            },
        )
    except ValidationError as error:
        first = error.errors()[0]
        refuse(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")


def _advisory(data: dict[str, Any], identity: str, modified: datetime, items: list[dict[str, Any]]) -> Advisory:
    severities = [*rows(data.get("severity"), "severity")]
    published = word_or_empty(table(data.get("database_specific"), "database_specific").get("severity"))
    for item in items:
        severities += rows(item.get("severity"), "severity")
        published = published or _published(item)
    aliases = [word(each, "an alias") for each in rows(data.get("aliases"), "aliases")]
    return Advisory(
        id=identity,
        # What is no id is left out: at worst a flaw counts twice.
        aliases=tuple(sorted({each for each in aliases if re.fullmatch(_ID, each)})),
        modified=modified,
        vectors=tuple(sorted({_vector(each) for each in severities} - {""})),
        published=published[:40],
        affected=tuple(_affected(item) for item in items),
    )


def _published(item: dict[str, Any]) -> str:
    told = [item.get("database_specific"), item.get("ecosystem_specific")]
    return next((text for each in told if isinstance(each, dict) and (text := word_or_empty(each.get("severity")))), "")


def _vector(severity: object) -> str:
    item = table(severity, "a severity")
    score = word(item.get("score"), "the score of a severity")
    return score[:500] if word(item.get("type"), "the type of a severity").startswith("CVSS_") else ""


def _affected(item: dict[str, Any]) -> Affected:
    ranges = []
    for entry in rows(item.get("ranges"), "ranges"):
        told = table(entry, "a range")
        kind = word(told.get("type"), "the type of a range")
        events = tuple(event for each in rows(told.get("events"), "events") for event in _events(each))
        if kind == "GIT":
            continue
        if kind not in {"SEMVER", "ECOSYSTEM"}:
            refuse(f"{kind[:40]!r} is no type of a range")
        if not any(event.kind == "introduced" for event in events):
            refuse("a range says nowhere where it begins")
        ranges.append(Range(type=kind, events=events))
    versions = tuple(_version(each) for each in rows(item.get("versions"), "versions"))
    return Affected(versions=versions, ranges=tuple(ranges))


def _events(value: object) -> list[Event]:
    item = table(value, "an event")
    found = [Event(kind=kind, version=_version(item[kind])) for kind in _EVENT_KINDS if kind in item]
    if not found or len(found) != len(item):
        refuse("an event is none of introduced, fixed, last_affected and limit")
    return found


def _version(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else word(value, "a version")
    if not text.strip() or len(text) > 200:
        refuse("a version is empty or too long")
    return text.strip()


def _time(value: object, what: str) -> datetime:
    text = _FRACTION.sub("", word(value, what))
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        refuse(f"{what} is no time: {text[:40]!r}")
