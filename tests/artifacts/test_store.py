"""Artifacts: the bytes that were put are the bytes that come back, or an error names them."""

import errno
import multiprocessing
import os
import signal
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.artifacts import ArtifactStore
from maestro.artifacts.store import ABANDONED_SECONDS, CHUNK_BYTES
from maestro.canonical import digest, digest_of_bytes
from maestro.errors import BadInput, IntegrityError, PlatformUnavailable
from maestro.model.artifact import ArtifactRef
from maestro.model.tests import PlanBody, SelectionMode, TestOutcome, TestPlan, Verdict
from tests.artifacts.writers import die_while_writing, put_all


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def damage(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def test_bytes_come_back_as_they_were_put(store: ArtifactStore) -> None:
    ref = store.put(b"<junit/>", media_type="application/xml", name="junit.xml")
    assert ref == ArtifactRef(
        digest=digest_of_bytes(b"<junit/>"), media_type="application/xml", bytes=8, name="junit.xml"
    )
    assert store.get(ref) == b"<junit/>"
    assert store.path(ref).read_bytes() == b"<junit/>"


@given(content=st.binary(max_size=2_000))
def test_for_all_bytes_the_digest_is_theirs_and_they_come_back(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = ArtifactStore(Path(folder))
        ref = store.put(content, media_type="application/octet-stream")
        assert (ref.digest, ref.bytes) == (digest_of_bytes(content), len(content))
        assert store.get(ref) == content


def test_the_same_bytes_are_kept_once_under_any_name(store: ArtifactStore, tmp_path: Path) -> None:
    one = store.put(b"log", media_type="text/plain", name="../../one")
    two = store.put(b"log", media_type="text/markdown", name="two\x00")
    assert one.digest == two.digest
    assert len(files(tmp_path)) == 1


def test_what_is_removed_is_gone_and_removing_it_again_is_no_error(store: ArtifactStore, tmp_path: Path) -> None:
    ref, other = (store.put(content, media_type="text/plain") for content in (b"old", b"new"))
    store.remove(ref)
    store.remove(ref)
    with pytest.raises(IntegrityError):
        store.get(ref)
    assert store.get(other) == b"new"


def test_a_kept_file_is_protected_from_writing(store: ArtifactStore) -> None:
    path = store.path(store.put(b"log", media_type="text/plain"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_a_file_larger_than_memory_should_hold_is_copied_in_pieces(store: ArtifactStore, tmp_path: Path) -> None:
    source = tmp_path / "big.log"
    source.write_bytes(b"0123456789abcdef" * (CHUNK_BYTES // 8) + b"end")
    ref = store.put_file(source, media_type="text/plain")
    assert (ref.name, ref.bytes) == ("big.log", source.stat().st_size)
    assert store.get(ref) == source.read_bytes()


def test_a_file_that_is_not_there_is_bad_input(store: ArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        store.put_file(tmp_path / "nothing", media_type="text/plain")


def test_a_model_comes_back_equal_even_with_names_that_are_not_utf8(store: ArtifactStore) -> None:
    outcome = TestOutcome(test="test_caf\udce9[\x00]", verdict=Verdict.FAIL, message="ü")
    ref = store.put_model(outcome, name="outcome")
    assert ref.media_type == "application/json"
    assert ref.digest == digest(outcome)
    assert store.read_model(ref, TestOutcome) == outcome


def test_an_artifact_read_as_another_model_is_an_error_that_names_its_digest(store: ArtifactStore) -> None:
    body = PlanBody(selected=(), left_out=(), shards=(), changed_files=())
    ref = store.put_model(body, name="plan")
    plan = TestPlan(applicable=False, reason="no test is affected", mode=SelectionMode.STANDARD, body=ref)
    assert store.read_model(plan.body, PlanBody) == body
    with pytest.raises(IntegrityError, match=f"{ref.digest}: the artifact is no TestPlan"):
        store.read_model(ref, TestPlan)


@pytest.mark.parametrize("content", [b"", b"loG", b"log and more"])
def test_damaged_bytes_are_never_handed_out(store: ArtifactStore, content: bytes) -> None:
    ref = store.put(b"log", media_type="text/plain", name="run.log")
    damage(store.path(ref), content)
    for read in (store.get, store.path):
        with pytest.raises(IntegrityError, match=rf"{ref.digest}: the stored bytes of run\.log"):
            read(ref)


def test_putting_the_bytes_again_mends_a_damaged_artifact(store: ArtifactStore) -> None:
    ref = store.put(b"log", media_type="text/plain")
    damage(store.path(ref), b"gol")
    store.put(b"log", media_type="text/plain")
    assert store.get(ref) == b"log"


def test_an_artifact_that_is_gone_is_an_error_that_names_its_digest(store: ArtifactStore) -> None:
    ref = store.put(b"log", media_type="text/plain", name="run.log")
    store.path(ref).unlink()
    for read in (store.get, store.path):
        with pytest.raises(IntegrityError, match=rf"{ref.digest}: the artifact run\.log is not in the store"):
            read(ref)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EROFS, "may not be used"),
        (errno.EIO, "fails: Input/output error"),
    ],
)
def test_a_disk_that_refuses_is_explained_and_nothing_is_left(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(PlatformUnavailable, match=message) as caught:
            store.put(b"log", media_type="text/plain")
    assert caught.value.field == str(tmp_path / "artifacts")
    assert caught.value.fix
    assert files(tmp_path) == []


def test_a_store_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlatformUnavailable, match="Not a directory"):
        ArtifactStore(tmp_path / "file" / "artifacts")


def test_processes_that_put_the_same_bytes_together_all_read_them(store: ArtifactStore, tmp_path: Path) -> None:
    root = tmp_path / "artifacts"
    with multiprocessing.get_context("spawn").Pool(4) as processes:
        digests = processes.starmap(put_all, [(root, 40)] * 4)
    assert digests[0] == digests[1] == digests[2] == digests[3]
    assert len(files(root)) == 40
    for each in digests[0]:
        store.get(ArtifactRef(digest=each, media_type="text/plain", bytes=0))


def test_a_writer_that_is_killed_leaves_no_artifact_and_its_remains_are_removed_later(tmp_path: Path) -> None:
    root = tmp_path / "artifacts"
    doomed = multiprocessing.get_context("spawn").Process(target=die_while_writing, args=(root,))
    doomed.start()
    doomed.join(timeout=60)
    assert doomed.exitcode == -signal.SIGKILL
    (remains,) = files(root)
    ArtifactStore(root)
    assert files(root) == [remains], "it could be a writer at work"
    long_ago = remains.stat().st_mtime - ABANDONED_SECONDS - 1
    os.utime(remains, (long_ago, long_ago))
    ArtifactStore(root)
    assert files(root) == []
