"""Facts from real repositories, read through a bare mirror."""

import subprocess
from pathlib import Path

import pytest

from maestro.assurance import GitFacts, git_facts
from maestro.assurance.blobs import OVERLAP_BYTES, WINDOW_BYTES
from maestro.errors import PlatformUnavailable
from maestro.model.pull_request import PullRequest

KEY = b"-----BEGIN OPENSSH " + b"PRIVATE KEY-----\nAAAA\n"
IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}


class Repository:
    """A repository with one commit, and what a test adds to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run("init", "-q", "-b", "main")
        self.base = self.commit({"README": b"hello\n", "old.pem": KEY})

    def run(self, *arguments: str, **environment: str) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        done = subprocess.run(command, env=IDENTITY | environment, check=True, capture_output=True)
        return done.stdout.decode().strip()

    def commit(self, files: dict[str, bytes], message: str = "Change", **environment: str) -> str:
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.run("add", "-A")
        self.run("commit", "-q", "--allow-empty", "-m", message, **environment)
        return self.run("rev-parse", "HEAD")

    def facts(self, *, base: str | None = None, merge_base: str | None = None) -> GitFacts:
        mirror = self.folder.parent / "mirror.git"
        self.run("clone", "-q", "--mirror", str(self.folder), str(mirror))
        return git_facts(
            mirror,
            PullRequest(
                repository=str(self.folder),
                repo="demo",
                pr="1",
                base_sha=base or self.base,
                head_sha=self.run("rev-parse", "HEAD"),
                merge_base_sha=merge_base or self.base,
            ),
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "work"
    folder.mkdir()
    return Repository(folder)


def test_a_plain_commit_is_linear_and_recorded_with_its_tree(repository: Repository) -> None:
    repository.commit({"a.py": b"x = 1\n"})
    facts = repository.facts()
    assert (facts.commits, facts.merge_commits, facts.linear, facts.changed_files) == (1, 0, True, 1)
    assert facts.tree == repository.run("rev-parse", "HEAD^{tree}")
    assert facts.commits_without_signature == 1
    assert facts.license_present is False


def test_a_merge_commit_is_not_linear(repository: Repository) -> None:
    repository.run("checkout", "-q", "-b", "side")
    repository.commit({"a": b"1"})
    repository.run("checkout", "-q", "main")
    repository.commit({"b": b"2"})
    repository.run("merge", "-q", "--no-ff", "-m", "Merge", "side")
    facts = repository.facts()
    assert (facts.commits, facts.merge_commits, facts.linear) == (3, 1, False)


def test_a_base_that_moved_on_is_not_contained_in_the_head(repository: Repository) -> None:
    repository.run("checkout", "-q", "-b", "feature")
    repository.commit({"a": b"1"})
    repository.run("checkout", "-q", "main")
    newer = repository.commit({"b": b"2"})
    repository.run("checkout", "-q", "feature")
    assert repository.facts(base=newer).head_contains_base is False


def test_only_the_authors_own_sign_off_counts(repository: Repository) -> None:
    repository.commit({}, "One\n\nSigned-off-by: Ada <ada@example.org>")
    repository.commit({}, "Two\n\nSigned-off-by: Eve <eve@example.org>")
    repository.commit({}, "Three")
    assert repository.facts().commits_without_signoff == 2


def test_a_signature_header_is_seen_and_a_message_that_imitates_one_is_not(repository: Repository) -> None:
    repository.commit({}, "Say\n\ngpgsig -----BEGIN SSH SIGNATURE-----")
    raw = repository.run("cat-file", "commit", "HEAD").encode() + b"\n"
    signed = raw.replace(b"\n\n", b"\ngpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----\n\n", 1)
    (repository.folder / ".git" / "object").write_bytes(signed)
    repository.run("reset", "-q", repository.run("hash-object", "-t", "commit", "-w", ".git/object"))
    repository.commit({}, "Unsigned\n\ngpgsig -----BEGIN SSH SIGNATURE-----")
    facts = repository.facts()
    assert (facts.commits, facts.commits_without_signature) == (2, 1)


def test_a_committer_other_than_the_author_is_counted(repository: Repository) -> None:
    repository.commit({}, GIT_COMMITTER_EMAIL="bot@example.org")
    assert repository.facts().commits_by_another_committer == 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x7fELF\x02\x01", id="ELF"),
        pytest.param(b"\x00asm\x01\x00\x00\x00", id="WebAssembly"),
        pytest.param(b"\xcf\xfa\xed\xfe", id="Mach-O"),
        pytest.param(b"MZ" + b"\0" * 58 + b"\x40\0\0\0PE\0\0", id="Windows"),
    ],
)
def test_a_generated_executable_is_named(repository: Repository, content: bytes) -> None:
    repository.commit({"bin/tool": content})
    assert repository.facts().executables_added == ("bin/tool",)


def test_a_script_and_a_text_that_begins_like_a_program_are_source(repository: Repository) -> None:
    repository.commit({"run.sh": b"#!/bin/sh\n", "mz.txt": b"MZ is a label\n" * 20})
    assert repository.facts().executables_added == ()


@pytest.mark.parametrize("offset", [0, 5_000, WINDOW_BYTES - 10, WINDOW_BYTES - OVERLAP_BYTES, 2 * WINDOW_BYTES])
def test_a_private_key_is_found_wherever_it_stands(repository: Repository, offset: int) -> None:
    repository.commit({"secret": b"\n" * offset + KEY})
    assert repository.facts().private_keys_added == ("secret",)


def test_touching_a_file_that_held_a_key_before_is_not_adding_one(repository: Repository) -> None:
    repository.commit({"old.pem": KEY + b"more\n"})
    assert repository.facts().private_keys_added == ()


def test_a_file_that_speaks_of_keys_is_not_one(repository: Repository) -> None:
    repository.commit({"doc.md": b"look for BEGIN PRIVATE KEY in it; -----BEGIN PUBLIC KEY-----\n"})
    assert repository.facts().private_keys_added == ()


def test_a_change_of_the_pipeline_is_named_also_when_it_removes_it(repository: Repository) -> None:
    repository.base = repository.commit({".github/workflows/ci.yml": b"on: push\n", "maestro.yaml": b"\n"})
    repository.run("rm", "-q", "maestro.yaml")
    repository.commit({".github/workflows/ci.yml": b"on: pull_request\n", "docs/maestro.yaml": b"\n"})
    assert repository.facts().rule_files_changed == (".github/workflows/ci.yml", "maestro.yaml")


def test_a_file_name_that_is_not_utf8_is_escaped(repository: Repository) -> None:
    blob = (repository.folder / "x").parent
    (blob / "elf").write_bytes(b"\x7fELF")
    name = str(repository.folder).encode() + b"/na\xefve"
    Path(name.decode("utf-8", "surrogateescape")).write_bytes(b"\x7fELF")
    (blob / "elf").unlink()
    repository.commit({})
    assert repository.facts().executables_added == ("na\\xefve",)


def test_a_link_and_a_submodule_are_not_read_as_files(repository: Repository) -> None:
    (repository.folder / "link").symlink_to("/dev/zero")
    repository.run("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    repository.run("add", "link")
    repository.run("commit", "-q", "-m", "Link")
    facts = repository.facts()
    assert (facts.changed_files, facts.executables_added) == (2, ())


@pytest.mark.parametrize("name", ["LICENSE", "COPYING", "LICENCE.md", "licenses"])
def test_a_licence_at_the_top_is_seen(repository: Repository, name: str) -> None:
    repository.commit({name: b"free\n"})
    assert repository.facts().license_present is True


def test_a_mirror_that_lacks_the_commits_is_a_failure_of_the_platform(repository: Repository) -> None:
    with pytest.raises(PlatformUnavailable, match="fetch the mirror again"):
        repository.facts(merge_base="1" * 40)
