"""The timeline's part of a narrative: when, who, what; the first and the last entries where there are many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from maestro.model.decision import TimelineEntry
from maestro.render import people
from maestro.render.sources import Source
from maestro.render.untrusted import LINE_LIMIT, Shown, line, name

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
    limit: int,
    *,
    sources: tuple[Source, ...],
    characters: int = LINE_LIMIT,
) -> tuple[tuple[Moment, ...], int]:
    """The first and the last entries, ``limit`` together, and how many lie between."""
    first = limit // 2
    last = limit - first
    kept = [*entries[:first], *entries[len(entries) - last :]] if len(entries) > limit else list(entries)
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
