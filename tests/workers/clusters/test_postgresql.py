"""The address of a PostgreSQL that keeps the clusters' state."""

import pytest

from maestro.config.clusters import Persistence
from maestro.errors import BadInput, PlatformUnavailable
from workers.clusters.postgresql import database, prepare_databases, server_of


def test_an_address_is_read_with_its_user_and_password() -> None:
    server = server_of(Persistence(kind="postgresql", url="postgresql://maestro:s%3Acret@db.example"))
    assert server == ("db.example", 5432, "maestro", "s:cret")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("mysql://maestro@db", id="another engine"),
        pytest.param("postgresql://db:5432", id="nobody's"),
        pytest.param("postgresql://maestro@db/ledger", id="a database that is somebody else's"),
        pytest.param("postgresql://maestro@db:many", id="a port that is no number"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        server_of(Persistence(kind="postgresql", url=url))
    assert caught.value.field == "persistence.url"


def test_names_of_clusters_become_names_of_databases() -> None:
    assert database("eu-north-1", "visibility") == "temporal_eu_north_1_visibility"


def test_a_postgresql_that_does_not_answer_is_named_before_anything_starts() -> None:
    persistence = Persistence(kind="postgresql", url="postgresql://maestro@127.0.0.1:1")
    with pytest.raises(PlatformUnavailable, match=r"127\.0\.0\.1:1"):
        prepare_databases(persistence, ["north"], lambda _line: None)
