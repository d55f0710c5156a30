"""The registry of models: one champion, changed together with its record, and back again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from maestro.errors import Conflict
from maestro.impact.history.builds import History
from maestro.ledger import Ledger, TestRun
from maestro.model.artifact import ArtifactRef
from maestro.model.calibration import ModelEntry, ModelStatus, Promise, PromiseState, WalkFigures
from maestro.model.record import DecisionRecord, RecordKind

KEPT = Promise(state=PromiseState.KEPT, reason="it holds")
REPORT = ArtifactRef(digest="sha256:" + "9" * 64, media_type="text/html", bytes=9)
WITHDRAWN = Promise(state=PromiseState.WITHDRAWN, reason="it was broken")


def entry(letter: str, *, status: ModelStatus = ModelStatus.CHAMPION, tenant: str = "default") -> ModelEntry:
    digest = f"sha256:{letter * 64}"
    return ModelEntry(
        tenant=tenant,
        repo="acme/shop",
        digest=digest,
        created_at=datetime(2026, 11, 23, int(letter, 16), tzinfo=UTC),
        status=status,
        reason=f"model {letter}",
        promise=KEPT,
        figures=WalkFigures(builds=10, red_builds=2),
        file=ArtifactRef(digest=digest, media_type="application/json", bytes=2),
    )


def record(about: ModelEntry, *, kind: str = "calibration", reason: str = "because") -> DecisionRecord:
    return DecisionRecord(
        key=f"{kind}/{about.tenant}/{about.digest}",
        kind=RecordKind.CALIBRATION,
        repo="acme/shop",
        pr="calibration",
        head_sha="",
        actor="calibration",
        outcome="done",
        reason=reason,
        version=about.digest,
        at=datetime(2026, 11, 23, tzinfo=UTC),
    )


def promote(ledger: Ledger, letter: str, *, replacing: str | None = None) -> ModelEntry:
    before = f"sha256:{replacing * 64}" if replacing else None
    return ledger.models.register(entry(letter), replacing=before, record=record(entry(letter)))


def doubt(ledger: Ledger, letter: str, *, champion: str) -> None:
    """Register a refused model, of a calibration that found the champion's promise broken."""
    refused = entry(letter, status=ModelStatus.REJECTED).model_copy(update={"promise": WITHDRAWN, "report": REPORT})
    ledger.models.register(refused, replacing=f"sha256:{champion * 64}", record=record(refused))


def test_a_repository_without_models_has_no_champion(ledger: Ledger) -> None:
    assert ledger.models.champion("acme/shop") is None
    assert ledger.models.list("acme/shop") == ()
    assert ledger.models.promotions("acme/shop") == ()


def test_a_promoted_model_is_champion_and_the_one_before_is_retired(ledger: Ledger) -> None:
    promote(ledger, "a")
    promote(ledger, "b", replacing="a")
    assert ledger.models.champion("acme/shop") == entry("b")
    newest, older = ledger.models.list("acme/shop")
    assert (newest.digest, newest.status) == (entry("b").digest, ModelStatus.CHAMPION)
    assert (older.digest, older.status) == (entry("a").digest, ModelStatus.RETIRED)
    first, second = ledger.models.promotions("acme/shop")
    assert (first.replaced, second.replaced) == (None, entry("a").digest)
    assert second.actor == "calibration"


def test_a_refused_model_is_kept_beside_the_champion_with_its_reason(ledger: Ledger) -> None:
    promote(ledger, "a")
    refused = entry("b", status=ModelStatus.REJECTED)
    ledger.models.register(refused, replacing=entry("a").digest, record=record(refused))
    assert ledger.models.champion("acme/shop") == entry("a")
    assert ledger.models.find(refused.digest, repo="acme/shop") == refused
    assert len(ledger.models.promotions("acme/shop")) == 1


def test_registering_a_model_again_is_the_same_as_once(ledger: Ledger) -> None:
    promote(ledger, "a")
    promote(ledger, "b", replacing="a")
    assert promote(ledger, "b", replacing="a") == entry("b")
    assert len(ledger.models.promotions("acme/shop")) == 2
    assert len(ledger.records.list(kind=RecordKind.CALIBRATION)) == 2


def test_a_calibration_that_is_repeated_with_other_data_finds_what_it_recorded_first(ledger: Ledger) -> None:
    first = record(entry("a"))
    ledger.models.register(entry("a"), replacing=None, record=first)
    repeated = first.model_copy(update={"version": entry("b").digest})
    assert ledger.models.register(entry("b"), replacing=None, record=repeated) == entry("a")
    assert ledger.models.find(entry("b").digest, repo="acme/shop") is None


def test_a_model_that_was_held_against_another_champion_is_refused_and_leaves_nothing(ledger: Ledger) -> None:
    promote(ledger, "a")
    with pytest.raises(Conflict, match="somebody changed it meanwhile"):
        promote(ledger, "b", replacing=None)
    assert ledger.models.champion("acme/shop") == entry("a")
    assert ledger.records.find(record(entry("b")).key) is None
    assert ledger.models.find(entry("b").digest, repo="acme/shop") is None


def test_of_those_who_promote_at_the_same_time_one_wins_and_the_others_learn_it(ledger: Ledger) -> None:
    def attempt(letter: str) -> str:
        try:
            promote(ledger, letter)
        except Conflict:
            return "refused"
        return "promoted"

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(attempt, "abcd"))
    assert answers == ["promoted", "refused", "refused", "refused"]
    assert len(ledger.models.promotions("acme/shop")) == 1


def test_the_champion_takes_promise_and_report_from_a_calibration_that_leaves_it_there(ledger: Ledger) -> None:
    promote(ledger, "a")
    doubt(ledger, "b", champion="a")
    champion = ledger.models.champion("acme/shop")
    assert champion is not None
    assert (champion.digest, champion.promise, champion.report) == (entry("a").digest, WITHDRAWN, REPORT)


def test_rolling_back_brings_the_model_before_back_with_the_promise_that_it_had(ledger: Ledger) -> None:
    promote(ledger, "a")
    doubt(ledger, "c", champion="a")
    promote(ledger, "b", replacing="a")
    last = ledger.models.promotions("acme/shop")[-1]
    back = ledger.models.roll_back(
        last, actor="ada", record=record(entry("b"), kind="rollback", reason="too many escapes")
    )
    assert back is not None
    assert (back.digest, back.status, back.promise) == (entry("a").digest, ModelStatus.CHAMPION, WITHDRAWN)
    undone = ledger.models.find(entry("b").digest, repo="acme/shop")
    assert undone is not None
    assert (undone.status, undone.reason) == (ModelStatus.REJECTED, "too many escapes")
    assert ledger.models.promotions("acme/shop")[-1].rolled_back_by == "ada"


def test_the_first_promotion_can_be_rolled_back_and_then_no_model_selects(ledger: Ledger) -> None:
    promote(ledger, "a")
    (only,) = ledger.models.promotions("acme/shop")
    assert ledger.models.roll_back(only, actor="ada", record=record(entry("a"), kind="rollback")) is None
    assert ledger.models.champion("acme/shop") is None


def test_a_promotion_is_rolled_back_once(ledger: Ledger) -> None:
    promote(ledger, "a")
    promote(ledger, "b", replacing="a")
    last = ledger.models.promotions("acme/shop")[-1]
    ledger.models.roll_back(last, actor="ada", record=record(entry("b"), kind="rollback"))
    with pytest.raises(Conflict):
        ledger.models.roll_back(last, actor="grace", record=record(entry("b"), kind="again"))
    champion = ledger.models.champion("acme/shop")
    assert champion is not None
    assert champion.digest == entry("a").digest


def test_tenants_have_champions_of_their_own(ledger: Ledger) -> None:
    promote(ledger, "a")
    theirs = entry("b", tenant="blue")
    ledger.models.register(theirs, replacing=None, record=record(theirs))
    assert ledger.models.champion("acme/shop") == entry("a")
    assert ledger.models.champion("acme/shop", tenant="blue") == theirs


def test_every_repository_with_a_history_is_known_once_for_each_tenant(ledger: Ledger) -> None:
    assert ledger.models.repositories() == ()
    for tenant, repo in (("default", "acme/shop"), ("blue", "acme/shop"), ("default", "acme/shop")):
        ledger.history.begin(TestRun(key=f"run/{tenant}/{repo}", repo=repo, tenant=tenant, revision="a" * 40))
    ledger.builds.put(History(names=("t0",), builds=()), repo="acme/imported")
    assert ledger.models.repositories() == (
        ("blue", "acme/shop"),
        ("default", "acme/imported"),
        ("default", "acme/shop"),
    )
