"""What happened to a hash chain, read backwards from its head: changed, dropped, reordered, inserted.

The walk trusts the head, and from there each hash that a sound link names. Whoever can rewrite the whole chain and its
head is caught only by an anchor: a head noted earlier, outside the ledger.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from maestro.model.base import Model

GENESIS_HASH = "sha256:" + "0" * 64
"""What the first record names as the one before it."""


class ChainHead(Model):
    """The newest link: its number, counted from 1 (0 while the chain is empty), and its hash."""

    sequence: int
    hash: str


class ChainProblem(Model):
    """One record that is not what was recorded. ``sequence`` is the number under which it was, or is found."""

    kind: Literal["changed", "dropped", "reordered", "inserted"]
    sequence: int
    key: str = ""
    message: str


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the chain. ``written_at`` is the number inside its hashed body, ``stands_at`` that of the row; it is
    ``sound`` when its hash fits its body and its columns say the same as the body.
    """

    stands_at: int
    written_at: int
    key: str
    hash: str
    previous_hash: str
    sound: bool


def problems_of(
    links: Sequence[Link], *, head: ChainHead | None, anchor: ChainHead | None = None
) -> tuple[ChainProblem, ...]:
    """Every problem of the chain, in the order of its numbers. ``links`` come in the order in which they stand.

    >>> problems_of([], head=ChainHead(sequence=0, hash=GENESIS_HASH))
    ()
    """
    found: list[ChainProblem] = []
    if head is None:
        found.append(ChainProblem(kind="dropped", sequence=0, message="the head of the chain is gone"))
        head = ChainHead(sequence=links[-1].stands_at, hash=links[-1].hash) if links else _EMPTY
    found += _walk(links, head)
    if anchor is not None:
        found += _against_anchor(links, anchor)
    return tuple(sorted(found, key=lambda problem: (problem.sequence, problem.kind)))


_EMPTY = ChainHead(sequence=0, hash=GENESIS_HASH)


def _walk(links: Sequence[Link], head: ChainHead) -> list[ChainProblem]:
    by_hash = {link.hash: link for link in sorted(links, key=lambda link: link.sound)}
    found: list[ChainProblem] = []
    met: set[int] = set()
    wanted: str | None = head.hash
    for sequence, guess in _guesses(links, last=head.sequence):
        link = guess if wanted is None else by_hash.get(wanted, guess)
        if link is None:
            found.append(_dropped(sequence))
            wanted = None
            continue
        if wanted not in {None, link.hash}:
            found.append(_changed(link, f"record {sequence} is not the one that was chained"))
        elif not link.sound:
            found.append(_changed(link, f"record {sequence} does not fit its hash"))
        elif link.stands_at != sequence:
            found.append(_reordered(link, sequence))
        met.add(link.stands_at)
        wanted = link.previous_hash
    if wanted not in {None, GENESIS_HASH}:
        found.append(ChainProblem(kind="dropped", sequence=0, message="the chain does not begin at its beginning"))
    return found + [_inserted(link) for link in links if link.stands_at not in met]


def _guesses(links: Sequence[Link], *, last: int) -> Iterator[tuple[int, Link | None]]:
    """For each number from ``last`` down to 1, the link to take where no hash leads to one: that which stands there,
    unless it only moved there from another number; else a sound one that was written for it.
    """
    standing = {link.stands_at: link for link in links if link.written_at == link.stands_at or not link.sound}
    written = {link.written_at: link for link in links if link.sound}
    for sequence in range(last, 0, -1):
        yield sequence, standing.get(sequence, written.get(sequence))


def _against_anchor(links: Sequence[Link], anchor: ChainHead) -> list[ChainProblem]:
    if anchor.sequence == 0:
        return []
    link = next((link for link in links if link.stands_at == anchor.sequence), None)
    if link is None:
        return [_dropped(anchor.sequence)]
    if link.hash != anchor.hash:
        return [_changed(link, f"record {anchor.sequence} is not the one that the anchor names")]
    return []


def _changed(link: Link, message: str) -> ChainProblem:
    return ChainProblem(kind="changed", sequence=link.stands_at, key=link.key, message=message)


def _dropped(sequence: int) -> ChainProblem:
    return ChainProblem(kind="dropped", sequence=sequence, message=f"record {sequence} is gone")


def _reordered(link: Link, sequence: int) -> ChainProblem:
    message = f"record {sequence} stands at number {link.stands_at}"
    return ChainProblem(kind="reordered", sequence=sequence, key=link.key, message=message)


def _inserted(link: Link) -> ChainProblem:
    message = f"number {link.stands_at} was never chained"
    return ChainProblem(kind="inserted", sequence=link.stands_at, key=link.key, message=message)
