"""The calibration's activities: what they plan, that they act once, and that a cancelled one publishes nothing."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.calibration import CalibrationActivities
from activities.services import Reach, Services
from maestro.artifacts import ArtifactStore
from maestro.assurance.catalogue import Catalogue
from maestro.config.topology import load_topology
from maestro.execution import Places
from maestro.impact.calibration.walked import Walked
from maestro.impact.history.builds import History
from maestro.ledger import Ledger
from maestro.model.calibration import CalibrationProgress, CalibrationRequest, CalibrationResult, CalibrationTask
from maestro.policy.engine import PolicyEngine
from tests.impact.calibration.standin import Memory, Remembering, repeating
from tests.localstack import TOPOLOGY

PATIENCE_SECONDS = 30


class Slow(Remembering):
    """Walks only once it is let go."""

    def __init__(self) -> None:
        super().__init__(20)
        self.walking, self.go = threading.Event(), threading.Event()

    def walk(self, history: History, *, taus: Sequence[float], model: Memory | None = None) -> Walked:
        self.walking.set()
        assert self.go.wait(PATIENCE_SECONDS), "nobody let the walk go"
        return super().walk(history, taus=taus, model=model)


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield Services(
            topology=load_topology(TOPOLOGY),
            places=Places.under(tmp_path),
            ledger=ledger,
            artifacts=ArtifactStore(tmp_path / "artifacts"),
            policy=create_autospec(PolicyEngine),
            catalogue=create_autospec(Catalogue),
            reach=Reach(create_autospec(Client)),
        )


async def planned(activities: CalibrationActivities) -> CalibrationProgress:
    progress: CalibrationProgress = await ActivityEnvironment().run(activities.plan_calibration, CalibrationRequest())
    return progress


async def calibrated(activities: CalibrationActivities, task: CalibrationTask) -> CalibrationResult:
    result: CalibrationResult = await ActivityEnvironment().run(activities.calibrate_repository, task)
    return result


async def the_task(services: Services, activities: CalibrationActivities) -> CalibrationTask:
    services.ledger.builds.put(repeating(400, period=2), repo="acme/shop")
    # The time of the test environment's activity lies before any build; a real one lies after them.
    (task,) = (await planned(activities)).tasks
    return task.model_copy(update={"until": task.until.replace(year=2100)})


async def test_every_repository_with_a_history_is_planned_for_each_tenant(services: Services) -> None:
    services.ledger.builds.put(repeating(4, period=2), repo="acme/shop")
    services.ledger.builds.put(repeating(4, period=2), repo="acme/shop", tenant="blue")
    progress = await planned(CalibrationActivities(services, Remembering(20)))
    assert [(task.repo, task.tenant) for task in progress.tasks] == [("acme/shop", "blue"), ("acme/shop", "default")]


async def test_a_calibration_becomes_a_champion_with_a_report(services: Services) -> None:
    activities = CalibrationActivities(services, Remembering(20))
    result = await calibrated(activities, await the_task(services, activities))
    assert result.promoted
    champion = services.ledger.models.champion("acme/shop")
    assert champion is not None
    assert champion.digest == result.champion
    assert result.report is not None
    assert services.artifacts.get(result.report).startswith(b"<!doctype html>")


async def test_a_second_attempt_finds_what_the_first_one_did_and_fits_nothing(services: Services) -> None:
    activities = CalibrationActivities(services, Remembering(20))
    task = await the_task(services, activities)
    first = await calibrated(activities, task)
    slow = Slow()
    assert await calibrated(CalibrationActivities(services, slow), task) == first
    assert not slow.walking.is_set()


async def test_builds_after_the_end_of_the_task_are_not_looked_at(services: Services) -> None:
    activities = CalibrationActivities(services, Remembering(20))
    task = await the_task(services, activities)
    early = task.model_copy(update={"until": task.until.replace(year=1970, month=1, day=11)})
    result = await calibrated(activities, early)
    assert result.figures is not None
    assert result.figures.builds == 10


async def test_a_fit_that_takes_long_is_not_taken_for_dead(services: Services) -> None:
    slow = Slow()
    activities = CalibrationActivities(services, slow)
    task = await the_task(services, activities)
    environment = ActivityEnvironment()
    # The first heartbeat that comes while the walk waits lets it go.
    environment.on_heartbeat = lambda *_: slow.go.set() if slow.walking.is_set() else None
    result: CalibrationResult = await environment.run(activities.calibrate_repository, task)
    assert result.promoted


async def test_a_cancelled_calibration_publishes_nothing(services: Services) -> None:
    slow = Slow()
    activities = CalibrationActivities(services, slow)
    task = await the_task(services, activities)
    environment = ActivityEnvironment()
    running = asyncio.ensure_future(environment.run(activities.calibrate_repository, task))
    assert await asyncio.to_thread(slow.walking.wait, PATIENCE_SECONDS)
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    slow.go.set()
    assert services.ledger.models.list("acme/shop") == ()
    assert services.ledger.records.list() == ()
