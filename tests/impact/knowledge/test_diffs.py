"""Diffs are read exactly as git means them, or refused with the line's number."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.impact.changes import ChangeKind
from maestro.impact.knowledge.diffs import parse_patch
from maestro.impact.knowledge.patch import FilePatch, apply_patch

HEAD = "diff --git a/x.py b/x.py\nindex 1111111..2222222 100644\n--- a/x.py\n+++ b/x.py\n"


def one(text: str) -> FilePatch:
    (file,) = parse_patch(text).files
    return file


def git_diff(folder: Path, *, before: dict[str, bytes], after: dict[str, bytes]) -> str:
    """What git prints for these two trees."""
    run = ("git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false")
    subprocess.run([*run, "init", "-q"], check=True)
    for name, content in before.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    subprocess.run([*run, "add", "-A"], check=True)
    subprocess.run([*run, "commit", "-qm", "before", "--allow-empty"], check=True)
    for name in before:
        (folder / name).unlink()
    for name, content in after.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    subprocess.run([*run, "add", "-A"], check=True)
    return subprocess.run([*run, "diff", "--cached", "-M"], check=True, capture_output=True).stdout.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"x.py": b"a\nb\nc"}, {"x.py": b"a\nb\nc\nd\n"}, id="a last line without an end"),
        pytest.param({"x.py": b"a\n"}, {"x.py": b"a"}, id="the end of the last line taken away"),
        pytest.param({"x.py": b"a\r\nb\r\n"}, {"x.py": b"a\r\nc\r\n"}, id="line ends of Windows"),
        pytest.param({"x.py": b"a\x0c\nb\n\x0b\n"}, {"x.py": b"a\x0c\nc\n\x0b\n"}, id="form feeds, which end no line"),
        pytest.param({"x.sql": b"-- old\n"}, {"x.sql": b"++ new\n"}, id="lines that look like the names of files"),
        pytest.param({'ü "q" b.py': b"a\n"}, {'ü "q" b.py': b"b\n"}, id="a quoted name"),
        pytest.param({"gone.py": b"a\n"}, {}, id="a deleted file"),
        pytest.param({}, {"new.py": b"a\n", "empty.py": b""}, id="new files, one of them empty"),
        pytest.param({"a b.py": b"q\n" * 9}, {"c/d e.py": b"q\n" * 8 + b"z\n"}, id="a renamed and changed file"),
        pytest.param({"old.py": b"q\n" * 9}, {"new.py": b"q\n" * 9}, id="a file that is only renamed"),
    ],
)
def test_a_diff_of_git_makes_the_new_tree_of_the_old_one(
    tmp_path: Path, before: dict[str, bytes], after: dict[str, bytes]
) -> None:
    texts = {name: content.decode() for name, content in before.items()}

    changed = apply_patch(parse_patch(git_diff(tmp_path, before=before, after=after)), texts.get)

    result = {name: text for name, text in (texts | changed).items() if text is not None}
    assert {name: text.encode() for name, text in result.items()} == after


@settings(max_examples=20, deadline=None)
@given(
    before=st.lists(st.sampled_from(["a", "b", "", "-x", "+y", "@@ -1 +1 @@", "--- z", "\\"]), max_size=12),
    after=st.lists(st.sampled_from(["a", "b", "", "-x", "+y", "@@ -1 +1 @@", "--- z", "\\"]), max_size=12),
)
def test_no_content_of_a_file_confuses_the_reading(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], after: list[str]
) -> None:
    old, new = "\n".join(before), "\n".join(after)
    folder = tmp_path_factory.mktemp("repository")

    patch = parse_patch(git_diff(folder, before={"x.py": old.encode()}, after={"x.py": new.encode()}))

    assert apply_patch(patch, lambda _: old).get("x.py", old) == new


def test_renames_modes_and_binary_files_are_known_as_what_they_are() -> None:
    renamed = one("diff --git a/a b.py b/c d.py\nsimilarity index 100%\nrename from a b.py\nrename to c d.py\n")
    assert renamed.change().kind is ChangeKind.RENAMED
    assert renamed.moved_from == "a b.py"

    mode = one('diff --git "a/\\303\\274.py" "b/\\303\\274.py"\nold mode 100644\nnew mode 100755\n')
    assert (mode.path, mode.old_mode, mode.new_mode) == ("ü.py", "100644", "100755")

    binary = parse_patch("diff --git a/b.dat b/b.dat\nindex 1..2 100644\nGIT binary patch\nliteral 2\n-cmZQ\n\n" + HEAD)
    assert [file.binary for file in binary.files] == [True, False]

    copied = one("diff --git a/x.py b/y.py\nsimilarity index 100%\ncopy from x.py\ncopy to y.py\n")
    assert copied.change().kind is ChangeKind.ADDED
    assert apply_patch(
        parse_patch("diff --git a/x.py b/y.py\ncopy from x.py\ncopy to y.py\n"), {"x.py": "a\n"}.get
    ) == {"y.py": "a\n"}

    submodule = one(
        "diff --git a/sub b/sub\nindex 1111111..2222222 160000\n--- a/sub\n+++ b/sub\n@@ -1 +1 @@\n-1\n+2\n"
    )
    assert submodule.change().submodule


def test_plain_diffs_and_mailed_patches_are_read_too() -> None:
    assert one("--- x.py\t2026-01-01\n+++ x.py\t2026-01-02\n@@ -1 +1 @@\n-a\n+b\n").path == "x.py"
    mailed = f"From 1 Mon Sep 17\nSubject: [PATCH] x\n\n---\n x.py | 2 +-\n\n{HEAD}@@ -1 +1 @@\n-a\n+b\n-- \n2.39.2\n"
    assert len(one(mailed).hunks) == 1
    assert parse_patch("").files == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("hello\nworld\n", "line 1", id="a text that is no diff"),
        pytest.param(f"{HEAD}@@ -1,3 +1,3 @@\n a\n-b\n+c\n", "another number of lines", id="a hunk that is cut off"),
        pytest.param(f"{HEAD}@@ -1,2 +1,2 @@\n a\n-b\n+c\n+d\n", "line 9", id="a hunk that is longer than it says"),
        pytest.param(f"{HEAD}@@ -x,2 +1,2 @@\n a\n", "header of a hunk", id="a broken header"),
        pytest.param(f"{HEAD}@@ -1,2 +1,2 @@\n a\nxyz\n-b\n+c\n", "line 7", id="a line that is no line of a diff"),
        pytest.param("@@ -1 +1 @@\n-a\n+b\n", "name its file", id="a hunk without a file"),
        pytest.param("diff --cc x.py\nindex 1,2..3\n", "merge", id="the combined diff of a merge"),
        pytest.param("--- a/../x.py\n+++ b/../x.py\n@@ -1 +1 @@\n-a\n+b\n", "inside a repository", id="a way out"),
        pytest.param("--- a/.git/config\n+++ b/.git/config\n", "inside a repository", id="git's own files"),
    ],
)
def test_a_malformed_diff_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        parse_patch(text)
    assert refused.value.field == "patch"
    assert refused.value.fix


def test_a_diff_that_does_not_apply_names_the_file_and_the_hunk() -> None:
    patch = parse_patch(f"{HEAD}@@ -1 +1 @@\n-a\n+b\n@@ -5 +5 @@\n-e\n+f\n")
    with pytest.raises(BadInput, match=r"hunk 2 of x\.py.*line 5"):
        apply_patch(patch, {"x.py": "a\nb\nc\nd\nnot e\n"}.get)
    with pytest.raises(BadInput, match="no such text file"):
        apply_patch(patch, lambda _: None)
