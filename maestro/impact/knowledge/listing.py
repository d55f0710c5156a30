"""The tests that can run, with the source of each: its function, what that says, and the helpers that it names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maestro.impact.graph.imports import folders_above
from maestro.impact.graph.modules import CONFTEST
from maestro.impact.knowledge.patch import Read
from maestro.impact.knowledge.units import Library, Unit, Units


@dataclass(frozen=True, eq=False, slots=True)
class Listing:
    """``file_of`` and ``source_of`` point into ``files`` and ``sources`` for each test; -1 where no source was found.

    Tests of one function with other parameters share a source. ``first_source`` says where those of each file begin.
    ``readings`` are the units of each file, None for what is no readable Python; ``around`` those of the conftest.py
    files that pytest loads with it.
    """

    tests: tuple[str, ...]
    files: tuple[str, ...]
    file_of: NDArray[np.int32]
    sources: tuple[Unit, ...]
    source_of: NDArray[np.int32]
    file_of_source: NDArray[np.int32]
    readings: tuple[Units | None, ...]
    around: tuple[tuple[Units, ...], ...]

    def spread(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """A value for each source as one for each test; 0 for a test without one."""
        padded = np.append(values, np.float32(0))
        return padded[self.source_of]


def split_id(test: str) -> tuple[str, str, str]:
    """File, qualified name and parameters of a pytest id; only parameters can hold ``[`` or ``:`` themselves."""
    file, _, rest = test.partition("::")
    name, _, parameters = rest.partition("[")
    return file, name.replace("::", "."), parameters.removesuffix("]")


def listing_of(tests: Sequence[str], read: Read, library: Library) -> Listing:
    """Look up every test in the texts that ``read`` gives."""
    files: dict[str, int] = {}
    readings: list[Units | None] = []
    places: dict[str, tuple[int, int]] = {}
    sources: list[Unit] = []
    owners: list[int] = []
    known: list[dict[str, Unit]] = []
    rows: list[tuple[int, int]] = []
    for test in tests:
        # What stands before the parameters is the same for all tests of a function; most lookups end here.
        row = places.get(key := test.partition("[")[0])
        if row is None or "::" not in key:
            path, name, _ = split_id(test)
            file = files.setdefault(path, len(readings))
            if file == len(readings):
                text = read(path) if path.endswith(".py") else None
                readings.append(None if text is None else library.units(text))
                known.append({unit.name: unit for unit in (readings[-1] or _NO_UNITS).all if unit.name})
            unit = _source(known[file], name)
            row = places[key] = (file, len(sources) if unit else -1)
            if unit:
                sources.append(unit)
                owners.append(file)
        rows.append(row)
    file_of, source_of = np.array(rows, dtype=np.int32).reshape(-1, 2).T
    return Listing(
        tests=tuple(tests),
        files=tuple(files),
        file_of=file_of,
        sources=tuple(sources),
        source_of=source_of,
        file_of_source=np.array(owners, dtype=np.int32),
        readings=tuple(readings),
        around=_around(files, read, library),
    )


_NO_UNITS = Units((), frozenset())


def _source(known: dict[str, Unit], name: str) -> Unit | None:
    """The function; for a method that a class inherits, the class that asks for it."""
    return known.get(name) or known.get(name.rpartition(".")[0])


def _around(paths: Iterable[str], read: Read, library: Library) -> tuple[tuple[Units, ...], ...]:
    above = [[f"{folder}/{CONFTEST}" if folder else CONFTEST for folder in folders_above(path)] for path in paths]
    texts = {name: read(name) for name in {name for names in above for name in names}}
    found = {name: library.units(text) for name, text in texts.items() if text}
    return tuple(tuple(found[name] for name in names if name in found) for names in above)
