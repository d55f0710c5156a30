"""What the graph can judge, what it cannot, and what is only documentation."""

from collections.abc import Callable

import pytest

from maestro.impact.changes import Change, ChangeKind
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.graph.judging import is_documentation, why_not_judged

GraphOf = Callable[..., ImportGraph]

TREE = {
    "README.md": "",
    "pyproject.toml": 'readme = "README.md"\n[tool.hatch.build.hooks.custom]\npath = "tools/hook.py"\n',
    "docs/conf.py": "",
    "docs/guide/start.rst": "",
    "newsfragments/12.feature.md": "",
    "shop/__init__.py": "",
    "shop/price.py": "",
    "shop/rates.json": "{}",
    "shop/mail/hello.md": "",
    "shop/broken.py": "def (",
    "shop/loader.py": "__import__(name)\n",
    "shop/migrations/__init__.py": "",
    "shop/migrations/m1.py": "",
    "shop/migrations/0002_more.py": "",
    "shop/pages/0001-x.py": "",
    "shop/pages/__init__.py": "",
    "tests/data/words.txt": "",
    "tests/test_a.py": "import shop.price\n__import__(name)\n",
    "tests/conftest.py": "",
    "plain/conftest.py": "def pytest_configure(config): ...\n",
    "scripts/make-release.py": "",
    "tools/hook.py": "",
    "setup.py": "",
    "sitecustomize.py": "",
}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        pytest.param("pyproject.toml", "configures the build or the tests", id="configuration"),
        pytest.param("requirements-dev.txt", "dependencies", id="requirements"),
        pytest.param("docs/requirements.txt", "dependencies", id="requirements of the documentation"),
        pytest.param("uv.lock", "dependencies", id="a lock file"),
        pytest.param("shop/rates.json", "is not Python", id="data in a package"),
        pytest.param("tests/data/words.txt", "is not Python", id="text below the tests"),
        pytest.param("shop/mail/hello.md", "is not Python", id="prose in a package, which may be a template"),
        pytest.param("shop/fast.pyx", "is not Python", id="another language"),
        pytest.param("shop/price.pyi", "is not Python", id="a stub"),
        pytest.param(".gitignore", "is not Python", id="a file that builds may follow"),
        pytest.param("shop/broken.py", "cannot be parsed (line 1", id="a syntax error"),
        pytest.param("shop/loader.py", "loads modules by a computed name (line 1)", id="dynamic imports"),
        pytest.param("setup.py", "takes part in the build", id="the build's own Python"),
        pytest.param("tools/hook.py", "takes part in the build", id="a script that the build calls"),
        pytest.param("sitecustomize.py", "start of every Python process", id="Python's own start"),
        pytest.param("__init__.py", "whole repository a package", id="a package at the top"),
        pytest.param("plain/conftest.py", "has pytest hooks", id="hooks in a conftest.py"),
        pytest.param("shop/migrations/m1.py", "is in migrations", id="a module that a framework finds by its folder"),
        pytest.param("shop/migrations/0002_more.py", "is in migrations", id="a numbered migration"),
        pytest.param("shop/pages/0001-x.py", "cannot be imported by its name", id="a module without a usable name"),
        pytest.param("shop/absent.py", "not in the worktree", id="a file that the worktree lacks"),
    ],
)
def test_a_change_that_cannot_be_judged_names_the_file_and_the_reason(graph_of: GraphOf, path: str, words: str) -> None:
    sentence = why_not_judged(Change(path, ChangeKind.MODIFIED), graph_of(TREE), added=())
    assert sentence.startswith(f"{path} ")
    assert words in sentence


@pytest.mark.parametrize(
    "path", ["shop/price.py", "tests/conftest.py", "docs/conf.py", "scripts/make-release.py", "README.md"]
)
def test_what_the_graph_can_judge_has_no_such_reason(graph_of: GraphOf, path: str) -> None:
    assert why_not_judged(Change(path, ChangeKind.MODIFIED), graph_of(TREE), added=()) == ""


def test_a_test_file_that_imports_by_computed_names_is_simply_run(graph_of: GraphOf) -> None:
    change = Change("tests/test_a.py", ChangeKind.MODIFIED)
    assert why_not_judged(change, graph_of(TREE), added=(), test_files={"tests/test_a.py"}) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(Change("vendor", ChangeKind.MODIFIED, "", "160000", "160000"), "submodule", id="a submodule"),
        pytest.param(Change("a.md", ChangeKind.ADDED, "", "000000", "120000"), "symbolic link", id="a link"),
        pytest.param(Change("shop/price.py", ChangeKind.UNKNOWN), "git does not explain", id="an unknown status"),
        pytest.param(
            Change("shop/help.md", ChangeKind.RENAMED, "docs/help.md"), "is not Python", id="prose moved into a package"
        ),
        pytest.param(
            Change("shop/price.py", ChangeKind.RENAMED, "shop/price.txt"), "is not Python", id="data that becomes code"
        ),
        pytest.param(Change("tests/conftest.py", ChangeKind.DELETED), "is gone", id="a deleted conftest.py"),
        pytest.param(Change("shop/unseen.py", ChangeKind.DELETED), "does not know who", id="a deletion not announced"),
    ],
)
def test_unusual_changes_cannot_be_judged(graph_of: GraphOf, change: Change, words: str) -> None:
    assert words in why_not_judged(change, graph_of(TREE), added=())


def test_a_deleted_module_that_is_still_imported_cannot_be_judged(graph_of: GraphOf) -> None:
    graph = graph_of({**TREE, "shop/cart.py": "from . import old\n"}, gone=("shop/old.py",))
    sentence = why_not_judged(Change("shop/old.py", ChangeKind.DELETED), graph, added=())
    assert sentence == "shop/old.py was deleted, and shop/cart.py still imports it"


def test_a_moved_module_that_is_still_imported_under_its_old_name_cannot_be_judged(graph_of: GraphOf) -> None:
    graph = graph_of({**TREE, "shop/cart.py": "import shop.cost\n"}, gone=("shop/cost.py",))
    sentence = why_not_judged(Change("shop/price.py", ChangeKind.RENAMED, "shop/cost.py"), graph, added=())
    assert sentence == "shop/price.py was shop/cost.py, and shop/cart.py still imports it"


def test_a_deleted_module_that_nobody_uses_can_be_judged(graph_of: GraphOf) -> None:
    graph = graph_of({"shop/__init__.py": "", "tests/test_a.py": ""}, gone=("shop/old.py",))
    assert why_not_judged(Change("shop/old.py", ChangeKind.DELETED), graph, added=()) == ""


def test_a_new_package_can_be_judged_but_a_new_init_beside_old_modules_cannot(graph_of: GraphOf) -> None:
    graph = graph_of({"new/__init__.py": "", "new/a.py": "", "old/__init__.py": "", "old/b.py": ""})
    added = {"new/__init__.py", "new/a.py", "old/__init__.py"}
    assert why_not_judged(Change("new/__init__.py", ChangeKind.ADDED), graph, added=added) == ""
    sentence = why_not_judged(Change("old/__init__.py", ChangeKind.ADDED), graph, added=added)
    assert sentence == "old/__init__.py was added, which changes the name of every module beside it"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("README.md", True, id="a readme"),
        pytest.param("LICENSE", True, id="a licence"),
        pytest.param("CHANGELOG.txt", True, id="a change log"),
        pytest.param("docs/guide/start.rst", True, id="a guide"),
        pytest.param("docs/notes.txt", True, id="text in the documentation"),
        pytest.param("docs/logo.svg", True, id="a picture in the documentation"),
        pytest.param("newsfragments/12.feature.md", True, id="a fragment of news"),
        pytest.param("docs/conf.py", False, id="code in the documentation"),
        pytest.param("docs/data.json", False, id="data in the documentation"),
        pytest.param("notes.txt", False, id="text at the top, which may be data"),
        pytest.param("requirements.txt", False, id="requirements"),
        pytest.param("tests/data/words.txt", False, id="text below the tests"),
        pytest.param("tests/expected.md", False, id="prose below the tests"),
        pytest.param("shop/mail/hello.md", False, id="prose in a package"),
    ],
)
def test_documentation_is_prose_that_no_code_lives_beside(graph_of: GraphOf, path: str, expected: bool) -> None:
    assert is_documentation(Change(path, ChangeKind.MODIFIED), graph_of(TREE)) is expected


def test_a_package_named_docs_is_code(graph_of: GraphOf) -> None:
    graph = graph_of({"docs/__init__.py": "", "docs/page.md": ""})
    assert not is_documentation(Change("docs/page.md", ChangeKind.MODIFIED), graph)
