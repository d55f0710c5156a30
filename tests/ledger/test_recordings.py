"""The nearest recording of a repository is found, and never one of another tenant's repository of the same name."""

import pytest

from maestro.ledger import Ledger
from maestro.model.artifact import ArtifactRef

REPO = "acme/shop"


def ref(letter: str) -> ArtifactRef:
    return ArtifactRef(digest=f"sha256:{letter * 64}", media_type="application/vnd.maestro.recording", bytes=7)


@pytest.fixture
def kept(ledger: Ledger) -> Ledger:
    """Recordings of the revisions a, b and c in the environment ``one``, of c also in ``two``, in this order."""
    for letter in "abc":
        ledger.recordings.put(ref(letter), repo=REPO, revision=letter * 40, environment="one")
        _tick(ledger)
    ledger.recordings.put(ref("d"), repo=REPO, revision="c" * 40, environment="two")
    return ledger


def _tick(ledger: Ledger) -> None:
    """Wait for the ledger's clock to move on: SQLite's counts in milliseconds, and a put takes less."""
    before = ledger.now()
    while ledger.now() == before:
        pass


def test_the_latest_recording_is_the_one_that_was_put_last(kept: Ledger) -> None:
    latest = kept.recordings.latest(REPO)
    of_environment = kept.recordings.latest(REPO, environment="one")
    assert latest is not None
    assert of_environment is not None
    assert (latest.ref.digest, latest.ref.bytes, latest.environment) == (ref("d").digest, 7, "two")
    assert of_environment.revision == "c" * 40


def test_the_nearest_revision_in_the_given_order_wins(kept: Ledger) -> None:
    near = kept.recordings.near(["e" * 40, "b" * 40, "c" * 40], repo=REPO)
    assert near is not None
    assert near.ref.digest == ref("b").digest
    assert kept.recordings.near(["e" * 40], repo=REPO) is None
    assert kept.recordings.near([], repo=REPO) is None
    assert kept.recordings.near(["b" * 40], repo=REPO, environment="two") is None


def test_a_nearest_revision_is_found_however_far_back_it_is(kept: Ledger) -> None:
    near = kept.recordings.near([*(f"{number:040x}" for number in range(1_200)), "a" * 40], repo=REPO)
    assert near is not None
    assert near.revision == "a" * 40


def test_recording_a_revision_again_replaces_what_was_there(kept: Ledger) -> None:
    kept.recordings.put(ref("e"), repo=REPO, revision="a" * 40, environment="one")
    near = kept.recordings.near(["a" * 40], repo=REPO)
    assert near is not None
    assert near.ref.digest == ref("e").digest
    assert kept.recordings.latest(REPO) == near


def test_a_tenant_never_sees_the_recordings_of_another(kept: Ledger) -> None:
    assert kept.recordings.latest(REPO, tenant="other") is None
    assert kept.recordings.near(["a" * 40], repo=REPO, tenant="other") is None
    assert kept.recordings.latest("acme/other") is None
