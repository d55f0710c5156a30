"""Advisories come in whole or not at all, and the file that is wrong is named."""

import contextlib
import io
import json
import stat
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from maestro.errors import BadInput, IntegrityError
from maestro.sbom import Ecosystem, import_advisories, open_snapshot, sources
from maestro.sbom.snapshot import FILE_NAME
from tests.sbom.osv import (
    DJANGO,
    JINJA2,
    JINJA2_BY_GITHUB,
    LOG4J,
    MINIMIST,
    NOW,
    TAKEN,
    TIME,
    URLLIB3,
    advisory,
    archive,
    snapshot_of,
    write,
)

JSON = json.dumps(JINJA2)


def take(path: Path, folder: Path, *, taken: date = TAKEN, ecosystems: tuple[Ecosystem, ...] = ()) -> Any:
    return import_advisories([path], taken=taken, now=NOW, folder=folder, ecosystems=ecosystems)


def ids(folder: Path, name: str, ecosystem: Ecosystem = Ecosystem.PYPI) -> list[str]:
    snapshot = open_snapshot(folder)
    assert snapshot is not None
    return [each.id for each in snapshot.advisories(ecosystem, name)]


def test_a_folder_and_an_archive_give_the_same_snapshot(tmp_path: Path) -> None:
    records = (JINJA2, JINJA2_BY_GITHUB, DJANGO, URLLIB3, MINIMIST, TIME, LOG4J)
    by_folder = take(write(tmp_path / "published", *records), tmp_path / "a")
    packed = archive(tmp_path / "all.zip", {f"{each['id']}.json": json.dumps(each) for each in reversed(records)})
    by_archive = take(packed, tmp_path / "b")
    assert by_folder.digest == by_archive.digest
    assert ids(tmp_path / "b", "jinja2") == ["GHSA-g3rq-g295-4j3m", "PYSEC-2021-66"]
    assert by_archive.covered == {Ecosystem.PYPI, Ecosystem.NPM, Ecosystem.CRATES, Ecosystem.MAVEN}


def test_records_in_yaml_are_read_and_versions_stay_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "vulns").mkdir()
    (tmp_path / "vulns" / "PYSEC-2021-1.yaml").write_text(
        """
id: PYSEC-2021-1
details: "a colon: here"
modified: 2021-03-22T16:34:00.123456Z
affected:
- package: {name: Jinja2, ecosystem: PyPI}
  ranges:
  - type: ECOSYSTEM
    events:
    - introduced: 0
    - fixed: 2.10
  versions:
  - 2.1
withdrawn: null
""",
        encoding="utf-8",
    )
    take(tmp_path / "vulns", tmp_path / "home")
    [found] = open_snapshot(tmp_path / "home").advisories(Ecosystem.PYPI, "jinja2")  # type: ignore[union-attr]
    assert found.affected[0].versions == ("2.1",)
    assert found.affected[0].ranges[0].events[1].version == "2.10"


def test_every_package_is_found_whatever_stands_beside_it(tmp_path: Path) -> None:
    names = ["a", "a-b", "a-b-c", "a.b", "aa", "ab", "b", "z", "zz9"]
    records = [advisory(f"X-{at}", name, ("introduced", "0"), ecosystem="npm") for at, name in enumerate(names)]
    snapshot_of(tmp_path, *records)
    folder = tmp_path / "advisories"
    assert {name: ids(folder, name, Ecosystem.NPM) for name in names} == {
        name: [f"X-{at}"] for at, name in enumerate(names)
    }
    assert [ids(folder, name, Ecosystem.NPM) for name in ("", "0", "a-", "a-bb", "aaa", "zzz")] == [[]] * 6
    assert ids(folder, "a") == []


def test_withdrawn_advisories_are_left_out_and_the_latest_form_of_one_counts(tmp_path: Path) -> None:
    withdrawn = DJANGO | {"withdrawn": "2024-01-01T00:00:00Z"}
    later = advisory("PYSEC-2021-66", "jinja2", ("introduced", "0"), ("fixed", "9"), modified="2026-11-10T00:00:00Z")
    (tmp_path / "published" / "new").mkdir(parents=True)
    write(tmp_path / "published" / "new", later)
    snapshot_of(tmp_path, JINJA2, withdrawn)
    assert ids(tmp_path / "advisories", "django") == []
    [found] = open_snapshot(tmp_path / "advisories").advisories(Ecosystem.PYPI, "jinja2")  # type: ignore[union-attr]
    assert found.affected[0].ranges[0].events[-1].version == "9"


def test_an_advisory_about_two_ecosystems_does_not_make_an_archive_speak_for_both(tmp_path: Path) -> None:
    both = advisory("GHSA-2", "a", ("introduced", "0"))
    both["affected"].append({"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1.0.0"]})
    assert snapshot_of(tmp_path, JINJA2, both).covered == {Ecosystem.PYPI}
    published = tmp_path / "published"
    named = take(published, tmp_path / "named", ecosystems=(Ecosystem.NPM, Ecosystem.PYPI))
    assert named.covered == {Ecosystem.PYPI, Ecosystem.NPM}
    (published / "PYSEC-2021-66.json").unlink()
    with pytest.raises(BadInput, match="no ecosystem is covered") as told:
        take(published, tmp_path / "none")
    assert told.value.field == "--ecosystem"


def test_an_ecosystem_without_any_advisory_is_not_covered_by_saying_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no advisory is about a package in npm"):
        take(write(tmp_path / "published", JINJA2), tmp_path / "home", ecosystems=(Ecosystem.NPM,))


@pytest.mark.parametrize(
    ("taken", "message"),
    [
        pytest.param(date(2026, 11, 24), "in the future", id="tomorrow"),
        pytest.param(date(1999, 1, 1), "OSV began", id="before there was any"),
        pytest.param(date(2026, 10, 1), "after the snapshot's date", id="before an advisory in it was changed"),
    ],
)
def test_a_date_that_cannot_be_right_is_refused(taken: date, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message):
        take(write(tmp_path / "published", JINJA2), tmp_path / "home", taken=taken)
    assert open_snapshot(tmp_path / "home") is None


def changed(**others: Any) -> str:
    return json.dumps(JINJA2 | others)


BAD = [
    pytest.param("{", "not JSON", id="broken JSON"),
    pytest.param("[]", "no table", id="a list"),
    pytest.param("[" * 100_000, "it is n", id="a tower of brackets"),
    pytest.param('{"id": "A-1", "id": "B-1"}', "second time", id="a repeated key"),
    pytest.param("{}", "id", id="nothing in it"),
    pytest.param(changed(id="../../x"), "no id", id="a path as an id"),
    pytest.param(changed(id="a\tb"), "no id", id="a tab in an id"),
    pytest.param(changed(modified="yesterday"), "no time", id="a time that is none"),
    pytest.param(changed(modified=None), "modified", id="no time"),
    pytest.param(changed(schema_version="2.0.0"), "version", id="a later schema"),
    pytest.param(changed(aliases="CVE-1"), "no list", id="aliases that are a text"),
    pytest.param(changed(affected=[{"package": {"ecosystem": "PyPI"}}]), "name", id="a package without a name"),
    pytest.param(
        changed(affected=[{"package": {"ecosystem": "PyPI", "name": "a\tb"}}]), "no name", id="a tab in a name"
    ),
    pytest.param(
        changed(
            affected=[
                {
                    "package": {"ecosystem": "PyPI", "name": "a"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"broken": "0"}]}],
                }
            ]
        ),
        "an event is none of",
        id="an event of no kind",
    ),
    pytest.param(
        changed(
            affected=[
                {
                    "package": {"ecosystem": "PyPI", "name": "a"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "1"}]}],
                }
            ]
        ),
        "where it begins",
        id="a range without a beginning",
    ),
    pytest.param(
        changed(affected=[{"package": {"ecosystem": "PyPI", "name": "a"}, "ranges": [{"type": "ODD", "events": []}]}]),
        "no type of a range",
        id="a range of no type",
    ),
    pytest.param(
        changed(affected=[{"package": {"ecosystem": "PyPI", "name": "a"}, "versions": [1.5]}]),
        "a version",
        id="a version that is a number",
    ),
    pytest.param(changed(severity=[{"score": "x"}]), "type", id="a severity without a type"),
]


@pytest.mark.parametrize(("content", "message"), BAD)
@pytest.mark.parametrize("form", ["archive", "folder"])
def test_one_bad_file_refuses_all_and_is_named(content: str, message: str, form: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    before = take(write(tmp_path / "before", DJANGO), home)
    entries: dict[str, bytes | str] = {"good.json": JSON, "bad.json": content}
    published = tmp_path / ("all.zip" if form == "archive" else "published")
    if form == "archive":
        archive(published, entries)
    else:
        published.mkdir()
        for name, text in entries.items():
            (published / name).write_text(str(text), encoding="utf-8")
    with pytest.raises(BadInput, match=message) as told:
        take(published, home)
    assert told.value.field.endswith("bad.json")
    after = open_snapshot(home)
    assert after is not None
    assert after.digest == before.digest


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("../evil.json", id="above"),
        pytest.param("/etc/evil.json", id="absolute"),
        pytest.param("a/../../evil.json", id="above, hidden"),
        pytest.param("..\\evil.json", id="above, with backslashes"),
        pytest.param("C:\\evil.json", id="a drive"),
    ],
)
def test_an_entry_that_leads_out_of_the_archive_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="leads out") as told:
        take(archive(tmp_path / "all.zip", {"good.json": JSON, name: JSON}), tmp_path / "home")
    assert name in told.value.field


def test_links_are_refused_in_archives_and_folders(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as file:
        entry = zipfile.ZipInfo("link.json")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(entry, "/etc/passwd")
    with pytest.raises(BadInput, match="a link"):
        take(tmp_path / "all.zip", tmp_path / "home")
    folder = write(tmp_path / "published", JINJA2)
    (folder / "link.json").symlink_to(folder / "PYSEC-2021-66.json")
    with pytest.raises(BadInput, match="links are not followed"):
        take(folder, tmp_path / "home")


def test_bombs_are_refused_by_what_they_unpack_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = archive(tmp_path / "bomb.zip", {"bomb.json": b" " * 5_000_000})
    with pytest.raises(BadInput, match="times its size") as told:
        take(bomb, tmp_path / "home")
    assert told.value.field == "bomb.json"
    monkeypatch.setattr(sources, "FILE_LIMIT_BYTES", 1_000_000)
    with pytest.raises(BadInput, match="unpacks to more than"):
        take(bomb, tmp_path / "home")
    monkeypatch.setattr(sources, "TOTAL_LIMIT_BYTES", 600)
    many = archive(tmp_path / "many.zip", {f"{at}.json": JSON.replace("2021-66", str(at)) for at in range(9)})
    with pytest.raises(BadInput, match="up to here"):
        take(many, tmp_path / "home")


def test_an_archive_that_lies_about_sizes_or_is_cut_off_is_refused(tmp_path: Path) -> None:
    whole = archive(tmp_path / "all.zip", {"a.json": JSON}).read_bytes()
    for at, damaged in enumerate((whole[:-30], whole[30:], whole.replace(b"PYSEC", b"XXXXX"), b"PK\x03\x04", b"")):
        path = tmp_path / f"damaged{at}.zip"
        path.write_bytes(damaged)
        if damaged == whole:
            continue
        with pytest.raises(BadInput):
            take(path, tmp_path / "home")
    for at in range(0, len(whole), 7):
        flipped = bytearray(whole)
        flipped[at] ^= 0x55
        path = tmp_path / "flipped.zip"
        path.write_bytes(bytes(flipped))
        with contextlib.suppress(BadInput):  # some bytes of an archive mean nothing
            take(path, tmp_path / "home")


def twice(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.json", JSON)
        file.writestr("a.json", JSON)


def test_an_entry_twice_or_encrypted_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice(tmp_path / "twice.zip")
    with pytest.raises(BadInput, match="twice"):
        take(tmp_path / "twice.zip", tmp_path / "home")
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as file:
        file.writestr("a.json", JSON)
    locked = bytearray(plain.getvalue())
    locked[6] |= 1
    locked[locked.find(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(bytes(locked))
    with pytest.raises(BadInput, match="unpacked"):
        take(tmp_path / "locked.zip", tmp_path / "home")


def test_one_id_with_two_contents_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "published", JINJA2)
    write(folder / "again", advisory("PYSEC-2021-66", "jinja2", ("introduced", "0"), ("fixed", "9")))
    with pytest.raises(BadInput, match="said something else"):
        take(folder, tmp_path / "home")


@pytest.mark.parametrize("name", ["empty", "notes.txt", "gone"])
def test_a_path_without_advisories_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(BadInput):
        take(tmp_path / name, tmp_path / "home")


def test_a_snapshot_that_was_changed_is_refused_at_every_byte_of_its_body(tmp_path: Path) -> None:
    path = snapshot_of(tmp_path, JINJA2).path
    assert path.name == FILE_NAME
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    for at in (*range(start, len(whole), 11), len(whole) - 1):
        flipped = bytearray(whole)
        flipped[at] ^= 1
        path.write_bytes(bytes(flipped))
        with pytest.raises(IntegrityError, match="damaged"):
            open_snapshot(path.parent)
    for damaged in (b"", whole[:20], whole[:-1], whole + b"more\n", b"something else\n"):
        path.write_bytes(damaged)
        with pytest.raises(IntegrityError, match="damaged"):
            open_snapshot(path.parent)


def test_the_age_counts_from_the_beginning_of_the_day(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, JINJA2)
    assert snapshot.age_days(datetime(2026, 11, 21, 12, tzinfo=UTC)) == 1.5


def test_no_snapshot_is_none(tmp_path: Path) -> None:
    assert open_snapshot(tmp_path) is None
