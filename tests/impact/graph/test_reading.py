"""What is read of a worktree and what is not: hostile files, strange names, sources that nobody can parse."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.graph.reach import reach

GraphOf = Callable[..., ImportGraph]
WriteTree = Callable[[Mapping[str, str]], Path]


def _reaches(graph: ImportGraph, changed: str, test_file: str) -> bool:
    return reach(graph, [changed]).of_test(test_file) is not None


def test_links_are_names_of_what_they_lead_to_and_are_never_followed_outside(write_tree: WriteTree) -> None:
    worktree = write_tree({"lib/price.py": "", "tests/test_a.py": "import linked.price\n", "tests/test_b.py": ""})
    (worktree.parent / "secret.py").write_text("import tests.test_b\n")
    (worktree / "linked").symlink_to("lib")
    (worktree / "secret.py").symlink_to(worktree.parent / "secret.py")
    (worktree / "loop").symlink_to(".")
    graph = ImportGraph.of(worktree)
    assert _reaches(graph, "lib/price.py", "tests/test_a.py")
    assert "secret.py" not in graph.files


def test_a_pipe_is_never_opened(write_tree: WriteTree) -> None:
    worktree = write_tree({"a.py": ""})
    os.mkfifo(worktree / "pipe.py")
    assert ImportGraph.of(worktree).files == {"a.py"}


def test_environments_and_caches_are_no_sources(write_tree: WriteTree) -> None:
    worktree = write_tree({"a.py": "", ".venv/pyvenv.cfg": "", ".venv/lib/b.py": "", "node_modules/c.py": ""})
    assert ImportGraph.of(worktree).files == {"a.py"}


def test_a_file_name_that_is_not_utf_8_is_read_like_any_other(write_tree: WriteTree) -> None:
    worktree = write_tree({"shop.py": ""})
    with open(os.fsencode(worktree) + b"/test_\xe9.py", "wb") as stream:  # noqa: PTH123 - a path of bytes
        stream.write(b"import shop\n")
    assert _reaches(ImportGraph.of(worktree), "shop.py", "test_\udce9.py")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param(b"x = 1\0\n", "null bytes", id="a binary file"),
        pytest.param(b"# coding: nope\n", "unknown encoding", id="an unknown encoding"),
        pytest.param(b"x = '\xff'\n", "utf-8", id="bytes that are not UTF-8"),
        pytest.param(b"x = " + b"-" * 100_000 + b"1", "nested too deeply", id="nested too deeply to parse"),
        pytest.param(b"x = " + b" + ".join([b"1"] * 20_000), "recursion", id="too long an expression"),
        pytest.param(b"#" * 2_000_001, "larger than", id="a huge file"),
    ],
)
def test_a_source_that_cannot_be_judged_says_why(write_tree: WriteTree, source: bytes, words: str) -> None:
    worktree = write_tree({})
    (worktree / "a.py").write_bytes(source)
    assert words in ImportGraph.of(worktree).problems["a.py"]


def test_a_declared_encoding_is_understood(write_tree: WriteTree) -> None:
    worktree = write_tree({"shop.py": ""})
    (worktree / "test_a.py").write_bytes("# coding: latin-1\nx = 'é'\nimport shop\n".encode("latin-1"))
    assert _reaches(ImportGraph.of(worktree), "shop.py", "test_a.py")


def test_warnings_about_the_source_stay_silent(graph_of: GraphOf) -> None:
    assert graph_of({"a.py": "x = '\\d'\nassert (1, 'always')\nif x is 'y': pass\n"}).problems == {}


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be listed"):
        ImportGraph.of(tmp_path / "nowhere")


def test_a_name_of_absurd_length_costs_no_more_than_any_other(graph_of: GraphOf) -> None:
    dotted = ".".join(["shop"] * 200_000)
    graph = graph_of({"shop.py": "", "test_a.py": f"import {dotted}\nx = '{dotted}'\nfrom {'.' * 500} import y\n"})
    assert _reaches(graph, "shop.py", "test_a.py")
