"""A bundle as folder and archive: the same files, the same bytes, whole or not at all."""

import gzip
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import BadInput, IntegrityError
from maestro.evidence.contents import Member, Role
from maestro.evidence.gathered import artifact_members
from maestro.evidence.indexing import index_of
from maestro.evidence.opening import open_bundle
from maestro.evidence.storing import bundle_of, read_bundle, store_bundle
from maestro.evidence.writing import export_archive, export_folder
from maestro.model.record import DecisionRecord, RecordKind, StoredRecord
from tests.evidence.samples import SEALED_AT, dossier, store_at

FILES = [("artifacts/a", b"one"), ("card.json", b"{}"), ("deep/er/file", b"x" * 3_000_000), ("index.json", b"[]")]


def read(folder: Path) -> list[tuple[str, bytes]]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted((path.relative_to(folder).as_posix(), path.read_bytes()) for path in found)


def beside(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def test_a_stored_bundle_is_read_again_byte_for_byte(tmp_path: Path) -> None:
    one, store = dossier(tmp_path), store_at(tmp_path)
    members = artifact_members(one, store)
    index = index_of(one.contents, members)
    summary = Member("vsa.dsse.json", b"{}", "application/json", Role.STATEMENT)
    bundle = store_bundle(members, index=index, summary=summary, store=store)
    wanted = {member.path: member.content for member in members} | {"index.json": index, "vsa.dsse.json": b"{}"}
    assert list(read_bundle(bundle, store)) == sorted(wanted.items())
    record = DecisionRecord(
        key="k", kind=RecordKind.EVIDENCE, repo="a", pr="1", head_sha="0" * 40, actor="a", outcome="green", reason="r",
        inputs={"index": bundle.index.digest, "summary": bundle.summary.digest}, at=SEALED_AT,
    )  # fmt: skip
    assert bundle_of(StoredRecord(sequence=1, previous_hash="", hash="", record=record), store).index == bundle.index
    store.remove(one.contents.evidence[0].ref)
    with pytest.raises(IntegrityError, match="not in the store"):
        list(read_bundle(bundle, store))


def test_members_that_the_index_does_not_name_are_not_stored(tmp_path: Path) -> None:
    one, store = dossier(tmp_path), store_at(tmp_path)
    members = artifact_members(one, store)
    index = index_of(one.contents, members)
    summary = Member("vsa.dsse.json", b"{}", "application/json", Role.STATEMENT)
    other = Member("other.json", b"{}", "application/json", Role.CARD)
    for wrong in ((*members, other), members[1:], (*members, members[0])):
        with pytest.raises(IntegrityError, match="do not fit"):
            store_bundle(wrong, index=index, summary=summary, store=store)


def test_a_folder_holds_exactly_the_files(tmp_path: Path) -> None:
    export_folder(FILES, target=tmp_path / "new" / "bundle")
    assert read(tmp_path / "new" / "bundle") == FILES
    assert beside(tmp_path / "new" / "bundle") == ["bundle"]


def test_an_archive_has_the_same_bytes_each_time_and_nothing_of_this_machine(tmp_path: Path) -> None:
    for name in ("a.tar.gz", "b.tar.gz"):
        export_archive(FILES, target=tmp_path / name)
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "a.tar.gz") as archive:
        entries = archive.getmembers()
    assert [entry.name for entry in entries] == [path for path, _ in FILES]
    assert {(entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname, entry.mode) for entry in entries} == {
        (0, 0, 0, "", "", 0o644)
    }


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}){0,3}", fullmatch=True), st.binary(max_size=2_000)))
def test_an_archive_and_a_folder_are_read_as_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    folders = {path.rpartition("/")[0] for path in files}
    files = {path: content for path, content in files.items() if not any(f.startswith(path) for f in folders)}
    top = tmp_path_factory.mktemp("written")
    export_archive(sorted(files.items()), target=top / "bundle.tar.gz")
    export_folder(sorted(files.items()), target=top / "bundle")
    opened = [open_bundle(top / name) for name in ("bundle.tar.gz", "bundle")]
    assert opened[0] == opened[1]
    assert opened[0].problems == []
    assert {path: found.content for path, found in opened[0].files.items()} == {
        path: None if path.startswith("artifacts/") else content for path, content in files.items()
    }


@pytest.mark.parametrize("export", [pytest.param(export_folder, id="folder"), pytest.param(export_archive, id="file")])
def test_what_is_there_already_stays_if_it_is_the_same_and_is_refused_if_not(export, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    target = tmp_path / "bundle"
    export(FILES, target=target)
    export(FILES, target=target)
    with pytest.raises(BadInput, match="there already"):
        export(FILES[1:], target=target)
    assert beside(target) == ["bundle"]
    export(FILES, target=target)


@pytest.mark.parametrize(
    "there",
    [
        pytest.param(lambda path: path.write_bytes(b"mine"), id="a file"),
        pytest.param(lambda path: path.mkdir(), id="an empty folder"),
        pytest.param(lambda path: path.symlink_to("/nowhere"), id="a link to nothing"),
    ],
)
@pytest.mark.parametrize("export", [pytest.param(export_folder, id="folder"), pytest.param(export_archive, id="file")])
def test_nothing_that_is_there_is_replaced(export, there, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    there(tmp_path / "bundle")
    with pytest.raises(BadInput, match="there already"):
        export(FILES, target=tmp_path / "bundle")
    assert beside(tmp_path / "bundle") == ["bundle"]


@pytest.mark.parametrize("export", [pytest.param(export_folder, id="folder"), pytest.param(export_archive, id="file")])
def test_nothing_half_written_stays_where_a_file_cannot_be_had(export, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    def broken() -> Iterator[tuple[str, bytes]]:
        yield FILES[0]
        raise IntegrityError("gone")

    with pytest.raises(IntegrityError, match="gone"):
        export(broken(), target=tmp_path / "bundle")
    assert os.listdir(tmp_path) == []  # noqa: PTH208


@pytest.mark.parametrize("export", [pytest.param(export_folder, id="folder"), pytest.param(export_archive, id="file")])
def test_a_path_that_leads_out_is_not_written(export, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadInput, match="cannot have a file"):
        export([("../out", b"")], target=tmp_path / "in" / "bundle")
    assert not (tmp_path / "in" / "out").exists()


def test_the_files_of_an_archive_come_in_order(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="order"):
        export_archive(reversed(FILES), target=tmp_path / "bundle.tar.gz")


def test_an_archive_can_be_unpacked_by_tar(tmp_path: Path) -> None:
    export_archive(FILES, target=tmp_path / "bundle.tar.gz")
    assert gzip.decompress((tmp_path / "bundle.tar.gz").read_bytes())[257:262] == b"ustar"
