"""What happened to a hash chain, read backwards from its head: changed, dropped, reordered, inserted.

The walk trusts the head, and from there each hash that a sound link names. Whoever can rewrite the whole chain and its
head is caught only by an anchor: a head noted earlier, in a signed checkpoint or outside the ledger.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from maestro.model.base import Model

GENESIS_HASH = "sha256:" + "0" * 64
"""What the first record names as the one before it."""

NAMED_ONE_BY_ONE = 1_000
"""Missing records in a row that are named each; a longer gap is named by its ends."""


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


@dataclass(frozen=True)
class Anchor:
    """A head that was noted earlier, and by what: "the anchor", "checkpoint 3"."""

    head: ChainHead
    name: str = "the anchor"


def problems_in(
    links: Callable[[], Iterable[Link]], *, head: ChainHead | None, anchors: Sequence[Anchor] = ()
) -> tuple[ChainProblem, ...]:
    """Every problem of the chain, in the order of its numbers. ``links`` gives them in the order in which they stand.

    A chain that holds is read once and needs no memory; only one that does not is taken apart as a whole.

    >>> problems_in(list, head=ChainHead(sequence=0, hash=GENESIS_HASH))
    ()
    """
    wanted = {anchor.head.sequence for anchor in anchors}
    noted: dict[int, Link] = {}
    if _holds(links(), head=head, noted=noted, wanted=wanted):
        return tuple(_against(anchors, noted))
    return problems_of(list(links()), head=head, anchors=anchors)


def problems_of(
    links: Sequence[Link], *, head: ChainHead | None, anchors: Sequence[Anchor] = ()
) -> tuple[ChainProblem, ...]:
    """As ``problems_in``, of links that are in memory."""
    found: list[ChainProblem] = []
    if head is None:
        found.append(ChainProblem(kind="dropped", sequence=0, message="the head of the chain is gone"))
        head = ChainHead(sequence=links[-1].stands_at, hash=links[-1].hash) if links else _EMPTY
    found += _walk(links, head)
    found += _against(anchors, {link.stands_at: link for link in links})
    return tuple(sorted(found, key=lambda problem: (problem.sequence, problem.kind)))


def is_next(link: Link, *, after: ChainHead) -> bool:
    """Whether the link is the sound one that was chained to ``after``."""
    number = after.sequence + 1
    return link.sound and link.stands_at == link.written_at == number and link.previous_hash == after.hash


_EMPTY = ChainHead(sequence=0, hash=GENESIS_HASH)


def _holds(links: Iterable[Link], *, head: ChainHead | None, noted: dict[int, Link], wanted: set[int]) -> bool:
    reached = _EMPTY
    for link in links:
        if not is_next(link, after=reached):
            return False
        reached = ChainHead(sequence=link.stands_at, hash=link.hash)
        if link.stands_at in wanted:
            noted[link.stands_at] = link
    return reached == head


def _walk(links: Sequence[Link], head: ChainHead) -> list[ChainProblem]:
    by_hash = {link.hash: link for link in sorted(links, key=lambda link: link.sound)}
    found: list[ChainProblem] = []
    met: set[int] = set()
    wanted: str | None = head.hash
    for sequence, guess in _guesses(links, last=head.sequence):
        if isinstance(guess, int):
            found.append(_dropped(sequence, first=guess))
            wanted = None
            continue
        link = guess if wanted is None else by_hash.get(wanted, guess)
        if link is None:
            found.append(_dropped(sequence))
            wanted = None
            continue
        if wanted not in {None, link.hash}:
            found.append(_changed(link, sequence, f"record {sequence} is not the one that was chained"))
        elif not link.sound:
            found.append(_changed(link, sequence, f"record {sequence} does not fit its hash"))
        elif link.stands_at != sequence:
            found.append(_reordered(link, sequence))
        met.add(id(link))
        wanted = link.previous_hash
    if wanted not in {None, GENESIS_HASH}:
        found.append(ChainProblem(kind="dropped", sequence=0, message="the chain does not begin at its beginning"))
    return found + [_inserted(link) for link in links if id(link) not in met]


def _guesses(links: Sequence[Link], *, last: int) -> Iterator[tuple[int, Link | int | None]]:
    """For each number from ``last`` down to 1, the link to take where no hash leads to one: that which stands there,
    unless it only moved there from another number; else a sound one that was written for it. Of a gap that is too long
    to be named number by number: its last number, and its first one.
    """
    standing = {link.stands_at: link for link in links if link.written_at == link.stands_at or not link.sound}
    written = {link.written_at: link for link in links if link.sound}
    known = sorted({0} | {number for number in (*standing, *written) if 0 < number <= last}, reverse=True)
    above = last + 1
    for number in known:
        if above - number - 1 > NAMED_ONE_BY_ONE:
            yield above - 1, number + 1
        else:
            yield from ((missing, None) for missing in range(above - 1, number, -1))
        if number > 0:
            yield number, standing.get(number, written.get(number))
        above = number


def _against(anchors: Iterable[Anchor], links: dict[int, Link]) -> Iterator[ChainProblem]:
    """Where the chain is not what an anchor saw; of anchors in a row that all disagree, the first."""
    agreed = 0
    disagrees = False
    for anchor in sorted(anchors, key=lambda anchor: anchor.head.sequence):
        number = anchor.head.sequence
        link = links.get(number)
        if number == 0 or (link is not None and link.hash == anchor.head.hash):
            agreed, disagrees = number, False
            continue
        if not disagrees:
            yield _disagreement(anchor, link, agreed=agreed)
        disagrees = True


def _disagreement(anchor: Anchor, link: Link | None, *, agreed: int) -> ChainProblem:
    number = anchor.head.sequence
    if link is None:
        message = f"record {number} is gone, which {anchor.name} names"
        return ChainProblem(kind="dropped", sequence=number, message=message)
    one = number == agreed + 1
    where = "" if one else f": one or more of {agreed + 1} to {number} were rewritten with all that follows"
    return _changed(link, number, f"record {number} is not the one that {anchor.name} names{where}")


def _changed(link: Link, sequence: int, message: str) -> ChainProblem:
    return ChainProblem(kind="changed", sequence=sequence, key=link.key, message=message)


def _dropped(sequence: int, *, first: int | None = None) -> ChainProblem:
    message = f"record {sequence} is gone" if first is None else f"records {first} to {sequence} are gone"
    return ChainProblem(kind="dropped", sequence=sequence, message=message)


def _reordered(link: Link, sequence: int) -> ChainProblem:
    message = f"record {sequence} stands at number {link.stands_at}"
    return ChainProblem(kind="reordered", sequence=sequence, key=link.key, message=message)


def _inserted(link: Link) -> ChainProblem:
    message = f"number {link.stands_at} was never chained"
    return ChainProblem(kind="inserted", sequence=link.stands_at, key=link.key, message=message)
