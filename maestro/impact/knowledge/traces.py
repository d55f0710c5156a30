"""What the recorded tests executed of a change: its lines, its functions, its neighbourhood, and those who use it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maestro.impact.knowledge.edits import Edit, Touch
from maestro.impact.knowledge.execution import Execution, Mask, openers, rarity
from maestro.impact.knowledge.recording import Recording
from maestro.impact.knowledge.users import Trail

Floats = NDArray[np.float32]
_CONTRACTS = frozenset({Touch.SIGNATURE, Touch.DECORATOR, Touch.CLASS_LEVEL, Touch.REMOVED})
_AT_IMPORT = frozenset({Touch.MODULE_LEVEL, Touch.CLASS_LEVEL, Touch.DECORATOR, Touch.SIGNATURE})


@dataclass(frozen=True, eq=False, slots=True)
class Traces:
    """One value for each recorded test.

    ``executed`` counts changed statements (of ``statements``) that it executed, ``entered`` changed symbols (of
    ``symbols``) of which it executed any line. The rarities are of the rarest statement, symbol, file and use that it
    executed, in nats: -log of the share of tests that did; ``in_file`` and ``used`` say that there was one.
    ``contract`` says that it executed a symbol whose signature, decorator or class changed, or one that uses it;
    ``imported`` that it executed a file of which something changed that runs at import; ``opened`` that it opened a
    changed data file. ``doubt`` is the share of the changed files that were other ones when they were recorded.
    ``cause`` points to the edit that tells most, -1 for none.
    """

    statements: int
    symbols: int
    executed: Floats
    entered: Floats
    line_rarity: Floats
    symbol_rarity: Floats
    file_rarity: Floats
    use_rarity: Floats
    in_file: Mask
    used: Mask
    contract: Mask
    imported: Mask
    opened: Mask
    doubt: Floats
    cause: NDArray[np.int32]


class _Tally:
    """Collects the columns edit by edit."""

    def __init__(self, recording: Recording) -> None:
        count = len(recording.tests)
        self.recording = recording
        self.executions: dict[str, Execution] = {}
        self.recorded = frozenset(recording.files)
        self.floats = {name: np.zeros(count, dtype=np.float32) for name in _FLOATS}
        self.masks = {name: np.zeros(count, dtype=np.bool_) for name in _MASKS}
        self.cause = np.full(count, -1, dtype=np.int32)
        self.weight = np.zeros(count, dtype=np.float32)

    def execution(self, file: str) -> Execution:
        if file not in self.executions:
            self.executions[file] = Execution(self.recording, file)
        return self.executions[file]

    def add(self, name: str, mask: Mask) -> None:
        self.floats[name][mask] += 1

    def raise_to(self, name: str, mask: Mask, place: int) -> None:
        """Note how rare it is to be in the mask, and that this edit is the cause where nothing rarer was known."""
        rare = rarity(mask)
        column = self.floats[name]
        column[mask] = np.maximum(column[mask], rare)
        # A shared statement tells as little as nothing, but still more than no statement at all.
        better = mask & (self.weight < rare + _PREFERENCE[name])
        self.weight[better] = rare + _PREFERENCE[name]
        self.cause[better] = place


_MASKS = ("contract", "imported", "in_file", "opened", "used")
_FLOATS = ("executed", "entered", "line_rarity", "symbol_rarity", "file_rarity", "use_rarity")
_PREFERENCE = {"line_rarity": 1.0, "symbol_rarity": 0.75, "use_rarity": 0.5, "file_rarity": 0.001}


def traces_of(
    edits: Sequence[Edit], trails: Mapping[int, Trail], recording: Recording, stale: Collection[str]
) -> Traces:
    """Hold every edit against what was recorded of its file, and of the files that use it.

    ``stale`` are files that were other ones when they were recorded.
    """
    tally = _Tally(recording)
    statements = 0
    symbols: set[tuple[str, str]] = set()
    entered: dict[tuple[str, str], Mask] = {}
    seen: set[tuple[str, range]] = set()
    for place, edit in enumerate(edits):
        if edit.touch is Touch.DATA:
            tally.masks["opened"][openers(recording, edit.file)] = True
        if edit.file in tally.recorded:
            execution = tally.execution(edit.file)
            fresh = [lines for lines in edit.lines if (edit.file, lines) not in seen]
            seen.update((edit.file, lines) for lines in fresh)
            statements += len(fresh)
            for lines in edit.lines:
                mask = execution.any_of(lines)
                if lines in fresh:
                    tally.add("executed", mask)
                tally.raise_to("line_rarity", mask, place)
            inside = execution.any_of(edit.span)
            if edit.symbol and edit.span:
                symbols.add((edit.file, edit.symbol))
                if (edit.file, edit.symbol) not in entered:
                    entered[edit.file, edit.symbol] = inside
                    tally.add("entered", inside)
                tally.raise_to("symbol_rarity", inside, place)
            anything = execution.anything()
            tally.masks["in_file"] |= anything
            tally.raise_to("file_rarity", anything, place)
            if edit.touch in _CONTRACTS:
                tally.masks["contract"] |= inside
            if edit.touch in _AT_IMPORT or any(map(execution.outside_of_tests, edit.lines)):
                tally.masks["imported"] |= anything
        _add_uses(tally, edit, trails.get(place), place)
    return Traces(
        statements=statements,
        symbols=len(symbols),
        executed=tally.floats["executed"],
        entered=tally.floats["entered"],
        line_rarity=tally.floats["line_rarity"],
        symbol_rarity=tally.floats["symbol_rarity"],
        file_rarity=tally.floats["file_rarity"],
        use_rarity=tally.floats["use_rarity"],
        in_file=tally.masks["in_file"],
        used=tally.masks["used"],
        contract=tally.masks["contract"],
        imported=tally.masks["imported"],
        opened=tally.masks["opened"],
        doubt=_doubt(edits, recording, tally, stale),
        cause=tally.cause,
    )


def _add_uses(tally: _Tally, edit: Edit, trail: Trail | None, place: int) -> None:
    for use in dict.fromkeys(trail.uses if trail else ()):
        if use.file in tally.recorded:
            mask = tally.execution(use.file).any_of(use.lines)
            tally.masks["used"] |= mask
            tally.raise_to("use_rarity", mask, place)
            if edit.touch in _CONTRACTS:
                tally.masks["contract"] |= mask


def _doubt(edits: Sequence[Edit], recording: Recording, tally: _Tally, stale: Collection[str]) -> Floats:
    files = sorted({edit.file for edit in edits})
    doubt = np.zeros(len(recording.tests), dtype=np.float32)
    for file in files:
        doubt += 1.0 if file in stale else tally.execution(file).doubtful()
    return doubt / np.float32(max(len(files), 1))
