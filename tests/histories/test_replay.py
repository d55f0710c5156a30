"""Every history that was ever recorded replays with today's workflows: running pull requests survive a deploy."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from tests.histories.record import FOLDER, scenarios
from workers.region import workflow_runner
from workflows.calibration import CalibrationWorkflow
from workflows.nightly import NightlyWorkflow
from workflows.pull_request import PullRequestWorkflow
from workflows.replay import ReplayWorkflow

RECORDED = sorted(FOLDER.glob("*.json"))


def replayer() -> Replayer:
    """As a worker would run them: the same converter, the same sandbox."""
    return Replayer(
        workflows=[PullRequestWorkflow, NightlyWorkflow, ReplayWorkflow, CalibrationWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=workflow_runner(),
    )


def test_every_scenario_was_recorded() -> None:
    missing = scenarios().keys() - {path.stem for path in RECORDED}
    assert not missing, f"run `make histories` and commit the files of: {', '.join(sorted(missing))}"


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in RECORDED])
async def test_a_recorded_history_replays(path: Path) -> None:
    text = path.read_text(encoding="utf-8")  # noqa: ASYNC240 - a test file
    await replayer().replay_workflow(WorkflowHistory.from_json(path.stem, text))


async def test_a_history_of_another_order_does_not_replay() -> None:
    text = (FOLDER / "green.json").read_text(encoding="utf-8")
    other = text.replace('"name": "run_shard"', '"name": "run_everything"')
    assert other != text
    result = await replayer().replay_workflow(WorkflowHistory.from_json("green", other), raise_on_replay_failure=False)
    assert isinstance(result.replay_failure, NondeterminismError)
