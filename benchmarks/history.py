"""Test history at size: time to read and to keep it, bytes for each outcome, time and memory of a window.

The floor, in the same run: the same outcomes as rows of a plain SQLite table, one row each, test and build as numbers,
with an index by build; its window is read into the same arrays. Each step is a process of its own, so that its peak
memory is its own. Run: ``python -m benchmarks.history [--builds 2000] [--tests 5000]``; 10,000,000 outcomes need 1.5 GB
in the temporary folder.
"""

import argparse
import multiprocessing
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from maestro.impact.history.builds import VERDICTS, History
from maestro.impact.history.csvfile import read_csv
from maestro.ledger import Ledger
from maestro.ledger.all_builds import history_of

LAST = 400
SEED = 5
REPO = "bench/history"
FIRST_DAY = np.datetime64("2020-01-01T00:00:00")


def write_csv(path: Path, builds: int, tests: int) -> int:
    """A suite whose tests take between a millisecond and a minute, vary by a tenth, and fail now and then."""
    chance = np.random.default_rng(SEED)
    usual = chance.lognormal(-2.5, 1.5, tests)
    weakness = chance.beta(0.2, 40, tests)
    names = [f"tests/part{number % 97}/test_module{number % 499}.py::test_case_{number}" for number in range(tests)]
    with path.open("w") as file:
        file.write("build,time,test,verdict,duration_seconds\n")
        for build in range(builds):
            seconds = usual * chance.lognormal(0.0, 0.1, tests)
            verdicts = (chance.random(tests) < weakness).astype(int)
            start = f"{build},{FIRST_DAY + np.timedelta64(build, 'h')}Z,"
            rows = zip(names, verdicts.tolist(), seconds.tolist(), strict=True)
            file.writelines(f"{start}{name},{VERDICTS[code]},{taken:.4f}\n" for name, code, taken in rows)
    return path.stat().st_size


def read_only(folder: Path) -> int:
    return read_csv(folder / "history.csv").outcomes


def read_and_keep(folder: Path) -> int:
    """What ``maestro tests import`` does; returns the ledger's bytes."""
    with Ledger.open(f"sqlite:///{folder / 'ledger.db'}") as ledger:
        ledger.builds.put(read_csv(folder / "history.csv"), repo=REPO)
    return (folder / "ledger.db").stat().st_size


def window(folder: Path) -> int:
    with Ledger.open(f"sqlite:///{folder / 'ledger.db'}") as ledger:
        return history_of(ledger, REPO, last=LAST).outcomes


def plain_rows(history: History) -> Iterator[tuple[int, int, int, float]]:
    for number, build in enumerate(history.builds):
        columns = (build.tests.tolist(), build.verdicts.tolist(), build.seconds.tolist())
        for test, verdict, seconds in zip(*columns, strict=True):
            yield number, test, verdict, seconds


def plain_keep(folder: Path) -> int:
    """The floor: returns the table's bytes."""
    history = read_csv(folder / "history.csv")
    connection = sqlite3.connect(folder / "plain.db")
    with connection:
        connection.execute("CREATE TABLE outcomes (build INTEGER, test INTEGER, verdict INTEGER, seconds REAL)")
        connection.executemany("INSERT INTO outcomes VALUES (?, ?, ?, ?)", plain_rows(history))
        connection.execute("CREATE INDEX by_build ON outcomes (build)")
    connection.close()
    return (folder / "plain.db").stat().st_size


def plain_window(folder: Path) -> int:
    connection = sqlite3.connect(folder / "plain.db")
    newest = connection.execute("SELECT max(build) FROM outcomes").fetchone()[0]
    query = "SELECT test, verdict, seconds FROM outcomes WHERE build = ?"
    found = 0
    kept = []
    for build in range(newest - LAST + 1, newest + 1):
        tests, verdicts, seconds = zip(*connection.execute(query, (build,)), strict=True)
        kept.append((np.array(tests, np.int32), np.array(verdicts, np.uint8), np.array(seconds, np.float32)))
        found += len(tests)
    connection.close()
    return found


def measured(step: Callable[[Path], int], folder: Path) -> tuple[int, float, float]:
    """What the step returned, its seconds, and the peak memory of its process in MB."""
    start = time.perf_counter()
    value = step(folder)
    seconds = time.perf_counter() - start
    unit = 1 if sys.platform == "darwin" else 1024
    return value, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--builds", type=int, default=2_000)
    arguments.add_argument("--tests", type=int, default=5_000)
    chosen = arguments.parse_args()
    outcomes = chosen.builds * chosen.tests
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write_csv(folder / "history.csv", chosen.builds, chosen.tests)
        print(f"{outcomes:,} outcomes in {chosen.builds:,} builds; CSV {size / outcomes:.1f} bytes for each")
        for step in (read_only, read_and_keep, window, plain_keep, plain_window):
            with multiprocessing.get_context("spawn").Pool(1) as process:
                value, seconds, peak = process.apply(measured, (step, folder))
            what = f"{value / outcomes:.2f} bytes for each" if step in {read_and_keep, plain_keep} else f"{value:,}"
            print(f"{step.__name__:14} {seconds:7.1f} s  peak {peak:6.0f} MB  {what}")


if __name__ == "__main__":
    main()
