"""The timeline's part of a narrative: when, who, what; the first and the last entries where there are many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from maestro.model.decision import TimelineEntry
from maestro.render import people
from maestro.render.sources import Source
from maestro.render.untrusted import LINE_LIMIT, Shown, line, name

ENTRIES_AT_MOST: Final = 1_000
"""Entries in the annex; the card in the bundle has all."""

ACTOR_LIMIT: Final = 60


@dataclass(frozen=True)
class Moment:
    """An entry of the timeline, in UTC."""

    when: Shown
    actor: Shown
    event: Shown
    sources: tuple[Source, ...]


def moments(
    entries: Sequence[TimelineEntry],
    limit: int | None,
    *,
    sources: tuple[Source, ...],
    characters: int = LINE_LIMIT,
) -> tuple[tuple[Moment, ...], int]:
    """The first and the last entries, ``limit`` together, and how many lie between; for None, what an annex holds."""
    room = ENTRIES_AT_MOST if limit is None else limit
    first = room // 2
    last = room - first
    kept = [*entries[:first], *entries[len(entries) - last :]] if len(entries) > room else list(entries)
    return tuple(_moment(entry, sources, characters) for entry in kept), len(entries) - len(kept)


def _moment(entry: TimelineEntry, sources: tuple[Source, ...], characters: int) -> Moment:
    detail = line(entry.detail, limit=characters)
    event = line(entry.event, limit=characters)
    return Moment(
        when=Shown(f"{people.day(entry.at)} {people.clock(entry.at)}"),
        actor=name(entry.actor, limit=min(ACTOR_LIMIT, characters)),
        event=Shown(f"{event}: {detail}") if detail else event,
        sources=sources,
    )
