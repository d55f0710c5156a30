"""The weekly calibration goes through every repository, one after the other, whatever happens to one of them."""

from temporalio.client import Client

from tests.workflows.calibrating import FakeCalibration, calibration


async def test_every_repository_is_calibrated_in_order(temporal: Client) -> None:
    fake = FakeCalibration(repositories=("acme/shop", "acme/web"))
    report = await (await calibration(temporal, fake)).result()
    assert fake.calibrated == ["acme/shop", "acme/web"]
    assert [result.reason for result in report.results] == ["too little data"] * 2


async def test_a_repository_that_cannot_be_calibrated_is_named_and_does_not_stop_the_others(temporal: Client) -> None:
    fake = FakeCalibration(repositories=("acme/broken", "acme/web"), broken=frozenset({"acme/broken"}))
    report = await (await calibration(temporal, fake)).result()
    broken, fine = report.results
    assert broken.problem is not None
    assert (broken.problem.kind, broken.problem.message, broken.problem.fix) == (
        "BadInput", "no build to learn from", "import some",
    )  # fmt: skip
    assert fine.problem is None


async def test_without_repositories_there_is_nothing_to_do(temporal: Client) -> None:
    report = await (await calibration(temporal, FakeCalibration())).result()
    assert report.results == ()


async def test_many_repositories_are_calibrated_across_runs_without_losing_one(temporal: Client) -> None:
    repositories = tuple(f"acme/r{number}" for number in range(40))
    fake = FakeCalibration(repositories=repositories)
    handle = await calibration(temporal, fake)
    report = await handle.result()
    assert tuple(result.repo for result in report.results) == repositories
    assert tuple(fake.calibrated) == repositories
    first = await temporal.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id).describe()
    assert first.status is not None
    assert first.status.name == "CONTINUED_AS_NEW"
