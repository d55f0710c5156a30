"""Whether checkpoints are those that were made: each signed by a key that is believed, none changed, dropped or added.

What holds becomes an anchor, by which the records are then checked.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from maestro.canonical import digest_of_bytes
from maestro.errors import BadInput, MaestroError
from maestro.ledger.chain import GENESIS_HASH, Anchor, ChainHead
from maestro.ledger.checkpoints_statement import LIMIT_BYTES, Checkpoint, checkpoint_in
from maestro.ledger.records_exact import ExactRow
from maestro.model.base import Model

Reader = Callable[[bytes, str], bytes]


class CheckpointProblem(Model):
    """A checkpoint that is not what was made. ``name`` is how the messages call it."""

    kind: Literal["changed", "dropped", "inserted", "not believed", "contradicted"]
    name: str
    message: str


class Checked(Model):
    """What was found. ``covered`` is the number of the last record that a checkpoint which holds covers, 0 for none;
    ``newest`` what that one states.
    """

    count: int
    problems: tuple[CheckpointProblem, ...]
    anchors: tuple[Anchor, ...]
    newest: Checkpoint | None = None

    @property
    def covered(self) -> int:
        return max((anchor.head.sequence for anchor in self.anchors), default=0)


def check(
    rows: Iterable[ExactRow],
    *,
    head: ChainHead | None,
    ledger: str | None,
    read: Reader,
    exported: Sequence[tuple[str, bytes]] = (),
) -> Checked:
    """Check the rows of the ledger, in the order of their numbers, and copies that were kept elsewhere.

    ``head`` is the head of checkpoints, ``ledger`` the hash of the first record that the ledger has now.
    """
    walk = _Walk(ledger, read)
    for row in rows:
        walk.row(row)
    walk.end(head)
    for name, envelope in exported:
        walk.copy(name, envelope)
    return Checked(count=walk.count, problems=tuple(walk.problems), anchors=tuple(walk.anchors), newest=walk.newest)


class _Walk:
    def __init__(self, ledger: str | None, read: Reader) -> None:
        self.count = 0
        self.problems: list[CheckpointProblem] = []
        self.anchors: list[Anchor] = []
        self.newest: Checkpoint | None = None
        self._ledger, self._read = ledger, read
        self._number = 0
        self._digest = GENESIS_HASH
        self._digests: dict[int, str] = {}
        self._origins: set[str] = set()

    def row(self, row: ExactRow) -> None:
        self.count += 1
        number, envelope = row.numbers["number"], row.texts["envelope"]
        name = f"checkpoint {number if number is not None else 'without a number'}"
        if number is None or number <= self._number:
            self._say("inserted", name, f"{name} was never made")
            return
        self._missing(self._number + 1, number - 1)
        before, self._number = self._number, number
        previous, self._digest = self._digest, digest_of_bytes(envelope)
        self._digests[number] = self._digest
        stated = self._believed(name, envelope)
        if stated is None:
            return
        if not _says_so(row, stated, digest=self._digest):
            self._say("changed", name, f"{name} does not say what its signed envelope says")
        if before == number - 1 and (stated.previous or GENESIS_HASH) != previous:
            self._say("contradicted", name, f"{name} names another one before it than the one that is there")
        if self.newest is not None and stated.sequence <= self.newest.sequence:
            self._say("contradicted", name, f"{name} covers no more records than the one before it")
        self._note(name, stated)

    def end(self, head: ChainHead | None) -> None:
        if head is None:
            self._say("dropped", "the head", "the head of the checkpoints is gone")
            return
        self._missing(self._number + 1, head.sequence)
        if self._number > head.sequence:
            name = f"checkpoint {self._number}"
            self._say("inserted", name, f"the head of the checkpoints ends at {head.sequence}, before {name}")
        elif self._number == head.sequence and self._digest != head.hash:
            name = f"checkpoint {self._number}"
            self._say("changed", name, f"{name} is not the one that the head of the checkpoints names")

    def copy(self, name: str, envelope: bytes) -> None:
        """A copy that was kept elsewhere is an anchor like those in the ledger, and the ledger must have it."""
        stated = self._believed(name, envelope)
        if stated is None:
            return
        known = self._digests.get(stated.number)
        if known is None:
            self._say("dropped", name, f"{name} is checkpoint {stated.number}, which the ledger does not have")
        elif known != digest_of_bytes(envelope):
            self._say("contradicted", name, f"{name} is not the checkpoint {stated.number} that the ledger has")
        self._note(name, stated)

    def _note(self, name: str, stated: Checkpoint) -> None:
        if stated.ledger != self._ledger and stated.ledger not in self._origins:
            self._say("contradicted", name, f"{name} is of a ledger that begins with another record: {stated.ledger}")
            self._origins.add(stated.ledger)
        if stated.records != stated.sequence:
            self._say("contradicted", name, f"{name} counts {stated.records} records up to record {stated.sequence}")
        self.anchors.append(Anchor(ChainHead(sequence=stated.sequence, hash=stated.hash), name))
        if self.newest is None or stated.sequence > self.newest.sequence:
            self.newest = stated

    def _believed(self, name: str, envelope: bytes) -> Checkpoint | None:
        try:
            if len(envelope) > LIMIT_BYTES:
                raise BadInput(f"{len(envelope)} bytes are no checkpoint", field=name)
            return checkpoint_in(self._read(envelope, name), field=name)
        except MaestroError as error:
            self._say("not believed", name, f"{name}: {error.message}")
            return None

    def _missing(self, first: int, last: int) -> None:
        if first <= last:
            name = f"checkpoint {first}" if first == last else f"checkpoints {first} to {last}"
            self._say("dropped", name, f"{name} {'is' if first == last else 'are'} gone")

    def _say(
        self, kind: Literal["changed", "dropped", "inserted", "not believed", "contradicted"], name: str, message: str
    ) -> None:
        self.problems.append(CheckpointProblem(kind=kind, name=name, message=message))


def _says_so(row: ExactRow, stated: Checkpoint, *, digest: str) -> bool:
    numbers = {"number": stated.number, "sequence": stated.sequence}
    texts = {"hash": stated.hash.encode(), "digest": digest.encode()}
    return row.typed and row.numbers == numbers and all(row.texts[name] == text for name, text in texts.items())
