"""What an effect costs beside a bare insert: ``python -m benchmarks.effects [--rounds 5000] [--folder PATH]``.

The ledger's commit under a held lease against one insert of the same row and its commit, through the same driver and
into the same database, in turn and in random order. Both databases wait for the disk: SQLite with a write-ahead log and
synchronous=FULL, PostgreSQL with fsync on. The driver can commit an insert in two ways, on its own or in a transaction
that is begun and ended; the ratio is to the first, the faster one.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from pysqlite3 import dbapi2 as sqlite

from maestro.ledger import Ledger
from tests.ledger.servers import server

WARM_UP = 200
COLUMNS = "key, request_digest, resource, holder, fence, result, recorded_at"
TYPES = "key text PRIMARY KEY, request_digest text, resource text, holder text, fence bigint, result text, "
DIGEST = "sha256:" + "0" * 64
RESULT = '{"failed":[],"passed":120}'

Way = Callable[[str], object]
"""One commit under a key that is new."""


@contextmanager
def on_sqlite(folder: Path) -> Iterator[dict[str, Way]]:
    path = folder / "ledger.db"
    with Ledger.open(f"sqlite:///{path}") as ledger, closing(sqlite.connect(path, isolation_level=None)) as bare:
        bare.execute("PRAGMA synchronous=FULL")
        bare.execute(f"CREATE TABLE bare ({TYPES} recorded_at double)")
        insert = f"INSERT INTO bare ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, unixepoch('subsec'))"

        def alone(key: str) -> None:
            bare.execute(insert, (key, DIGEST, "shard/1", "north", 1, RESULT))

        def in_transaction(key: str) -> None:
            bare.execute("BEGIN IMMEDIATE")
            alone(key)
            bare.execute("COMMIT")

        yield {"bare": alone, "bare in a transaction": in_transaction, "ledger": committing(ledger)}


@contextmanager
def on_postgresql(folder: Path) -> Iterator[dict[str, Way]]:
    # Beside the temporary folder and not in it: a server that may not run as root could not get there.
    with server(folder=folder.parent) as running:
        place = f"host={running.host} user=maestro dbname=postgres"
        with (
            Ledger.open(f"postgresql://maestro@/postgres?host={running.host}") as ledger,
            closing(psycopg.connect(place, autocommit=True)) as autocommit,
            closing(psycopg.connect(place)) as bare,
        ):
            assert autocommit.execute("SHOW fsync").fetchone() == ("on",)
            autocommit.execute(f"CREATE TABLE bare ({TYPES} recorded_at double precision)".encode())
            now = "extract(epoch FROM clock_timestamp())"
            insert = f"INSERT INTO bare ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, {now})".encode()

            def alone(key: str) -> None:
                autocommit.execute(insert, (key, DIGEST, "shard/1", "north", 1, RESULT), prepare=True)

            def in_transaction(key: str) -> None:
                bare.execute(insert, (key, DIGEST, "shard/1", "north", 1, RESULT), prepare=True)
                bare.commit()

            yield {"bare": alone, "bare in a transaction": in_transaction, "ledger": committing(ledger)}


def committing(ledger: Ledger) -> Way:
    lease = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=86_400)

    def commit(key: str) -> None:
        effect = ledger.effects.commit(key, lease=lease, request_digest=DIGEST, result={"passed": 120, "failed": []})
        assert effect.first

    return commit


def measure(ways: dict[str, Way], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each commit, by its way."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    draw = random.Random(0)
    for number in range(-WARM_UP, rounds):
        for name in draw.sample(sorted(ways), len(ways)):
            key = f"shard/acme/shop/7/{'a' * 40}/{name}/{number}"
            started = time.perf_counter()
            ways[name](key)
            if number >= 0:
                taken[name].append((time.perf_counter() - started) * 1000)
    return taken


def show(database: str, taken: dict[str, list[float]]) -> None:
    figures = {name: statistics.quantiles(values, n=100, method="inclusive") for name, values in taken.items()}
    print(f"\n{database}, {len(taken['ledger'])} rounds")
    for name, found in figures.items():
        ratios = "  ".join(f"p{share} {found[share - 1]:.3f} ms" for share in (50, 99))
        beside = "  ".join(f"{found[share - 1] / figures['bare'][share - 1]:.2f} x" for share in (50, 99))
        print(f"  {name:<22} {ratios}   {beside}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5_000, help="commits of each way, on each database")
    parser.add_argument("--folder", help="where the databases are made; the disk that is measured")
    options = parser.parse_args()
    for name, ways_on in (("SQLite", on_sqlite), ("PostgreSQL", on_postgresql)):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder, ways_on(Path(folder)) as ways:
            show(name, measure(ways, options.rounds))


if __name__ == "__main__":
    main()
