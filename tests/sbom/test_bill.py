"""The document, and what the head's tree may do to the reading of it."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestro.errors import BadInput, PlatformUnavailable
from maestro.model.pull_request import PullRequest
from maestro.sbom import Bill, bill_of_materials, head
from maestro.sbom.files import READERS
from maestro.sbom.go_locks import read_go
from maestro.sbom.requirements import read_requirements
from tests.execution.repositories import Repository
from tests.sbom.heads import bill_at, bill_of
from tests.sbom.test_other_locks import CARGO, COMPOSER, GEMS, GO_MOD, GRADLE, NPM_3, PNPM_9, YARN_4
from tests.sbom.test_python_locks import PYLOCK, UV

EVERYTHING: dict[str | bytes, str | bytes] = {
    "uv.lock": UV,
    "docs/pylock.toml": PYLOCK,
    "web/package-lock.json": NPM_3,
    "web2/yarn.lock": YARN_4,
    "web3/pnpm-lock.yaml": PNPM_9,
    "rust/Cargo.lock": CARGO,
    "go/go.mod": GO_MOD,
    "ruby/Gemfile.lock": GEMS,
    "php/composer.lock": COMPOSER,
    "jvm/gradle.lockfile": GRADLE,
    "mobile/pubspec.lock": "packages:\n",
    "plain/requirements.txt": "flask\n",
}


def problems(document: bytes) -> object:
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(document.decode())


def read(bill: Bill) -> Any:
    return json.loads(bill.document)


def test_the_document_is_valid_and_every_reference_in_it_leads_somewhere(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, EVERYTHING)
    assert problems(bill.document) is None
    data = read(bill)
    known = {each["bom-ref"] for each in data["components"]} | {data["metadata"]["component"]["bom-ref"]}
    assert len(known) == len(data["components"]) + 1
    assert {each["ref"] for each in data["dependencies"]} == known
    assert {ref for each in data["dependencies"] for ref in each["dependsOn"]} <= known


def test_the_document_is_about_the_head_and_says_what_it_was_read_from(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, EVERYTHING)
    data = read(bill)
    about = data["metadata"]["component"]
    assert (about["name"], about["version"]) == ("acme/shop", bill.subject.head_sha)
    said = {(each["name"], each["value"]) for each in data["metadata"]["properties"]}
    assert ("maestro:lock-file", "uv.lock") in said
    assert ("maestro:unpinned", "PyPI/flask in plain/requirements.txt") in said
    assert any(name == "maestro:unread-lock-file" and value.startswith("mobile/pubspec.lock: ") for name, value in said)
    jinja = next(each for each in data["components"] if each["name"] == "jinja2")
    assert jinja["purl"] == "pkg:pypi/jinja2@3.1.4"
    assert [each["location"] for each in jinja["evidence"]["occurrences"]] == ["docs/pylock.toml", "uv.lock"]
    scoped = next(each for each in data["components"] if each["name"] == "@scope/b")
    assert scoped["purl"] == "pkg:npm/%40scope/b@2.1.0"


def test_the_same_head_gives_the_same_bytes_and_another_head_another_serial_number(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    first = repository.commit(EVERYTHING)
    second = repository.commit({"README.md": "more\n"})
    once, again, other = (bill_at(repository, sha) for sha in (first, first, second))
    assert once.document == again.document
    assert "timestamp" not in read(once)["metadata"]
    assert read(once)["serialNumber"] != read(other)["serialNumber"]


def test_a_head_without_dependencies_has_a_valid_document(tmp_path: Path) -> None:
    assert problems(bill_of(tmp_path, {"README.md": "hello\n"}).document) is None


def test_names_of_files_that_are_not_utf8_or_hold_controls_do_no_harm(tmp_path: Path) -> None:
    bill = bill_of(
        tmp_path, {b"\xff\xfe/uv.lock": "nonsense", "new\nline/yarn.lock": "x", '"quoted"/requirements.txt': "six==1\n"}
    )
    assert problems(bill.document) is None
    assert bill.facts.unread_lock_files == ("\\xff\\xfe/uv.lock", "new\nline/yarn.lock")


def test_a_link_in_the_place_of_a_lock_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "uv.lock").symlink_to("/etc/passwd")
    bill = bill_of(tmp_path, {"README.md": ""})
    assert bill.unread == (("uv.lock", "it is no regular file"),)


def test_a_huge_file_is_named_and_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head, "SIZE_LIMIT_BYTES", 1_000)
    bill = bill_of(tmp_path, {"uv.lock": UV + "#" * 2_000, "requirements.txt": "six==1.16.0\n"})
    assert bill.facts.unread_lock_files == ("uv.lock",)
    assert "more than the 1,000 that are read" in bill.unread[0][1]


def test_many_large_files_do_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head, "TOTAL_LIMIT_BYTES", 100)
    files: dict[str | bytes, str | bytes] = {f"{at}/requirements.txt": f"six==1.{at}\n{'#' * 50}\n" for at in range(4)}
    bill = bill_of(tmp_path, files)
    assert bill.facts.lock_files == ("0/requirements.txt",)
    assert len(bill.facts.unread_lock_files or ()) == 3


def test_nothing_that_the_head_configures_is_obeyed(tmp_path: Path) -> None:
    files: dict[str | bytes, str | bytes] = {
        ".gitattributes": "*.txt filter=evil text eol=crlf export-ignore\n",
        "requirements.txt": "six==1.16.0\n",
    }
    assert bill_of(tmp_path, files).facts.components == 1


def test_a_mirror_without_the_head_is_the_platforms_failure(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"README.md": ""})
    absent = PullRequest(
        repository="/x", repo="shop", pr="7", base_sha="0" * 40, head_sha="1" * 40, merge_base_sha="0" * 40
    )
    with pytest.raises(PlatformUnavailable):
        bill_of_materials(repository.folder / ".git", absent)


SEEDS = [text.encode() for text in EVERYTHING.values() if isinstance(text, str)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_reader_gives_packages_or_refuses_and_never_fails_otherwise(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        content[at : at + data.draw(st.integers(0, 12))] = data.draw(
            st.sampled_from(
                [b"", b"\xff", b'"', b"{", b"[", b"]", b"=", b"\n", b"0", b": ", b"null", b"- ", b"@", b"'"]
            )
        )
    readers: list[Callable[[bytes], object]] = [read for _, read in READERS.values()]
    readers += [lambda text: read_go(text, text), lambda text: read_requirements("r.txt", text)]
    for reader in readers:
        with contextlib.suppress(BadInput):
            reader(bytes(content))
