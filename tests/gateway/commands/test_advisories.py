"""``maestro advisories`` and ``maestro sbom``: what whoever asks is told, without a stack."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from tests.execution.repositories import Repository
from tests.sbom.osv import JINJA2, MINIMIST, WORST, advisory, archive, write

TODAY = datetime.now(UTC).date()
OLD = {"modified": "2024-01-01T00:00:00Z"}


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MAESTRO_LEDGER_URL", raising=False)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "shop")
    made.commit({"requirements.txt": "jinja2==2.11.2\nsix==1.16.0\n"})
    return made


def maestro(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def imported(folder: Path, *, days_old: int = 0) -> Result:
    records = (JINJA2 | OLD, advisory("GHSA-w", "Jinja2", ("introduced", "0"), cvss=WORST, **OLD))
    return maestro(
        "advisories", "import", write(folder / "vulns", *records), "--snapshot", TODAY - timedelta(days=days_old)
    )


def test_a_folder_comes_in_and_is_shown_with_its_date_and_digest(tmp_path: Path) -> None:
    told = imported(tmp_path)
    assert told.exit_code == 0, told.output
    shown = maestro("advisories", "status")
    assert shown.exit_code == 0
    for word in ("PyPI", str(TODAY), "sha256:", "days old"):
        assert word in shown.stdout
    as_json = json.loads(maestro("advisories", "status", "--json").stdout)
    assert as_json["ecosystems"] == {"PyPI": {"advisories": 2, "packages": 1}}
    assert as_json["usable"] is True


def test_an_archive_comes_in_in_the_place_of_what_was_there_and_says_what_is_gone(tmp_path: Path) -> None:
    imported(tmp_path)
    packed = archive(tmp_path / "all.zip", {"x.json": json.dumps(MINIMIST | OLD)})
    told = maestro("advisories", "import", packed, "--snapshot", TODAY)
    assert told.exit_code == 0, told.output
    assert "PyPI was covered before" in told.stderr
    assert "PyPI" not in maestro("advisories", "status").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("--snapshot", "yesterday"), "no day", id="a word for a day"),
        pytest.param(("--snapshot", str(TODAY + timedelta(days=2))), "in the future", id="the day after tomorrow"),
        pytest.param((), "--snapshot", id="no day"),
        pytest.param(
            ("--snapshot", str(TODAY), "--ecosystem", "Debian"), "Debian", id="an ecosystem that is not known"
        ),
    ],
)
def test_an_import_that_cannot_be_right_is_refused(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    told = maestro("advisories", "import", write(tmp_path / "vulns", JINJA2 | OLD), *words)
    assert told.exit_code == 2
    assert message in told.stderr
    assert maestro("advisories", "status").exit_code == 1


def test_a_snapshot_that_is_too_old_or_damaged_is_said(tmp_path: Path) -> None:
    imported(tmp_path, days_old=30)
    assert maestro("advisories", "status").exit_code == 1
    assert maestro("advisories", "status", "--limit-days", 40).exit_code == 0
    [path] = (tmp_path / "home" / "advisories").iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    damaged = maestro("advisories", "status")
    assert damaged.exit_code == 3
    assert "damaged" in damaged.stderr
    assert imported(tmp_path).exit_code == 0


def test_the_dependencies_of_a_head_are_listed_with_their_advisories(tmp_path: Path, repository: Repository) -> None:
    imported(tmp_path)
    told = maestro("sbom", "--repo", repository.folder)
    assert told.exit_code == 0, told.output
    [jinja] = [line for line in told.stdout.splitlines() if line.strip().startswith("jinja2")]
    for word in ("2.11.2", "PyPI", "requirements.txt", "GHSA-w (critical)", "PYSEC-2021-66 (unrated)"):
        assert word in jinja
    assert "1 critical, 0 high, 1 unrated of 2 flaws" in told.stderr


def test_the_document_is_written_where_it_is_wanted(tmp_path: Path, repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit({"requirements.txt": "six==1.16.0\n"})
    told = maestro("sbom", "--repo", repository.folder, "--head", first, "--out", tmp_path / "bom.json")
    assert told.exit_code == 0, told.output
    document = json.loads((tmp_path / "bom.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in document["components"]] == ["jinja2", "six"]
    assert "not evaluated: there is no snapshot of advisories" in told.stderr


def test_a_remote_repository_is_read_by_branch_and_by_commit(tmp_path: Path, repository: Repository) -> None:
    address = f"file://{repository.folder}"
    for head in ("main", "HEAD", repository.git("rev-parse", "HEAD")):
        assert "jinja2" in maestro("sbom", "--repo", address, "--head", head).stdout
    assert maestro("sbom", "--repo", address, "--head", "nowhere").exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("--head", "nowhere"), id="no such commit"),
        pytest.param(("--head", "--output=x"), id="an option as a commit"),
        pytest.param(("--out", "/nowhere/at/all.json"), id="no such folder"),
    ],
)
def test_what_cannot_be_done_is_said(words: tuple[str, ...], repository: Repository) -> None:
    told = maestro("sbom", "--repo", repository.folder, *words)
    assert told.exit_code == 2
    assert "fix: " in told.stderr


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    for repo in (tmp_path, tmp_path / "gone"):
        assert maestro("sbom", "--repo", repo).exit_code == 2
