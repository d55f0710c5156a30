"""Three pull requests conducted by a real stack, one merged, one blocked, one approved: their exported bundles under
openssl, cosign, slsa-verifier, trestle, the CycloneDX validator and NIST's schema, which we did not write, offline.
"""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from docs import sample
from tests.evidence.exports.cases import oscal_schema_problems
from tests.localstack import LocalStack
from tests.outside.asking import Question, cosign, openssl, slsa_verifier
from tests.outside.oscal_tools import programs, run
from tests.outside.test_trestle import VERSION
from tests.outside.tools import NotHereError

PASSING = "MC-BR-02"
"""A control that holds for all three."""


@dataclass(frozen=True)
class Exported:
    """A pull request's bundle as an auditor has it, and what its verifiers are asked."""

    question: Question
    green: bool

    @property
    def folder(self) -> Path:
        return self.question.folder


class Site:
    """A repository that can be merged into, and a stack that conducts it."""

    def __init__(self, folder: Path) -> None:
        work, self.origin = folder / "work", folder / "shop.git"
        sample.make(work)
        self._git(work, "switch", "--quiet", "--create", "broken", "main")
        (work / "shop" / "money.py").write_text("def share(cents, percent):\n    return cents\n")
        self._git(work, "commit", "--quiet", "--all", "--message", "Charge the whole share")
        self._git(work, "switch", "--quiet", "main")
        self._git(folder, "clone", "--quiet", "--bare", str(work), str(self.origin))
        self.stack = LocalStack(folder / "home")
        self.key = folder / "evidence.pem"

    def export(self, pr: str, *options: str, head: str, expected: int, approved: bool = False) -> Exported:
        started = self.stack.maestro(
            *("pr", "start", "--repo", str(self.origin), "--base", "main", "--head", head, "--pr", pr, "--wait"),
            *("--no-wait-for-person", "--json", *options),
        )
        assert started.returncode == (1 if approved else expected), started.stderr
        if approved:
            self._maestro("pr", "act", "approve", f"shop/{pr}", "--actor", "grace@example.org", "--reason", "read it")
            self._maestro("pr", "watch", f"shop/{pr}")
        elif expected:
            self.stack.maestro("pr", "act", "reject", f"shop/{pr}", "--actor", "grace@example.org", "--reason", "no")
            self.stack.maestro("pr", "watch", f"shop/{pr}")
        folder = self.key.parent / f"bundle-{pr}"
        self._maestro("evidence", "export", f"shop/{pr}", "--out", str(folder))
        self._maestro("keys", "export", "--pem", "--out", str(self.key)) if not self.key.exists() else None
        index = json.loads((folder / "index.json").read_bytes())
        summary = json.loads((folder / "vsa.dsse.json").read_bytes())
        head_sha = index["subject"]["head_sha"]
        return Exported(
            Question(
                folder=folder,
                key=self.key,
                key_id=summary["signatures"][0]["keyid"],
                head=head_sha,
                resource=f"pkg:generic/shop@{head_sha}",
                level=PASSING,
            ),
            green=index["decision"] == "green",
        )

    def _maestro(self, *words: str) -> str:
        done = self.stack.maestro(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @staticmethod
    def _git(folder: Path, *words: str) -> None:
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Exported]]:
    site = Site(tmp_path_factory.mktemp("conducted"))
    site.stack.up()
    try:
        yield {
            "blocked": site.export("8", head="broken", expected=1),
            "approved": site.export("9", "--agent", head="discounts", expected=0, approved=True),
            "merged": site.export("7", "--merge", head="discounts", expected=0),
        }
    finally:
        site.stack.maestro("down")


@pytest.fixture(params=["merged", "blocked", "approved"])
def exported(request: pytest.FixtureRequest, bundles: dict[str, Exported]) -> Exported:
    return bundles[request.param]


@pytest.fixture(autouse=True)
def _say_how_to_get_what_is_missing() -> Iterator[None]:
    try:
        yield
    except NotHereError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.mark.parametrize("verify", [openssl, cosign])
def test_who_checks_signatures_accepts_all_three(exported: Exported, verify: object) -> None:
    done = verify(exported.question)  # type: ignore[operator]
    assert done.returncode == 0, done.stdout + done.stderr


def test_slsa_verifier_says_that_a_control_held_only_where_the_decision_was_green(exported: Exported) -> None:
    done = slsa_verifier(exported.question)
    assert (done.returncode == 0) == exported.green, done.stdout + done.stderr


def test_nist_and_trestle_take_the_assessment_results(exported: Exported, tmp_path: Path) -> None:
    content = (exported.folder / "exports" / "oscal-assessment-results.json").read_bytes()
    assert oscal_schema_problems(content) == []
    trestle = str(programs("compliance-trestle", VERSION) / "trestle")
    assert run(tmp_path, trestle, "init", "--local").returncode == 0
    (tmp_path.parent / "results.json").write_bytes(content)
    imported = run(tmp_path, trestle, "import", "-f", str(tmp_path.parent / "results.json"), "-o", "ours")
    assert imported.returncode == 0, imported.stderr
    validated = run(tmp_path, trestle, "validate", "-t", "assessment-results", "-n", "ours")
    assert validated.returncode == 0, validated.stderr


def test_cyclonedx_takes_the_declarations_and_the_bill_of_materials(exported: Exported) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    index = json.loads((exported.folder / "index.json").read_bytes())
    bills = [file["path"] for file in index["files"] if file["media_type"] == "application/vnd.cyclonedx+json"]
    assert len(bills) >= 2
    for path in bills:
        assert validator.validate_str((exported.folder / path).read_text()) is None, path


def test_the_bundle_holds_for_maestro_as_well(exported: Exported, bundles: dict[str, Exported]) -> None:
    home = exported.folder.parent / "nowhere"
    auditor = LocalStack(home)
    trusted = exported.folder.parent / "home" / "keys"
    roots = exported.folder.parent / "roots.json"
    if not roots.exists():
        assert LocalStack(trusted.parent).maestro("keys", "export", "--out", str(roots)).returncode == 0
    done = auditor.maestro("evidence", "verify", str(exported.folder), "--trust", str(roots))
    assert done.returncode == 0, done.stdout + done.stderr
