"""What stands in the tree at the head, and who signed: facts from real repositories, read through a bare mirror."""

import shutil
import subprocess
from pathlib import Path

import pytest

from maestro.assurance.signatures import VARIABLE
from tests.assurance.test_gitfacts import Repository

SAFE = b"on: push\npermissions: {contents: read}\njobs:\n  a: {steps: [{run: make}]}\n"
WORKFLOW = ".github/workflows/ci.yml"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "work"
    folder.mkdir()
    return Repository(folder)


@pytest.mark.parametrize(
    ("path", "fact"),
    [
        ("README.rst", "readme_present"),
        ("SECURITY.md", "security_policy_present"),
        (".github/SECURITY.md", "security_policy_present"),
        ("docs/security.rst", "security_policy_present"),
        ("CONTRIBUTING", "contributing_present"),
        (".gitlab/CODEOWNERS", "code_owners_present"),
        ("MAINTAINERS.md", "governance_present"),
        ("CHANGES.txt", "changelog_present"),
    ],
)
def test_a_document_is_seen_where_forges_look_for_it(repository: Repository, path: str, fact: str) -> None:
    repository.commit({path: b"words\n"})
    assert getattr(repository.facts(), fact) is True


@pytest.mark.parametrize("path", ["src/SECURITY.md", "SECURITY.py", "INSECURITY.md", "SECURITY.md/x"])
def test_a_file_of_another_name_or_place_is_no_security_policy(repository: Repository, path: str) -> None:
    repository.commit({path: b"words\n"})
    assert repository.facts().security_policy_present is False


def test_an_empty_document_and_a_link_are_none(repository: Repository) -> None:
    (repository.folder / "CONTRIBUTING.md").symlink_to("README")
    repository.commit({"SECURITY.md": b""})
    facts = repository.facts()
    assert (facts.security_policy_present, facts.contributing_present) == (False, False)


def test_dependencies_are_seen_by_the_names_of_their_files(repository: Repository) -> None:
    repository.commit({"pyproject.toml": b"[]", "web/package.json": b"{}", "web/yarn.lock": b"x", "uv.lock": b"x"})
    facts = repository.facts()
    assert facts.manifests == ("pyproject.toml", "web/package.json")
    assert facts.lock_files == ("uv.lock", "web/yarn.lock")


def test_source_and_its_tests_are_told_apart_and_a_removed_test_is_no_test(repository: Repository) -> None:
    repository.base = repository.commit({"tests/test_old.py": b"1\n"})
    repository.run("rm", "-q", "tests/test_old.py")
    repository.commit({"a.py": b"1\n", "web/a.spec.ts": b"1\n", "pkg/a_test.go": b"1\n", "notes.md": b"1\n"})
    facts = repository.facts()
    assert facts.source_files_changed == ("a.py",)
    assert facts.test_files_changed == ("pkg/a_test.go", "web/a.spec.ts")


def test_a_binary_is_named_and_a_picture_is_not_also_where_attributes_call_it_text(repository: Repository) -> None:
    repository.base = repository.commit({"old.bin": b"\0\1", ".gitattributes": b"*.bin diff\n"})
    repository.commit({"new.bin": b"\0\1", "old.bin": b"\0\2", "logo.png": b"\x89PNG\0", "text.txt": b"x\n"})
    facts = repository.facts()
    assert facts.binaries_added == ("new.bin",)


@pytest.mark.parametrize(
    ("content", "fact", "names_it"),
    [
        pytest.param(SAFE, "workflows_without_permissions", False, id="permissions at the top"),
        pytest.param(
            b"jobs: {a: {permissions: {}}, b: {permissions: read-all}}",
            "workflows_without_permissions",
            False,
            id="jobs",
        ),
        pytest.param(
            b"jobs: {a: {permissions: {}}, b: {}}", "workflows_without_permissions", True, id="one job without"
        ),
        pytest.param(b"permissions: write-all\njobs: {a: {}}", "workflows_with_wide_permissions", True, id="write-all"),
        pytest.param(b"jobs: {a: {permissions: write-all}}", "workflows_with_wide_permissions", True, id="in a job"),
        pytest.param(SAFE, "workflows_with_wide_permissions", False, id="no more than reading"),
        pytest.param(
            b"jobs: {a: {steps: [{run: 'echo ${{ github.event.pull_request.title }}'}]}}",
            "workflows_with_outside_text",
            True,
            id="a title in a script",
        ),
        pytest.param(
            b"jobs: {a: {steps: [{run: 'git checkout ${{github.head_ref}}'}]}}",
            "workflows_with_outside_text",
            True,
            id="a branch in a script",
        ),
        pytest.param(
            b"jobs: {a: {steps: [{with: {script: 'f(${{ inputs.name }})'}}]}}",
            "workflows_with_outside_text",
            True,
            id="an input in a script of an action",
        ),
        pytest.param(
            b"jobs: {a: {steps: [{env: {T: '${{ github.event.issue.title }}'}, run: 'echo \"$T\"'}]}}",
            "workflows_with_outside_text",
            False,
            id="in a variable",
        ),
        pytest.param(
            b"jobs: {a: {steps: [{run: 'echo ${{ github.sha }}'}]}}",
            "workflows_with_outside_text",
            False,
            id="the commit",
        ),
    ],
)
def test_what_a_workflow_lets_its_jobs_do(repository: Repository, content: bytes, fact: str, *, names_it: bool) -> None:
    repository.commit({WORKFLOW: content})
    facts = repository.facts()
    assert facts.workflows == (WORKFLOW,)
    assert getattr(facts, fact) == ((WORKFLOW,) if names_it else ())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a: &a x\nb: *a\n", id="an alias"),
        pytest.param(b"x: " + b"[" * 3_000, id="deep nesting"),
        pytest.param(b"#" * 200_001, id="too large"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"- 1\n", id="a list"),
        pytest.param(b"jobs: {", id="no YAML"),
    ],
)
def test_a_workflow_that_cannot_be_read_leaves_its_facts_unknown(repository: Repository, content: bytes) -> None:
    repository.commit({WORKFLOW: content, ".github/workflows/good.yaml": SAFE})
    facts = repository.facts()
    assert facts.workflows == (WORKFLOW, ".github/workflows/good.yaml")
    assert facts.workflows_without_permissions is None
    assert facts.workflows_with_outside_text is None


@pytest.mark.parametrize("content", [b"jobs: [1, 2]\n", b"jobs: {a: 1}\n", b"jobs: {a: {steps: x}}\n", b"jobs:\n", b""])
def test_a_workflow_of_another_shape_does_not_stop_the_reading(repository: Repository, content: bytes) -> None:
    repository.commit({WORKFLOW: content})
    assert repository.facts().workflows_with_outside_text in ((), None)


def key(folder: Path, name: str) -> Path:
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return path


def sign_with(repository: Repository, path: Path) -> None:
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", f"{path}.pub"), ("commit.gpgsign", "true")):
        repository.run("config", name, value)


def test_only_a_signature_by_an_allowed_signer_is_good(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shutil.which("ssh-keygen"), "signatures of commits are made by ssh-keygen: apt-get install openssh-client"
    allowed, stranger = key(tmp_path, "allowed"), key(tmp_path, "stranger")
    signers = tmp_path / "signers"
    signers.write_text(f"ada@example.org {(tmp_path / 'allowed.pub').read_text()}")
    sign_with(repository, allowed)
    repository.commit({"a": b"1"})
    monkeypatch.setenv(VARIABLE, str(signers))
    good = repository.facts()
    assert (good.signers_known, good.commits_unverified, good.commits_without_signature) == (True, 0, 0)
    sign_with(repository, stranger)
    repository.commit({"a": b"2"})
    repository.run("config", "commit.gpgsign", "false")
    repository.commit({"a": b"3"})
    shutil.rmtree(tmp_path / "mirror.git")
    facts = repository.facts()
    assert (facts.commits_unverified, facts.commits_without_signature) == (2, 1)


def test_without_a_file_of_signers_nothing_is_claimed_of_signatures(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    repository.commit({"a": b"1"})
    facts = repository.facts()
    assert (facts.signers_known, facts.commits_unverified) == (False, None)


def test_a_file_of_signers_that_is_gone_leaves_the_signatures_unknown(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    repository.commit({"a": b"1"})
    facts = repository.facts()
    assert (facts.signers_known, facts.commits_unverified) == (True, None)


def test_before_a_merge_nothing_has_landed(repository: Repository) -> None:
    repository.commit({"a": b"1"})
    facts = repository.facts()
    assert (facts.landed, facts.landed_tree, facts.landed_as_tested) == (False, None, None)
