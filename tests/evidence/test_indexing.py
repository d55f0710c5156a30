"""The index of a bundle: deterministic, complete, and refused where the files do not hold together."""

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.artifacts import ArtifactStore
from maestro.errors import BadInput, IntegrityError
from maestro.evidence.contents import Contents, Dossier, Member, Role
from maestro.evidence.gathered import artifact_members
from maestro.evidence.index import Index
from maestro.evidence.indexing import index_of
from maestro.evidence.paths import why_not
from maestro.evidence.storing import read_index
from maestro.model.artifact import ArtifactRef
from maestro.model.evidence import Evidence
from tests.evidence.samples import dossier, store_at


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dossier, ArtifactStore, tuple[Member, ...]]:
    folder = tmp_path_factory.mktemp("indexed")
    one, store = dossier(folder), store_at(folder)
    return one, store, artifact_members(one, store)


@pytest.fixture(scope="module")
def contents(made: tuple[Dossier, ArtifactStore, tuple[Member, ...]]) -> Contents:
    return made[0].contents


@pytest.fixture(scope="module")
def members(made: tuple[Dossier, ArtifactStore, tuple[Member, ...]]) -> tuple[Member, ...]:
    return made[2]


def index(contents: Contents, members: tuple[Member, ...]) -> Index:
    return read_index(index_of(contents, members))


def test_the_order_of_the_members_changes_nothing(contents: Contents, members: tuple[Member, ...]) -> None:
    assert index_of(contents, members) == index_of(contents, tuple(reversed(members)))


def test_every_member_is_named_once_by_path(contents: Contents, members: tuple[Member, ...]) -> None:
    paths = [file.path for file in index(contents, members).files]
    assert paths == sorted(member.path for member in members)


def test_the_card_refers_to_the_evidence_of_every_control(contents: Contents, members: tuple[Member, ...]) -> None:
    made = index(contents, members)
    card = next(file for file in made.files if file.path == "card.json")
    assert {path for control in made.controls for path in control.evidence} <= set(card.refers_to)


def test_no_artifact_stands_without_a_file_that_refers_to_it(contents: Contents, members: tuple[Member, ...]) -> None:
    made = index(contents, members)
    referred = {path for file in made.files for path in file.refers_to}
    assert {file.path for file in made.files if file.role is Role.ARTIFACT} <= referred


def test_text_and_signed_statements_refer_to_what_they_name(contents: Contents, members: tuple[Member, ...]) -> None:
    artifact = next(member for member in members if member.role is Role.ARTIFACT)
    text = Member("narrative.md", f"See [it](./{artifact.path}).".encode(), "text/markdown", Role.NARRATIVE)
    payload = base64.b64encode(json.dumps({"d": artifact.path.partition("/")[2]}).encode()).decode()
    statement = Member(
        "statements/one.dsse.json", json.dumps({"payload": payload}).encode(), "application/json", Role.STATEMENT
    )
    made = index(contents, (*members, text, statement))
    refers = {file.path: file.refers_to for file in made.files}
    assert refers["narrative.md"] == refers["statements/one.dsse.json"] == (artifact.path,)


def test_an_artifact_that_nothing_refers_to_is_refused(contents: Contents, members: tuple[Member, ...]) -> None:
    digest = hashlib.sha256(b"stray").hexdigest()
    stray = Member(f"artifacts/{digest}", b"stray", "text/plain", Role.ARTIFACT)
    with pytest.raises(IntegrityError, match="nothing in the bundle refers") as refused:
        index_of(contents, (*members, stray))
    assert refused.value.field == stray.path


def test_an_artifact_that_is_missing_is_named(contents: Contents, members: tuple[Member, ...]) -> None:
    for gone in (member for member in members if member.role is Role.ARTIFACT):
        with pytest.raises(IntegrityError) as refused:
            index_of(contents, tuple(member for member in members if member is not gone))
        assert gone.path.partition("/")[2] in refused.value.field


def test_an_artifact_under_another_digest_is_refused(contents: Contents, members: tuple[Member, ...]) -> None:
    swapped = tuple(
        replace(member, content=member.content + b" ") if member.role is Role.ARTIFACT else member for member in members
    )
    with pytest.raises(IntegrityError, match="hash to"):
        index_of(contents, swapped)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("../card.json", id="a path that leads out"),
        pytest.param("/card.json", id="an absolute path"),
        pytest.param("a//b", id="an empty part"),
        pytest.param("a\\b", id="a backslash"),
        pytest.param("c:a", id="a drive"),
        pytest.param("a\u202eb", id="a direction override"),
        pytest.param("a" * 101, id="a long path"),
        pytest.param("a ", id="a space at the end"),
        pytest.param("CARD.json", id="a name that differs in case alone"),
        pytest.param("card.json", id="a name that is taken"),
        pytest.param("Index.json", id="the index's own name"),
        pytest.param("vsa.dsse.json", id="the summary's own name"),
        pytest.param("", id="no name"),
    ],
)
def test_a_path_that_could_mean_another_file_is_refused(
    contents: Contents, members: tuple[Member, ...], path: str
) -> None:
    with pytest.raises(BadInput, match="cannot have a file"):
        index_of(contents, (*members, Member(path, b"", "text/plain", Role.NARRATIVE)))


@given(st.text())
def test_a_path_that_is_admitted_stays_in_its_folder(path: str) -> None:
    if not why_not(path):
        assert Path("/bundle", path).resolve().is_relative_to("/bundle")
        assert Path("/bundle", path).as_posix() == f"/bundle/{path}"


def test_a_missing_artifact_stops_the_bundle_and_is_named(tmp_path: Path) -> None:
    one, store = dossier(tmp_path), store_at(tmp_path)
    gone = one.contents.evidence[0].ref
    store.remove(gone)
    with pytest.raises(IntegrityError, match="not in the store") as refused:
        artifact_members(one, store)
    assert refused.value.field == gone.digest


def test_an_artifact_of_another_size_than_was_noted_is_refused(tmp_path: Path) -> None:
    one, store = dossier(tmp_path), store_at(tmp_path)
    ref = store.put(b"four", media_type="text/plain")
    evidence = Evidence(ref=ArtifactRef(digest=ref.digest, media_type="text/plain", bytes=5), summary="x")
    noted = one.contents.model_copy(update={"evidence": (*one.contents.evidence, evidence)})
    with pytest.raises(IntegrityError, match="4 bytes, and 5"):
        artifact_members(replace(one, contents=noted), store)


def test_another_catalogue_than_the_one_that_was_asked_is_refused(tmp_path: Path) -> None:
    one, store = dossier(tmp_path), store_at(tmp_path)
    other = tmp_path / "controls"
    other.mkdir()
    (other / "quality.yaml").write_text("family: other\n")
    with pytest.raises(IntegrityError, match="was asked"):
        artifact_members(one, store, catalogue=other)


def test_a_record_that_was_changed_since_stops_the_bundle(tmp_path: Path) -> None:
    one, store = dossier(tmp_path), store_at(tmp_path)
    first, *others = one.contents.records
    changed = first.model_copy(update={"record": first.record.model_copy(update={"outcome": "green!"})})
    contents = one.contents.model_copy(update={"records": (changed, *others)})
    with pytest.raises(IntegrityError, match="does not fit its hash"):
        artifact_members(replace(one, contents=contents), store)


def test_a_title_can_be_any_text(contents: Contents, members: tuple[Member, ...]) -> None:
    pull_request = contents.card.pull_request.model_copy(update={"title": "artifacts/" + "0" * 64 + " \udcff\x00"})
    titled = contents.model_copy(update={"card": contents.card.model_copy(update={"pull_request": pull_request})})
    assert index(titled, members).subject.title == pull_request.title
