"""The whole way from a repository to verdicts, in the sandbox, with a package index on the loopback address."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.execution import ExecutionSettings, Listing, Places, RunOutput, Tree, open_tree, resolve_pull_request
from maestro.impact.knowledge.recording import Recording
from maestro.model.tests import TestOutcome
from tests.execution.projects import demo
from tests.execution.repositories import Files, Repository
from tests.execution.wheelhouse import pack, served


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("index")
    pack(folder)
    with served(folder) as address:
        yield address


class Conductor:
    """Conducts heads of one repository; each ``conduct`` commits files and gives the verdicts of all tests."""

    def __init__(self, repository: Repository, home: Path) -> None:
        self.repository, self.home = repository, home
        self.settings = ExecutionSettings(hang_timeout_seconds=60)
        self.base = repository.commit({"README": "demo"})
        self.verdicts: dict[str, str] = {}
        self.tree: Tree
        self.listing: Listing
        self.output: RunOutput
        self.recording: Recording | None = None

    async def conduct(self, files: Files, *, recording: bool = False) -> None:
        head = self.repository.commit(files)
        places = Places.under(self.home)
        pull_request = resolve_pull_request(str(self.repository.folder), base=self.base, head=head, places=places)
        self.verdicts = {}
        async with open_tree(pull_request, head, home=self.home, settings=self.settings) as tree:
            self.tree = tree
            self.listing = await tree.list_tests(workdir=self.home.parent / head / "list")
            folder = self.home.parent / head / "run"
            if recording:
                self.output, self.recording = await tree.record(
                    self.listing.tests, on_outcomes=self._take, workdir=folder
                )
            else:
                self.output = await tree.run(self.listing.tests, on_outcomes=self._take, workdir=folder)

    async def _take(self, outcomes: tuple[TestOutcome, ...]) -> None:
        self.verdicts |= {outcome.test: outcome.verdict.value for outcome in outcomes}


@pytest.fixture
def conductor(repository: Repository, tmp_path: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> Conductor:
    monkeypatch.setenv("UV_DEFAULT_INDEX", index)
    return Conductor(repository, tmp_path / "home")


@pytest.mark.parametrize("isolation", ["bubblewrap", "namespaces", "none"])
async def test_a_project_is_installed_listed_and_tested(conductor: Conductor, isolation: str) -> None:
    conductor.settings = ExecutionSettings.model_validate({"isolation": isolation})
    await conductor.conduct(demo())
    assert conductor.tree.problem is None
    assert conductor.verdicts == {"tests/test_demo.py::test_demo": "pass"}
    assert conductor.output.problem is None
    assert conductor.tree.isolation == isolation


async def test_an_environment_is_built_once_and_serves_the_next_head(conductor: Conductor) -> None:
    requirements: Files = {"requirements-test.txt": "iniconfig\n"}
    await conductor.conduct({"test_a.py": "import iniconfig\ndef test_a(): pass", **requirements})
    first = conductor.tree.environment
    await conductor.conduct({"test_a.py": "import iniconfig\ndef test_b(): pass"})
    second = conductor.tree.environment
    assert first is not None
    assert second is not None
    assert (first.reused, second.reused, first.key) == (False, True, second.key)
    assert conductor.verdicts == {"test_a.py::test_b": "pass"}
    await conductor.conduct({"requirements-test.txt": "iniconfig>=1\n"})
    assert conductor.tree.environment is not None
    assert conductor.tree.environment.key != first.key


async def test_a_head_whose_build_runs_its_own_code_gets_an_environment_of_its_own(conductor: Conductor) -> None:
    await conductor.conduct(demo())
    first = conductor.tree.environment
    await conductor.conduct({"backend/extra.py": "poison = 1"})
    assert conductor.tree.environment is not None
    assert first is not None
    assert conductor.tree.environment.key != first.key


async def test_two_that_need_the_same_environment_build_it_once(conductor: Conductor) -> None:
    head = conductor.repository.commit(demo())
    places = Places.under(conductor.home)
    pull_request = resolve_pull_request(str(conductor.repository.folder), base=conductor.base, head=head, places=places)

    async def reused() -> bool:
        async with open_tree(pull_request, head, home=conductor.home, settings=conductor.settings) as tree:
            assert tree.environment is not None
            return tree.environment.reused

    assert sorted(await asyncio.gather(reused(), reused())) == [False, True]


async def test_an_environment_whose_build_was_killed_is_built_again(conductor: Conductor) -> None:
    await conductor.conduct(demo())
    environment = conductor.tree.environment
    assert environment is not None
    (environment.root / "complete.json").unlink()
    environment.python.unlink()
    head = conductor.repository.git("rev-parse", "HEAD")
    places = Places.under(conductor.home)
    again = resolve_pull_request(str(conductor.repository.folder), base=conductor.base, head=head, places=places)
    async with open_tree(again, head, home=conductor.home, settings=conductor.settings) as tree:
        assert tree.environment is not None
        assert (tree.environment.reused, tree.environment.python.exists()) == (False, True)


async def test_a_project_that_cannot_be_installed_is_a_problem_with_its_last_words(conductor: Conductor) -> None:
    await conductor.conduct(demo(while_building="raise SystemExit('no compiler here')"))
    for problem in (conductor.tree.problem, conductor.listing.problem, conductor.output.problem):
        assert problem is not None
        assert problem.kind == "environment"
        assert "no compiler here" in problem.message
        assert problem.fix
    assert conductor.verdicts == {}


async def test_a_build_sees_no_secret_and_cannot_reach_the_shared_cache_or_the_platform(
    conductor: Conductor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "geheim")
    monkeypatch.setenv("HTTPS_PROXY", "http://someone:geheim@proxy.example:3128")
    spy = f"""
import socket
def reach(port):
    try:
        return socket.create_connection(("127.0.0.1", port), 5) and "reached"
    except OSError as error:
        return type(error).__name__
cached = sum(len(files) for _, _, files in os.walk({str(conductor.home / "cache")!r}))
with socket.create_server(("127.0.0.1", 0)) as server:
    found = [dict(os.environ), cached, reach(server.getsockname()[1])]
raise SystemExit(repr(found))
"""
    await conductor.conduct(demo(while_building=spy))
    assert conductor.tree.problem is not None
    assert "}, 0, 'PermissionError']" in conductor.tree.problem.message
    assert "geheim" not in conductor.tree.problem.message


async def test_tests_cannot_change_the_environment_that_others_use(conductor: Conductor) -> None:
    attack = "import sys\ndef test_attack(): open(sys.prefix + '/planted', 'w')"
    await conductor.conduct(demo(test=attack))
    assert conductor.verdicts == {"tests/test_demo.py::test_attack": "fail"}


async def test_what_a_build_generates_is_there_for_later_worktrees(conductor: Conductor) -> None:
    generate = "pathlib.Path('src/demo/_version.py').write_text('v = 7')"
    files = demo(while_building=generate, test="import demo._version\ndef test_v(): assert demo._version.v == 7")
    for _ in range(2):
        await conductor.conduct(files)
        assert conductor.verdicts == {"tests/test_demo.py::test_v": "pass"}
    assert conductor.tree.environment is not None
    assert conductor.tree.environment.reused


async def test_a_generated_file_is_not_written_through_a_link(conductor: Conductor, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (conductor.repository.folder / "generated").symlink_to(tmp_path / "outside")
    generate = "os.remove('generated'); os.mkdir('generated'); pathlib.Path('generated/planted').write_text('x')"
    for _ in range(2):
        await conductor.conduct(demo(while_building=generate))
    assert list((tmp_path / "outside").iterdir()) == []


async def test_nothing_stays_when_a_tree_is_cancelled(conductor: Conductor) -> None:
    slow = "import pathlib, time\ndef test_slow(): time.sleep(60)"
    task = asyncio.create_task(conductor.conduct(demo(test=slow)))
    log = "*/run/output/events.jsonl"
    async with asyncio.timeout(60):
        while not any("started" in path.read_text() for path in conductor.home.parent.glob(log)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(Places.under(conductor.home).worktrees.iterdir()) == []


async def test_a_malformed_maestro_yaml_is_refused_by_line_before_anything_is_built(conductor: Conductor) -> None:
    with pytest.raises(BadInput, match=r"maestro\.yaml"):
        await conductor.conduct({"maestro.yaml": "tests:\n  netwrok: true\n"})
    places = Places.under(conductor.home)
    assert list(places.environments.iterdir()) == list(places.worktrees.iterdir()) == []


async def test_a_project_that_is_not_python_runs_by_its_own_commands_without_an_environment(
    conductor: Conductor,
) -> None:
    script = "#!/bin/sh\nmkdir -p out; echo \"<testsuite><testcase name='one'/></testsuite>\" > out/junit.xml\n"
    config = "runner:\n  list: printf 'one\\n'\n  run: sh run.sh {tests}\n  junit: out/junit.xml\n"
    await conductor.conduct({"run.sh": script, "maestro.yaml": config})
    assert conductor.tree.environment is None
    assert (conductor.verdicts, conductor.output.problem) == ({"one": "pass"}, None)


async def test_a_recording_comes_out_of_the_sandbox_with_the_digests_of_the_files(conductor: Conductor) -> None:
    source = "import demo\ndef value(): return demo.x\ndef test_demo(): assert value() == 1\n"
    await conductor.conduct(demo(test=source), recording=True)
    recording = conductor.recording
    assert recording is not None
    assert recording.revision == conductor.tree.sha
    assert recording.tests == ("tests/test_demo.py::test_demo",)
    assert recording.at_import("src/demo/__init__.py").tolist() == [1]
    assert recording.blob_of("src/demo/__init__.py") == hashlib.sha256(b"x = 1").hexdigest()
    lines, tests = recording.lines_of("tests/test_demo.py")
    assert (lines.tolist(), tests.tolist()) == ([2, 3], [0, 0])
    assert Recording.load(recording.dump()).tests == recording.tests
