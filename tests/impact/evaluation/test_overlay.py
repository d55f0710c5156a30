"""Patched files over a tree: there as long as they are needed, and nothing left of them afterwards."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.impact.evaluation.overlay import Overlay

NAMES = st.sampled_from(["a.py", "b.py", "pkg/c.py", "pkg/deep/d.py", "new/e.py"])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)


def seen(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in files
    }


@given(before=st.dictionaries(NAMES, TEXTS), patches=st.lists(st.dictionaries(NAMES, st.none() | TEXTS), max_size=3))
def test_everything_is_as_before_after_any_patches(
    before: dict[str, str], patches: list[dict[str, str | None]]
) -> None:
    with TemporaryDirectory() as folder:
        source = Path(folder)
        for name, text in before.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(text.encode())
        untouched, folders = seen(source), set(source.rglob("*"))
        overlay = Overlay(source)
        for patch in patches:
            with overlay.laid(patch):
                assert {name: overlay.read(name) for name in patch} == patch
                assert {name: overlay.read(name) for name in before if name not in patch} == {
                    name: text for name, text in before.items() if name not in patch
                }
            assert seen(source) == untouched
            assert set(source.rglob("*")) == folders


def test_each_patch_of_a_file_has_a_second_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1")
    overlay = Overlay(tmp_path)
    seconds = [int(file.stat().st_mtime)]
    for text in ("x = 2", "x = 3"):
        with overlay.laid({"a.py": text}):
            seconds.append(int(file.stat().st_mtime))
    assert len(set(seconds)) == 3, "Python would take the compiled file of another patch for that of this one"


def test_the_files_come_back_when_the_work_on_the_patch_fails(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    with pytest.raises(RuntimeError), Overlay(tmp_path).laid({"a.py": None, "b.py": "y"}):
        raise RuntimeError
    assert {path.name for path in tmp_path.iterdir()} == {"a.py"}


@pytest.mark.parametrize("name", ["link.py", "folder/x.py"])
def test_nothing_is_read_or_written_through_a_link(tmp_path: Path, name: str) -> None:
    outside, source = tmp_path / "outside", tmp_path / "source"
    outside.mkdir()
    source.mkdir()
    (outside / "x.py").write_text("private")
    (source / "link.py").symlink_to(outside / "x.py")
    (source / "folder").symlink_to(outside)
    overlay = Overlay(source)
    assert overlay.read(name) is None
    with pytest.raises(BadInput, match="reached through a link"), overlay.laid({"fresh.py": "x", name: "overwritten"}):
        pass
    assert (outside / "x.py").read_text() == "private"
    assert not (source / "fresh.py").exists()


def test_bytes_that_are_no_text_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")
    overlay = Overlay(tmp_path)
    assert overlay.read("logo.png") is None
    assert overlay.read("nowhere.py") is None
    assert overlay.read("no\0name") is None


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("folder", id="a folder has that name"),
        pytest.param("a.py/b.py", id="a file has the name of its folder"),
        pytest.param("x" * 300, id="longer than any file system allows"),
        pytest.param("no\0name", id="a NUL"),
    ],
)
def test_what_cannot_be_a_file_is_refused_and_nothing_is_changed(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "c.py").write_text("x = 1")
    (tmp_path / "a.py").write_text("x = 1")
    untouched = seen(tmp_path)
    with (
        pytest.raises(BadInput, match="cannot be a file") as refused,
        Overlay(tmp_path).laid({"fresh.py": "x", name: "y"}),
    ):
        pass
    assert refused.value.field == "patch"
    assert seen(tmp_path) == untouched
