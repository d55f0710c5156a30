"""``maestro evidence release``: what has its evidence, and by name what has not."""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from gateway.cli import cli
from maestro.evidence.release import POPULATION
from maestro.ledger import Ledger
from maestro.ledger.schema import records
from maestro.model.decision import DecisionState
from maestro.signing.envelope import unseal
from maestro.signing.keys import open_evidence_keyring
from tests.evidence.release_git import Clone
from tests.evidence.release_sealed import REPO, Installation

PAYLOAD_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class World:
    """A clone and an installation; ``v2`` has a fast-forward, a merge commit and a squash since ``v1``."""

    folder: Path
    digests: dict[str, str]

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def clone(self) -> Path:
        return self.folder / "shop"

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", "-C", str(self.clone), *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def artifact(self, digest: str) -> Path:
        hexadecimal = digest.removeprefix("sha256:")
        return self.home / "artifacts" / "sha256" / hexadecimal[:2] / hexadecimal

    def execute(self, statement: sa.Executable) -> None:
        with Ledger.open(f"sqlite:///{self.home / 'ledger.sqlite'}") as ledger, ledger._database.write() as connection:
            connection.execute(statement)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("release")
    clone, installation = Clone(folder / "shop"), Installation(folder / "home")
    digests = {}
    steps: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("forwarded", clone.forward),
        ("merged", clone.merge),
        ("squashed", clone.squash),
    )
    for name, land in steps:
        clone.branch(name, f"{name} a", f"{name} b")
        digests[name] = installation.seal(clone, name, landed=name == "forwarded").index.digest
        land(name)
    clone.release()
    return World(folder, digests)


@pytest.fixture
def world(made: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A copy that a test may harm; the command runs in it."""
    own = World(tmp_path / "world", made.digests)
    shutil.copytree(made.folder, own.folder)
    monkeypatch.setenv("MAESTRO_HOME", str(own.home))
    monkeypatch.delenv("MAESTRO_LEDGER_URL", raising=False)
    monkeypatch.delenv("MAESTRO_EVIDENCE_KEY", raising=False)
    monkeypatch.chdir(own.folder)
    return own


def release(world: World, *words: str, tag: str = "v2") -> Result:
    asked = ["evidence", "release", tag, "--repo", str(world.clone), "--name", REPO, *words]
    return CliRunner().invoke(cli, asked)


def stated(world: World, name: str = "release-v2.evidence.json") -> dict[str, object]:
    keys = open_evidence_keyring(world.home / "keys")
    payload = unseal((world.folder / name).read_bytes(), payload_type=PAYLOAD_TYPE, keys=keys, field=name)
    found: dict[str, object] = json.loads(payload)
    return found


def gaps(world: World) -> dict[str, str]:
    predicate = stated(world)["predicate"]
    assert isinstance(predicate, dict)
    assert predicate["complete"] is False
    return {gap["subject"]: gap["reason"] for gap in predicate["gaps"]}


def test_a_release_with_all_its_evidence_is_stated_and_signed(world: World) -> None:
    told = release(world)
    assert told.exit_code == 0, told.output
    assert "v2: 3 of 3 changes since v1 have their evidence; none is missing" in told.stdout
    statement = stated(world)
    assert (statement["_type"], statement["predicateType"]) == ("https://in-toto.io/Statement/v1", POPULATION)
    subjects = statement["subject"]
    assert isinstance(subjects, list)
    assert subjects[0]["digest"] == {"gitCommit": world.git("rev-parse", "v2")}
    assert {f"sha256:{one['digest']['sha256']}" for one in subjects[1:]} == set(world.digests.values())
    predicate = statement["predicate"]
    assert isinstance(predicate, dict)
    assert predicate["complete"] is True
    assert predicate["counts"] == {
        "bundles_found": 3,
        "commits": 7 - 1,
        "covered": 3,
        "first_parents": 4,
        "gaps": 0,
        "population": 3,
    }
    assert all(sum(row[name] for name in ANSWERS) == 3 for row in predicate["controls"])
    assert predicate["controls"]
    summary = (world.folder / "release-v2.evidence.md").read_text()
    assert "**Complete.**" in summary


ANSWERS = ("passed", "failed", "not_evaluated", "not_applicable", "not_asked", "no_bundle")


def test_the_query_can_be_asked_again_by_who_reads_it(world: World) -> None:
    release(world)
    predicate = stated(world)["predicate"]
    assert isinstance(predicate, dict)
    *_, query = predicate["git_query"]
    words = query.split()[1:]
    assert len(world.git(*words).splitlines()) == predicate["counts"]["commits"]


@pytest.mark.parametrize("name", ["forwarded", "merged"])
def test_a_merge_whose_bundle_was_removed_is_found_and_named(world: World, name: str) -> None:
    world.artifact(world.digests[name]).unlink()
    told = release(world)
    assert told.exit_code == 1
    subject = {"forwarded": "forwarded b", "merged": "merge merged"}[name]
    assert f"(pull request {name})" in gaps(world)[subject]
    assert "missing or damaged" in gaps(world)[subject]
    assert subject in told.stdout
    assert "1 changes" not in told.stdout
    assert "have their evidence; " in told.stdout


def test_a_squash_whose_bundle_was_removed_is_a_gap_and_the_bundle_is_named(world: World) -> None:
    """Without its index nobody knows which tree it tested, so it cannot be said whose it was."""
    world.artifact(world.digests["squashed"]).unlink()
    told = release(world)
    assert told.exit_code == 1
    assert list(gaps(world)) == ["squash squashed"]
    assert "is not in the store" in told.stdout


def test_a_bundle_whose_record_was_taken_out_is_found_twice(world: World) -> None:
    world.execute(sa.delete(records).where(records.c.kind == "evidence", records.c.pr == "merged"))
    told = release(world)
    assert told.exit_code == 1
    assert "came in around Maestro" in gaps(world)["merge merged"]
    assert "is gone" in told.stdout


def test_one_changed_byte_in_a_bundle_is_found(world: World) -> None:
    index = json.loads(world.artifact(world.digests["merged"]).read_bytes())
    harmed = next(file for file in index["files"] if file["role"] == "narrative")
    path = world.artifact(harmed["digest"])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    told = release(world)
    assert told.exit_code == 1
    assert "does not verify" in "".join(gaps(world).values())


def test_a_direct_push_is_named_with_author_date_and_subject(world: World) -> None:
    (world.clone / "around.txt").write_text("around")
    world.git("add", "--all")
    world.git("-c", "user.name=Eve", "-c", "user.email=eve@x.example", "commit", "-qm", "<b>|around\x1b[31m @all")
    world.git("tag", "v3")
    told = release(world, "--since", "v1", tag="v3")
    assert told.exit_code == 1
    assert "v3: 3 of 4 changes since v1 have their evidence; 1 without" in told.stdout
    assert "\x1b" not in told.stdout
    summary = (world.folder / "release-v3.evidence.md").read_text()
    assert "Eve \\<eve\\@x.example\\>" in summary
    assert "\\<b\\>\\|around" in summary
    assert "\x1b" not in summary


def test_a_pull_request_that_was_blocked_and_landed_is_named(world: World, tmp_path: Path) -> None:
    clone, installation = Clone(tmp_path / "other"), Installation(tmp_path / "other-home")
    clone.branch("pr", "one")
    installation.seal(clone, "pr", state=DecisionState.BLOCKED)
    clone.forward("pr")
    clone.release()
    told = CliRunner().invoke(
        cli,
        ["evidence", "release", "v2", "--repo", str(clone.folder), "--name", REPO, "--json"],
        env={"MAESTRO_HOME": str(installation.home)},
    )
    assert told.exit_code == 1
    (gap,) = json.loads(told.stdout)["gaps"]
    assert "it landed, and" in gap["reason"]
    assert "not green but blocked" in gap["reason"]


def test_bundles_by_a_key_that_is_not_trusted_cover_nothing(world: World) -> None:
    roots = world.folder / "roots.json"
    roots.write_text('{"version": 1, "keys": []}')
    told = release(world, "--trust", str(roots))
    assert told.exit_code == 1
    assert [each for each in gaps(world).values() if "vsa.dsse.json: it is signed by" not in each] == []


def test_an_auditor_needs_only_the_clone_the_bundles_and_the_keys(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles = world.folder / "bundles"
    for name, suffix in (("forwarded", ""), ("merged", ".tar.gz"), ("squashed", ".tar.gz")):
        words = ["evidence", "export", f"{REPO}/{name}", "--out", str(bundles / f"{name}{suffix}")]
        assert CliRunner().invoke(cli, words).exit_code == 0
    trust = world.folder / "trust.json"
    assert CliRunner().invoke(cli, ["keys", "export", "--out", str(trust)]).exit_code == 0
    monkeypatch.setenv("MAESTRO_HOME", str(world.folder / "auditor"))
    asked = ("--bundles", str(bundles), "--trust", str(trust))
    told = release(world, *asked)
    assert told.exit_code == 0, told.output
    assert "whether a later bundle of the same head was withheld" in told.stdout
    assert not (world.folder / "auditor").exists()
    assert not (world.folder / "release-v2.evidence.json").exists()
    (bundles / "merged.tar.gz").write_bytes(b"\x1f\x8bbroken")
    told = release(world, *asked)
    assert told.exit_code == 1
    assert "merge merged" in told.stdout
    assert "merged.tar.gz: " in told.stdout


def test_bundles_of_other_repositories_alone_are_wrong_use(world: World) -> None:
    bundles = world.folder / "bundles"
    CliRunner().invoke(cli, ["evidence", "export", f"{REPO}/merged", "--out", str(bundles / "merged")])
    refused = release(world, "--bundles", str(bundles), "--name", "acme/other")
    assert refused.exit_code == 2
    assert "--name" in refused.stderr


def test_what_landed_and_was_taken_out_of_the_branch_is_named(world: World) -> None:
    assert release(world, "--branch", "main").exit_code == 0
    world.git("checkout", "-q", "-B", "main", "v1")
    world.git("-c", "user.name=Eve", "-c", "user.email=e@x", "commit", "-q", "--allow-empty", "-m", "instead")
    world.git("tag", "v2b")
    told = release(world, "--branch", "main", tag="v2b")
    assert told.exit_code == 1
    assert "(pull request forwarded) says that it landed on main as" in told.stdout
    assert "that landed and are gone" in told.stdout


def test_a_tag_that_was_moved_since_the_statement_is_refused(world: World) -> None:
    assert release(world).exit_code == 0
    before = (world.folder / "release-v2.evidence.json").read_bytes()
    assert release(world).exit_code == 0
    world.git("tag", "-f", "v2", "v2~1")
    refused = release(world)
    assert refused.exit_code == 2
    assert "v2 was moved" in refused.stderr
    assert len((world.folder / "release-v2.evidence.json").read_bytes()) == len(before)


def test_a_file_that_is_no_statement_is_not_written_over(world: World) -> None:
    (world.folder / "notes.json").write_text("{}")
    refused = release(world, "--out", "notes.json")
    assert refused.exit_code == 2
    assert (world.folder / "notes.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("words", "tag", "told"),
    [
        pytest.param([], "v9", "TAG", id="a tag that is not there"),
        pytest.param(["--since", "v2"], "v2", "--since", id="an empty range"),
        pytest.param(["--since", "v2"], "v1", "does not descend", id="the two exchanged"),
        pytest.param(["--repo", "nowhere"], "v2", "no git repository", id="no repository"),
        pytest.param(["--bundles", "nowhere"], "v2", "--bundles", id="no folder of bundles"),
        pytest.param(["--trust", "nowhere.json"], "v2", "nowhere.json", id="no trust roots"),
    ],
)
def test_wrong_use_ends_with_2_and_names_what_was_wrong(world: World, words: list[str], tag: str, told: str) -> None:
    refused = release(world, *words, tag=tag)
    assert refused.exit_code == 2
    assert told in refused.stderr


def test_a_missing_ledger_ends_with_2_and_says_where_it_was_looked_for(world: World) -> None:
    (world.home / "ledger.sqlite").unlink()
    refused = release(world)
    assert refused.exit_code == 2
    assert "there is no ledger" in refused.stderr


def test_the_checkpoint_that_covers_the_bundles_is_named(world: World) -> None:
    assert CliRunner().invoke(cli, ["ledger", "checkpoint"]).exit_code == 0
    assert release(world).exit_code == 0
    predicate = stated(world)["predicate"]
    assert isinstance(predicate, dict)
    assert predicate["source"]["checkpoint"].startswith("sha256:")
    assert not any("rewritten as a whole" in sentence for sentence in predicate["not_checked"])


def test_the_history_of_this_project_has_no_evidence_yet_and_every_commit_is_named(
    world: World, tmp_path: Path
) -> None:
    here = Path(__file__).parents[3]
    own = tmp_path / "own.git"
    cloned = subprocess.run(["git", "clone", "-q", "--bare", "--shared", str(here), str(own)], check=False)
    if cloned.returncode != 0 or (own / "shallow").exists():
        pytest.skip("this is no whole clone")
    line = subprocess.run(
        ["git", "-C", str(own), "rev-list", "--first-parent", "-n", "31", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    if len(line) < 31:
        pytest.skip("the history is too short")
    told = CliRunner().invoke(
        cli, ["evidence", "release", line[0], "--since", line[-1], "--repo", str(own), "--name", "own", "--json"]
    )
    assert told.exit_code == 1
    assert [gap["commit"] for gap in json.loads(told.stdout)["gaps"]][:30] == line[:-1]


def test_the_envelope_is_one_that_other_tools_read(world: World) -> None:
    release(world)
    envelope = json.loads((world.folder / "release-v2.evidence.json").read_text())
    assert envelope["payloadType"] == PAYLOAD_TYPE
    assert json.loads(base64.b64decode(envelope["payload"]))["predicate"]["repo"] == REPO
    assert (world.folder / "release-v2.evidence.json").stat().st_mode & 0o777 == 0o644
