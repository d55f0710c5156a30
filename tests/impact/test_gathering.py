"""What is known of a change decides how many of its tests run; what is not known never lets fewer of them run."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from maestro.artifacts import ArtifactStore
from maestro.impact.calibration.calibrate import Calibration, calibrate
from maestro.impact.calibration.method import METHOD
from maestro.impact.calibration.registry import Registry, publish
from maestro.impact.gathering import Gathered, uncertainty_of
from maestro.impact.history.builds import Build, History
from maestro.impact.judgement import OWN, PUBLIC
from maestro.ledger import Ledger
from maestro.model.artifact import ArtifactRef
from maestro.model.calibration import Promise, PromiseState
from maestro.model.tests import ReasonKind, SelectionRule
from maestro.signing.keys import open_keyring
from tests.execution.repositories import Files, Repository
from tests.impact.asking import NOW, PARTS, SHOP, TESTS, ask, keep, recorded
from tests.impact.calibration.standin import Remembering, repeating

CHANGED: Files = {"shop/part3.py": "def part3():\n    return 3 + 1\n"}
COVERING = TESTS[3]
BUILDS = 200


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield Registry(ledger, ArtifactStore(tmp_path / "artifacts"), open_keyring(tmp_path / "keys"))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "shop")
    repository.commit(SHOP)
    return repository


def past_of(tests: tuple[str, ...], suffix: str) -> History:
    """Every second build breaks the one test of the part that it changes."""
    builds = []
    for number in range(BUILDS):
        part = number * 7 % len(tests)
        verdicts = np.zeros(len(tests), np.uint8)
        verdicts[part] = number % 2
        builds.append(
            Build(
                id=f"b{number}",
                time=NOW.timestamp() - (BUILDS - number) * 3_600,
                tests=np.arange(len(tests), dtype=np.int32),
                verdicts=verdicts,
                seconds=np.ones(len(tests), np.float32),
                files=(f"shop/{PARTS[part]}.{suffix}",),
            )
        )
    return History(names=tests, builds=tuple(builds))


PAST = past_of(TESTS, "py")


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return calibrate(PAST, repo="shop", tenant="default", at=NOW, champion=None, method=METHOD)


def gathered(
    registry: Registry,
    repository: Repository,
    tmp_path: Path,
    files: Files = CHANGED,
    *,
    mode: SelectionRule = SelectionRule.PUBLIC,
    history: History | None = None,
    tests: tuple[str, ...] = TESTS,
) -> Gathered:
    """What is gathered for a pull request from the newest commit of the repository that changes ``files``."""
    base = repository.git("rev-parse", "HEAD")
    head = repository.commit(files)
    found = ask(
        registry, repository, base=base, head=head, worktree=tmp_path / head, mode=mode, history=history, tests=tests
    )
    repository.git("reset", "--quiet", "--hard", base)
    return found


def test_with_a_recording_only_the_tests_that_executed_the_change_run(
    registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    keep(registry, recorded(repository, repository.git("rev-parse", "HEAD")))
    found = gathered(registry, repository, tmp_path)
    assert found.judgement.alone
    assert found.judgement.taken[COVERING] == (
        ReasonKind.COVERED,
        "it executed the changed statement, in part3 in shop/part3.py",
    )
    assert len(found.judgement.taken) < len(TESTS)
    assert found.judgement.certificate is not None
    assert found.judgement.certificate.method == PUBLIC
    assert not found.judgement.certificate.certified
    assert found.inputs.keys() == {"recording", "change-model"}


def test_a_recording_of_an_older_commit_is_read_where_the_lines_were_then(
    registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    keep(registry, recorded(repository, repository.git("rev-parse", "HEAD")))
    moved = "".join(f"# line {number}\n" for number in range(50)) + "def part3():\n    return 3\n"
    repository.commit({"shop/part3.py": moved})
    found = gathered(registry, repository, tmp_path, {"shop/part3.py": moved.replace("return 3", "return 4")})
    assert found.judgement.taken[COVERING][0] is ReasonKind.COVERED


def test_code_that_calls_the_change_only_since_the_recording_counts_as_executing_it(
    registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    keep(registry, recorded(repository, repository.git("rev-parse", "HEAD")))
    calling = "from shop.part3 import part3\n\n\ndef part7():\n    return part3() + 4\n"
    repository.commit({"shop/part7.py": calling})
    found = gathered(registry, repository, tmp_path)
    assert found.judgement.taken[TESTS[7]] == (
        ReasonKind.COVERED,
        "it executed part7 in shop/part7.py, which has changed since the recording and names part3 now",
    )


def test_without_a_recording_the_graph_decides_and_it_is_said(
    registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    found = gathered(registry, repository, tmp_path)
    assert not found.judgement.alone
    assert not found.judgement.everything
    assert found.judgement.notes == (
        "nothing is recorded of what tests execute, so imports, names and paths are all that is known",
    )


def test_with_a_recording_that_is_too_old_everything_runs(
    registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    keep(registry, recorded(repository, repository.git("rev-parse", "HEAD"), at=NOW - timedelta(days=31)))
    found = gathered(registry, repository, tmp_path)
    assert found.judgement.everything == "the recording is 31 days old, more than the 30 that it is trusted for"


def test_a_recording_that_was_tampered_with_is_none_and_it_is_said(
    registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    keep(registry, recorded(repository, repository.git("rev-parse", "HEAD")))
    kept = registry.ledger.recordings.latest("shop")
    assert kept is not None
    stored = registry.artifacts.path(kept.ref)
    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes()[:-1])
    found = gathered(registry, repository, tmp_path)
    assert not found.judgement.alone
    assert "cannot be used" in found.judgement.notes[0]


def test_of_prose_that_nobody_reads_no_model_is_asked(
    registry: Registry, repository: Repository, tmp_path: Path, calibration: Calibration
) -> None:
    publish(registry, calibration, actor="calibration")
    keep(registry, recorded(repository, repository.git("rev-parse", "HEAD"), at=NOW - timedelta(days=31)))
    found = gathered(registry, repository, tmp_path, {"README.md": "a shop of parts\n"}, history=PAST)
    assert not found.judgement.taken
    assert not found.judgement.everything


def test_prose_that_a_test_was_seen_to_read_is_judged(
    registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    seen = recorded(repository, repository.git("rev-parse", "HEAD"))
    keep(registry, replace(seen, openings={"README.md": np.array([3], np.int32)}))
    found = gathered(registry, repository, tmp_path, {"README.md": "a shop of parts\n"})
    assert found.judgement.taken[COVERING] == (ReasonKind.COVERED, "it opened a changed file, or listed its folder")


def test_what_no_recording_can_judge_takes_everything(
    registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    keep(registry, recorded(repository, repository.git("rev-parse", "HEAD")))
    found = gathered(registry, repository, tmp_path, {**CHANGED, "uv.lock": "version = 2\n"})
    assert found.judgement.everything == "uv.lock says which dependencies are installed"


def test_a_file_that_cannot_be_read_takes_everything(
    registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    keep(registry, recorded(repository, repository.git("rev-parse", "HEAD")))
    found = gathered(registry, repository, tmp_path, {"shop/part3.py": b"def part3(): return '\xff'\n"})
    assert found.judgement.everything.startswith("shop/part3.py ")


def test_a_model_of_the_repository_certifies_by_its_own_red_builds(
    registry: Registry, repository: Repository, tmp_path: Path, calibration: Calibration
) -> None:
    published = publish(registry, calibration, actor="calibration")
    found = gathered(registry, repository, tmp_path, mode=SelectionRule.ENFORCE, history=PAST)
    assert found.judgement.alone
    assert found.judgement.certificate is not None
    assert (found.judgement.certificate.method, found.judgement.certificate.certified) == (OWN, True)
    assert found.judgement.certificate.model == found.inputs["model"] == published.champion
    assert COVERING in found.judgement.taken
    assert isinstance(found.report, ArtifactRef)


def test_the_model_is_least_sure_of_a_test_that_never_ran(registry: Registry, calibration: Calibration) -> None:
    registry.ledger.builds.put(PAST, repo="shop")
    assert uncertainty_of(registry, TESTS, repo="shop", tenant="default") is None
    publish(registry, calibration, actor="calibration")
    unsure = uncertainty_of(registry, (*TESTS, "later"), repo="shop", tenant="default")
    assert unsure is not None
    assert all(0 < unsure[test] < unsure["later"] for test in TESTS)


def test_a_test_that_no_build_has_seen_is_new(
    registry: Registry, repository: Repository, tmp_path: Path, calibration: Calibration
) -> None:
    publish(registry, calibration, actor="calibration")
    tests = (*TESTS, "tests/test_later.py::test_it")
    found = gathered(registry, repository, tmp_path, mode=SelectionRule.ENFORCE, history=PAST, tests=tests)
    assert found.judgement.taken[tests[-1]] == (ReasonKind.NEW, "no build is known in which it ran")


def test_a_model_that_cannot_be_read_lets_everything_run(
    registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    other = calibrate(
        repeating(400, period=2), repo="shop", tenant="default", at=NOW, champion=None, method=Remembering(20)
    )
    publish(registry, other, actor="calibration")
    found = gathered(registry, repository, tmp_path, mode=SelectionRule.ENFORCE)
    assert found.judgement.everything.startswith("the calibrated model may not be relied on: the model was fitted by")


def test_a_broken_promise_lets_everything_run_even_with_a_recording(
    registry: Registry, repository: Repository, tmp_path: Path, calibration: Calibration
) -> None:
    broken = Promise(state=PromiseState.WITHDRAWN, reason="The promise was broken.")
    publish(registry, replace(calibration, promise=broken), actor="calibration")
    keep(registry, recorded(repository, repository.git("rev-parse", "HEAD")))
    found = gathered(registry, repository, tmp_path, history=PAST)
    assert found.judgement.everything == "the calibrated model may not be relied on: The promise was broken"


def test_a_tenant_that_wants_the_graph_alone_asks_no_model(
    registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    keep(registry, recorded(repository, repository.git("rev-parse", "HEAD"), at=NOW - timedelta(days=99)))
    found = gathered(registry, repository, tmp_path, mode=SelectionRule.OFF)
    assert not found.judgement.everything
    assert not found.inputs


@pytest.mark.parametrize(
    ("files", "everything"),
    [
        pytest.param({"shop/part3.js": "export const part3 = 4\n"}, "", id="source code of any language"),
        pytest.param(
            {"package-lock.json": "{}"},
            "package-lock.json is no source code: any test may depend on it",
            id="what is installed",
        ),
        pytest.param(
            {"vitest.config.ts": "export default {}\n"},
            "vitest.config.ts is no source code: any test may depend on it",
            id="settings that are a program",
        ),
    ],
)
def test_a_past_of_builds_speaks_for_source_code_in_any_language(
    registry: Registry, repository: Repository, tmp_path: Path, files: Files, everything: str
) -> None:
    tests = tuple(f"{part} works" for part in PARTS)
    past = past_of(tests, "js")
    found = calibrate(past, repo="shop", tenant="default", at=NOW, champion=None, method=METHOD)
    publish(registry, found, actor="calibration")
    judgement = gathered(
        registry, repository, tmp_path, files, mode=SelectionRule.ENFORCE, history=past, tests=tests
    ).judgement
    assert judgement.everything == everything
    assert judgement.alone is not bool(everything)
    assert ("part3 works" in judgement.taken) is not bool(everything)
