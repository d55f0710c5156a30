"""Evidence by command: exported from what is on record, verified with an exit code, shown without a claim."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from maestro.evidence.contents import INDEX
from maestro.model.decision import DecisionState
from tests.evidence.bundles import Sealed, on_record, sealed_in

HEADS = ("ab" * 20, "cd" * 20)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def made(home: Path) -> tuple[Sealed, ...]:
    """Three heads of one pull request; the last was sealed twice, the second time blocked."""
    first, second = (sealed_in(home, head=head) for head in HEADS)
    third, again = sealed_in(home), sealed_in(home, state=DecisionState.BLOCKED)
    for number, one in enumerate((first, second, third, again)):
        on_record(one, home, ordinal=number)
    return first, second, again


@pytest.fixture
def run(made: tuple[Sealed, ...], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("MAESTRO_HOME", str(home))
    monkeypatch.chdir(tmp_path)

    def ran(*words: str) -> Result:
        return CliRunner().invoke(cli, ["evidence", *words])

    return ran


def test_the_newest_bundle_of_a_pull_request_is_exported_and_others_are_named(run, made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = run("export", "shop/checkout/1482")
    assert done.exit_code == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert (folder / INDEX).read_bytes() == made[2].files[INDEX]
    assert "newest of 3 heads" in done.stderr
    assert all(head in done.stderr for head in HEADS)
    assert run("export", "shop/checkout/1482").exit_code == 0, "the same again"


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["shop/checkout/1482", "--head", "abab"], id="a part of the head"),
        pytest.param(["abab"], id="the head alone"),
        pytest.param([f"pr/shop/checkout/1482/{HEADS[0]}"], id="the workflow id"),
    ],
)
def test_a_head_can_be_named_in_every_way(run, made, tmp_path: Path, words: list[str]) -> None:  # type: ignore[no-untyped-def]
    done = run("export", *words, "--out", "here.tar.gz")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip() == "here.tar.gz"
    checked = run("verify", "here.tar.gz", "--commit", HEADS[0], "--json")
    # The clock of the machine is later than the sealing, and its key is that of the home.
    assert json.loads(checked.stdout)["holds"] is True, checked.stdout
    assert checked.exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["shop/checkout/1"], "no sealed evidence", id="another number"),
        pytest.param(["nothing"], "no sealed evidence", id="no name"),
        pytest.param(["shop/checkout/1482", "--head", "ffff"], "no sealed evidence", id="another head"),
        pytest.param(["shop/checkout/1482", "--head", "x"], "no part of a commit", id="no head"),
    ],
)
def test_what_is_not_on_record_is_refused(run, tmp_path: Path, words: list[str], told: str) -> None:  # type: ignore[no-untyped-def]
    refused = run("export", *words)
    assert refused.exit_code == 2
    assert told in refused.stderr
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_a_bundle_that_lacks_an_artifact_is_not_exported(run, home: Path, made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = next(path for path in made[1].files if path.startswith("artifacts/"))
    name = path.partition("/")[2]
    stored = home / "artifacts" / "sha256" / name[:2] / name
    stored.rename(tmp_path.parent / name)
    try:
        refused = run("export", "cdcd")
        assert refused.exit_code == 3
        assert name in refused.stderr
        assert os.listdir(tmp_path) == []  # noqa: PTH208
    finally:
        (tmp_path.parent / name).rename(stored)


def test_what_is_broken_ends_with_1_and_names_the_file(run, made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    broken = made[0].put("card.json", b"{}").folder(tmp_path / "broken")
    told = run("verify", str(broken))
    assert told.exit_code == 1
    assert "card.json" in told.stdout
    assert "It does not hold" in told.stdout
    other = run("verify", str(made[0].folder(tmp_path / "whole")), "--commit", "ef" * 20)
    assert other.exit_code == 1


def test_what_holds_says_what_was_not_checked(run, made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    told = run("verify", str(made[0].folder(tmp_path / "whole")))
    assert told.exit_code == 0
    assert f"It holds: shop/checkout 1482 at {HEADS[0]} was decided green" in told.stdout
    assert "Not checked:" in told.stdout
    assert "--repository" in told.stdout


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["verify", "nowhere"], id="nothing there"),
        pytest.param(["verify", "."], id="a folder without a bundle"),
        pytest.param(["verify", ".", "--commit", "ab"], id="a part of a commit"),
        pytest.param(["verify", ".", "--trust", "nowhere.json"], id="no trust roots"),
        pytest.param(["show", "."], id="showing no bundle"),
    ],
)
def test_what_is_no_bundle_ends_with_2(run, words: list[str]) -> None:  # type: ignore[no-untyped-def]
    assert run(*words).exit_code == 2


def test_keys_by_a_trust_file_are_the_only_ones_that_count(run, made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    whole = made[0].folder(tmp_path / "whole")
    (tmp_path / "nobody.json").write_text('{"version": 1, "keys": []}')
    assert run("verify", str(whole), "--trust", "nobody.json").exit_code == 1
    (tmp_path / "auditor.json").write_bytes(made[0].trust.dump())
    assert run("verify", str(whole), "--trust", "auditor.json").exit_code == 0


def test_a_bundle_is_shown_with_nothing_claimed_and_nothing_invisible(run, made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    index = made[0].json(INDEX)
    index["subject"]["title"] = "\x1b[31mred\u202e"
    told = run("show", str(made[0].reindexed(index).folder(tmp_path / "whole")))
    assert told.exit_code == 0
    assert "Not verified" in told.stdout
    assert "MC-QA-01" in told.stdout
    assert "records.jsonl" in told.stdout
    assert "\x1b" not in told.stdout
    assert "\u202e" not in told.stdout
