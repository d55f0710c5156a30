"""Where the full Temporal server is looked for, and what somebody who has none is told."""

from pathlib import Path

import pytest

from maestro.errors import BadInput, PlatformUnavailable
from workers.clusters.binary import SERVER, SQL_TOOL, VARIABLE, VERSION, cache_dir, find, server_version


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without a server and without Go."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("MAESTRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def program(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    path.chmod(0o755)
    return path


def server(path: Path, version: str = "1.32.2") -> Path:
    return program(path, f"echo temporal version {version}")


def find_silently() -> Path:
    told: list[str] = []
    found = find(SERVER, told.append)
    assert told == []
    return found


def test_the_named_server_comes_before_the_path_and_that_before_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = server(SERVER.built)
    assert find_silently() == cached
    installed = server(tmp_path / "bin" / "temporal-server")
    assert find_silently() == installed
    named = server(tmp_path / "own")
    monkeypatch.setenv(VARIABLE, str(named))
    assert find_silently() == named


def test_a_server_on_the_path_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    server(tmp_path / "bin" / "temporal-server", "1.27.0")
    cached = server(SERVER.built)
    assert find_silently() == cached


def test_without_go_the_three_ways_to_a_server_are_named() -> None:
    with pytest.raises(PlatformUnavailable) as caught:
        find_silently()
    for way in (VARIABLE, "temporal-server", "install Go"):
        assert way in caught.value.fix


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("temporal version 1.7.0 (Server 1.32.0, UI 2.50.1)", id="the temporal command, another program"),
        pytest.param("temporal version 1.29.5", id="a release without the planned handover"),
        pytest.param("hello", id="something else"),
    ],
)
def test_a_named_program_that_is_no_such_server_is_refused(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(program(tmp_path / "own", f"echo '{said}'")))
    with pytest.raises(BadInput) as caught:
        find_silently()
    assert caught.value.field == VARIABLE
    assert "1.30" in caught.value.message


def test_a_named_program_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    with pytest.raises(BadInput, match="there is no program"):
        find_silently()


def test_a_program_that_fails_or_cannot_run_has_no_version(tmp_path: Path) -> None:
    assert server_version(program(tmp_path / "fails", "echo temporal version 1.32.2", "exit 1")) is None
    (tmp_path / "plain").write_text("no program")
    assert server_version(tmp_path / "plain") is None


def test_go_builds_it_once_under_its_version_and_the_user_hears_that_it_takes_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    counted = tmp_path / "counted"
    making = 'printf "#!/bin/sh\\necho temporal version 1.32.2\\n" > "$GOBIN/server"; chmod +x "$GOBIN/server"'
    program(tmp_path / "bin" / "go", f'echo "$@" $GOTOOLCHAIN >> {counted}', making)
    told: list[str] = []
    built = find(SERVER, told.append)
    assert built == cache_dir() / "bin" / f"temporal-server-{VERSION}"
    assert server_version(built) == (1, 32, 2)
    assert "minutes" in told[0]
    assert find_silently() == built
    assert counted.read_text() == f"install go.temporal.io/server/cmd/server@{VERSION} auto\n"
    assert [path.name for path in built.parent.iterdir() if not path.name.endswith(".lock")] == [built.name]


def test_a_build_that_fails_says_why_and_leaves_nothing_that_looks_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    program(tmp_path / "bin" / "go", "echo no route to the module proxy >&2", "exit 1")
    with pytest.raises(PlatformUnavailable, match="no route to the module proxy"):
        find(SERVER, lambda _line: None)
    assert not SERVER.built.exists()


def test_the_schema_tool_is_found_under_its_own_name(tmp_path: Path) -> None:
    tool = program(tmp_path / "bin" / "temporal-sql-tool", "exit 0")
    assert find(SQL_TOOL, lambda _line: None) == tool
