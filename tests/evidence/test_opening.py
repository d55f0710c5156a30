"""Bundles that somebody made to harm their reader: named or refused, and never more read than is bounded."""

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import BadInput, MaestroError
from maestro.evidence.opening import CHUNK_BYTES, STATEMENT_START, Limits, Opened, open_bundle

SMALL = Limits(files=10, total_bytes=10_000, file_bytes=5_000, kept_bytes=4_000)


def entry(name: str, kind: bytes = tarfile.REGTYPE, *, content: bytes = b"", link: str = "") -> tuple[bytes, bytes]:
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, len(content), link
    padding = b"\0" * (-len(content) % 512)
    return made.tobuf(tarfile.USTAR_FORMAT), content + padding


def archive(tmp_path: Path, *entries: tuple[bytes, bytes], end: bytes = b"\0" * 1024) -> Path:
    path = tmp_path / "bundle.tar.gz"
    path.write_bytes(gzip.compress(b"".join(header + body for header, body in entries) + end))
    return path


def opened(tmp_path: Path, *entries: tuple[bytes, bytes]) -> Opened:
    return open_bundle(archive(tmp_path, entry("before", content=b"1"), *entries, entry("after", content=b"2")))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        pytest.param(tarfile.SYMTYPE, "a symbolic link", id="a symbolic link"),
        pytest.param(tarfile.LNKTYPE, "a hard link", id="a hard link"),
        pytest.param(tarfile.CHRTYPE, "a device", id="a character device"),
        pytest.param(tarfile.BLKTYPE, "a device", id="a block device"),
        pytest.param(tarfile.FIFOTYPE, "a pipe", id="a pipe"),
        pytest.param(tarfile.GNUTYPE_SPARSE, "a sparse file", id="a sparse file"),
        pytest.param(tarfile.XHDTYPE, "an extended header", id="an extended header"),
        pytest.param(tarfile.XGLTYPE, "an extended header", id="a header for all that follow"),
        pytest.param(tarfile.GNUTYPE_LONGNAME, "a long name", id="a long name"),
        pytest.param(tarfile.CONTTYPE, "of a kind", id="a contiguous file"),
    ],
)
def test_what_is_no_plain_file_is_named_and_the_rest_is_read(tmp_path: Path, kind: bytes, told: str) -> None:
    found = opened(tmp_path, entry("card.json", kind, link="/etc/passwd"))
    assert [(name, told in reason) for name, reason in found.problems] == [("card.json", True)]
    assert list(found.files) == ["before", "after"]


@pytest.mark.parametrize(
    "name",
    ["../card.json", "/etc/passwd", "a/../../b", "a\\..\\b", "c:/a", "a\x07", "card.json.", "e\u0301.json"],
)
def test_a_name_that_leads_out_or_is_not_portable_is_named_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    found = opened(tmp_path, entry(name, content=b"evil"))
    assert [name for name, _ in found.problems] == [name]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle.tar.gz"]


@pytest.mark.parametrize("second", ["card.json", "./card.json", "CARD.JSON", "card.j\uff53on"])
def test_two_names_for_one_file_are_named_and_the_first_counts(tmp_path: Path, second: str) -> None:
    found = opened(tmp_path, entry("card.json", content=b"first"), entry(second, content=b"second"))
    assert ["twice" in reason for _, reason in found.problems] == [True]
    assert found.files["card.json"].content == b"first"


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([entry(f"artifacts/{number}") for number in range(11)], id="too many files"),
        pytest.param([entry("../x")] * 11, id="too many refused names"),
        pytest.param([entry("x", tarfile.SYMTYPE)] * 11, id="too many links"),
        pytest.param([entry("artifacts/a", content=b"0" * 5_001)], id="a large file"),
        pytest.param([entry(f"artifacts/{number}", content=b"0" * 4_000) for number in range(3)], id="large together"),
        pytest.param([entry("../x", content=b"0" * 4_000)] * 3, id="large, and read over"),
        pytest.param([entry(f"{number}.json", content=b"0" * 2_100) for number in range(2)], id="too much in memory"),
    ],
)
def test_more_than_is_read_of_a_bundle_is_refused(tmp_path: Path, entries: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(BadInput, match="more than"):
        open_bundle(archive(tmp_path, *entries), limits=SMALL)


def test_a_bomb_is_refused_by_the_size_that_it_announces(tmp_path: Path) -> None:
    header = tarfile.TarInfo("artifacts/bomb")
    header.size = 6 * 1024**3
    with pytest.raises(BadInput, match="more than"):
        open_bundle(archive(tmp_path, (header.tobuf(tarfile.USTAR_FORMAT), b"\0" * 4_000_000)))


def test_a_bomb_after_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="after its end"):
        open_bundle(archive(tmp_path, entry("card.json"), end=b"\0" * 4_000_000))


def test_what_follows_after_the_end_is_refused(tmp_path: Path) -> None:
    hidden = b"".join(entry("card.json", content=b"other"))
    with pytest.raises(BadInput, match="after its end"):
        open_bundle(archive(tmp_path, entry("card.json"), end=b"\0" * 1024 + hidden))
    second = archive(tmp_path, entry("card.json"))
    second.write_bytes(second.read_bytes() + gzip.compress(hidden))
    with pytest.raises(BadInput, match="after its end"):
        open_bundle(second)


@given(st.data())
def test_an_archive_that_breaks_off_is_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = archive(tmp_path_factory.mktemp("cut"), entry("artifacts/a", content=b"abc" * 400), entry("card.json"))
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(BadInput):
        open_bundle(path)


@given(st.binary(max_size=3_000))
def test_any_bytes_as_an_archive_end_in_an_error_of_ours_or_in_files(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "bundle.tar.gz"
    for written in (content, gzip.compress(content)):
        path.write_bytes(written)
        try:
            open_bundle(path)
        except MaestroError as refused:
            assert refused.field == str(path)  # noqa: PT017


@given(st.integers(0, 511), st.integers(0, 255))
def test_any_byte_of_a_header_changed_is_refused_or_read_as_the_same(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int
) -> None:
    header, body = entry("card.json", content=b"{}")
    changed = header[:place] + bytes([value]) + header[place + 1 :]
    path = archive(tmp_path_factory.mktemp("header"), (changed, body))
    try:
        found = open_bundle(path)
    except BadInput:
        return
    assert {name: file.content for name, file in found.files.items()} == {"card.json": b"{}"}


def test_of_artifacts_only_what_may_be_a_signed_statement_is_kept(tmp_path: Path) -> None:
    statement = STATEMENT_START + b'"}'
    large = STATEMENT_START + b" " * CHUNK_BYTES
    (tmp_path / "artifacts").mkdir()
    for name, content in (("a", statement), ("b", b"a log"), ("c", large)):
        (tmp_path / "artifacts" / name).write_bytes(content)
    found = open_bundle(tmp_path)
    assert [file.content for file in found.files.values()] == [statement, None, None]


def test_statements_count_among_what_is_kept(tmp_path: Path) -> None:
    entries = [entry(f"artifacts/{name}", content=STATEMENT_START + b" " * 1_500) for name in "abc"]
    with pytest.raises(BadInput, match="of statements"):
        open_bundle(archive(tmp_path, *entries), limits=SMALL)


def test_an_archive_by_gnu_tar_and_one_with_folders_are_read(tmp_path: Path) -> None:
    path = tmp_path / "bundle.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as made:
        folder = tarfile.TarInfo("./artifacts")
        folder.type = tarfile.DIRTYPE
        made.addfile(folder)
        file = tarfile.TarInfo("./artifacts/a")
        file.size = 3
        made.addfile(file, io.BytesIO(b"abc"))
    assert list(open_bundle(path).files) == ["artifacts/a"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "no .tar.gz", id="an empty file"),
        pytest.param(b"PK\x03\x04", "no .tar.gz", id="a zip"),
        pytest.param(gzip.compress(b"no tar at all" * 100), "cannot be trusted", id="a gzip of something else"),
        pytest.param(b"\x1f\x8b\x08\x00broken", "damaged", id="a broken gzip"),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "bundle").write_bytes(content)
    with pytest.raises(BadInput, match=told):
        open_bundle(tmp_path / "bundle")


def test_links_and_pipes_in_a_folder_are_named_and_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "card.json").write_text("{}")
    (bundle / "link.json").symlink_to(secret)
    (bundle / "folder").symlink_to(tmp_path)
    os.mkfifo(bundle / "pipe")
    found = open_bundle(bundle)
    assert sorted(name for name, _ in found.problems) == ["folder", "link.json", "pipe"]
    assert list(found.files) == ["card.json"]


def test_a_folder_deeper_than_any_bundle_is_named(tmp_path: Path) -> None:
    (tmp_path / "/".join("a" * 20)).mkdir(parents=True)
    assert "folders deep" in open_bundle(tmp_path).problems[0][1]


def test_a_folder_with_more_than_is_read_is_refused(tmp_path: Path) -> None:
    for number in range(11):
        (tmp_path / str(number)).write_bytes(b"")
    with pytest.raises(BadInput, match="more than 10 files"):
        open_bundle(tmp_path, limits=SMALL)


@pytest.mark.parametrize("place", ["nothing", "/dev/null"])
def test_a_place_without_a_bundle_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(BadInput):
        open_bundle(tmp_path / place)
