"""Which tests are recorded, and what becomes of the recordings of the shards of a round."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from activities.recording import is_recorded, keep_recording
from activities.services import Services
from maestro.config.topology import Recorded
from maestro.impact.knowledge.recording import Recording
from maestro.ledger.recordings import MEDIA_TYPE
from maestro.model.artifact import ArtifactRef
from maestro.model.conduct import GatherRequest, ShardRequest
from maestro.model.pull_request import PullRequest
from maestro.model.region import Placement
from maestro.model.tests import SelectionMode, ShardResult, TestPlan
from tests.execution.repositories import Repository

BODY = ArtifactRef(digest="sha256:" + "0" * 64, media_type="application/json", bytes=2)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "shop")
    repository.commit({"a.py": "1\n"})
    return repository


def at(repository: Repository, *, base: str = "main", head: str = "main") -> PullRequest:
    shas = [repository.git("rev-parse", revision) for revision in (base, head)]
    return PullRequest(
        repository=str(repository.folder),
        repo="shop",
        pr="7",
        base_sha=shas[0],
        merge_base_sha=shas[0],
        head_sha=shas[1],
    )


def plan(*, left_out: int = 0, round_number: int = 0) -> TestPlan:
    return TestPlan(
        applicable=True,
        reason="",
        mode=SelectionMode.ALL,
        round=round_number,
        left_out_count=left_out,
        body=BODY,
        environment_key="py",
    )


def recording(revision: str, *tests: str) -> Recording:
    nothing = np.zeros(len(tests), np.uint8)
    return Recording(
        revision=revision,
        recorded_at=datetime.now(UTC),
        python="3.13.0",
        granularity="line",
        tests=tests,
        seconds=np.ones(len(tests), np.float32),
        verdicts=nothing,
        flags=nothing,
        files=(),
        blobs=(),
        coverage=(),
        openings={},
    )


def shards(services: Services, revision: str, *tests: tuple[str, ...]) -> tuple[ShardResult, ...]:
    """A shard for each tuple of tests, with what it recorded."""
    return tuple(
        ShardResult(
            ordinal=str(number),
            region="north",
            recording=services.artifacts.put(recording(revision, *each).dump(), media_type=MEDIA_TYPE),
        )
        for number, each in enumerate(tests)
    )


def keep(services: Services, repository: Repository, asked: TestPlan, *tests: tuple[str, ...]) -> tuple[str, ...]:
    """The tests of the recording that is kept of the head of main."""
    pull_request = at(repository)
    placed = Placement(region="north", reason="", decided_at=datetime.now(UTC))
    request = GatherRequest(
        pull_request=pull_request,
        region="north",
        placement=placed,
        plan=asked,
        shards=shards(services, pull_request.head_sha, *tests),
    )
    keep_recording(services, repository.folder / ".git", request)
    kept = services.ledger.recordings.latest("shop")
    assert kept is not None
    assert (kept.revision, kept.environment) == (pull_request.head_sha, "py")
    return tuple(sorted(Recording.load(services.artifacts.get(kept.ref)).tests))


def test_what_the_shards_of_a_round_recorded_becomes_one_recording(services: Services, repository: Repository) -> None:
    assert keep(services, repository, plan(), ("t1", "t2"), ("t3",)) == ("t1", "t2", "t3")


def test_a_run_of_everything_forgets_tests_that_are_gone(services: Services, repository: Repository) -> None:
    keep(services, repository, plan(), ("gone", "t1"))
    repository.commit({"a.py": "2\n"})
    assert keep(services, repository, plan(), ("t1",)) == ("t1",)


def test_a_run_of_some_tests_is_laid_over_the_nearest_recording(services: Services, repository: Repository) -> None:
    keep(services, repository, plan(), ("t1", "t2"))
    repository.commit({"a.py": "2\n"})
    assert keep(services, repository, plan(left_out=1), ("t1", "new")) == ("new", "t1", "t2")


def test_a_round_that_recorded_nothing_keeps_nothing(services: Services, repository: Repository) -> None:
    placed = Placement(region="north", reason="", decided_at=datetime.now(UTC))
    request = GatherRequest(pull_request=at(repository), region="north", placement=placed, plan=plan())
    keep_recording(services, repository.folder / ".git", request)
    assert services.ledger.recordings.latest("shop") is None


@pytest.mark.parametrize(
    ("of_main", "first", "recorded", "wanted"),
    [
        pytest.param(True, True, "nightly", True, id="a main branch at night"),
        pytest.param(True, False, "nightly", False, id="what tracing runs again"),
        pytest.param(False, True, "nightly", False, id="a pull request, where only nights are recorded"),
        pytest.param(False, True, "always", True, id="a pull request, where everything is"),
        pytest.param(True, True, "off", False, id="nothing is recorded"),
    ],
)
def test_the_topology_says_what_is_recorded(
    repository: Repository, of_main: bool, first: bool, recorded: Recorded, wanted: bool
) -> None:
    repository.commit({"a.py": "2\n"})
    request = ShardRequest(
        pull_request=at(repository, base="main" if of_main else "main~1"),
        region="north",
        plan=plan(round_number=0 if first else 1),
        shard=0,
    )
    assert is_recorded(request, recorded) is wanted
