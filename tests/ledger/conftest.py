"""Every ledger test runs on both databases: SQLite in a file, and a real PostgreSQL that this session starts."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from maestro.errors import PlatformUnavailable
from maestro.ledger import Ledger
from maestro.model.pull_request import PullRequest
from maestro.model.record import DecisionRecord, RecordKind
from tests.ledger.embedded_postgresql import embedded_postgresql

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql_host() -> Iterator[str]:
    try:
        with embedded_postgresql() as host:
            yield host
    except PlatformUnavailable as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that no ledger has opened yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    host = request.getfixturevalue("postgresql_host")
    name = f"ledger_{next(_numbers)}"
    with closing(psycopg.connect(host=host, user="maestro", dbname="postgres", autocommit=True)) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield f"postgresql://maestro@/{name}?host={host}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as opened:
        yield opened


@pytest.fixture
def pull_request_at() -> Callable[[str], PullRequest]:
    """A pull request by the first letter of its head."""

    def build(letter: str) -> PullRequest:
        return PullRequest(
            repository="/srv/git/shop",
            repo="acme/shop",
            pr="7",
            base_sha="0" * 40,
            merge_base_sha="0" * 40,
            head_sha=letter * 40,
        )

    return build


@pytest.fixture
def record_of() -> Callable[[str], DecisionRecord]:
    """A decision record by its key."""

    def build(key: str) -> DecisionRecord:
        return DecisionRecord(
            key=key,
            kind=RecordKind.DECISION,
            repo="acme/shop",
            pr="7",
            head_sha="a" * 40,
            actor="policy",
            outcome="green",
            reason="every selected test passed",
            at=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
        )

    return build
