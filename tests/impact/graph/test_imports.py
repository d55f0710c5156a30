"""Which tests the graph connects with which change, on small repositories of every layout."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.impact.graph.imports import ImportGraph
from maestro.impact.graph.reach import reach

GraphOf = Callable[..., ImportGraph]

PACKAGE = {"shop/__init__.py": "", "shop/price.py": "def total(): ...\n", "shop/cart.py": "from . import price\n"}


def _distance(graph: ImportGraph, changed: str, test_file: str) -> int | None:
    step = reach(graph, [changed]).of_test(test_file)
    return step.distance if step else None


@pytest.mark.parametrize(
    ("files", "changed", "test_file", "distance"),
    [
        pytest.param(
            {**PACKAGE, "tests/test_a.py": "import shop.price\n"},
            "shop/price.py",
            "tests/test_a.py",
            1,
            id="an absolute import",
        ),
        pytest.param(
            {**PACKAGE, "tests/test_a.py": "from shop.cart import anything\n"},
            "shop/price.py",
            "tests/test_a.py",
            2,
            id="a relative import in between",
        ),
        pytest.param(
            {**PACKAGE, "tests/test_a.py": "import shop.cart\n"},
            "shop/__init__.py",
            "tests/test_a.py",
            1,
            id="the package of an imported module",
        ),
        pytest.param(
            {
                "shop/__init__.py": "from .price import total\n",
                "shop/price.py": "",
                "t/test_a.py": "from shop import total\n",
            },
            "shop/price.py",
            "t/test_a.py",
            1,
            id="a name that the package re-exports",
        ),
        pytest.param(
            {
                "shop/__init__.py": "from .price import *\n",
                "shop/price.py": "",
                "t/test_a.py": "import shop\nshop.total()\n",
            },
            "shop/price.py",
            "t/test_a.py",
            1,
            id="an attribute that the package takes by a star",
        ),
        pytest.param(
            {
                "shop/__init__.py": "from .a import x as y\n",
                "shop/a/__init__.py": "from ..b import x\n",
                "shop/b.py": "",
                "t/test_a.py": "from shop import y\n",
            },
            "shop/b.py",
            "t/test_a.py",
            1,
            id="a re-export of a re-export under another name",
        ),
        pytest.param(
            {"src/shop/__init__.py": "", "src/shop/price.py": "", "tests/test_a.py": "from shop import price\n"},
            "src/shop/price.py",
            "tests/test_a.py",
            1,
            id="the src layout",
        ),
        pytest.param(
            {"lib/acme/shop/price.py": "", "tests/test_a.py": "import acme.shop.price\n"},
            "lib/acme/shop/price.py",
            "tests/test_a.py",
            1,
            id="a namespace package without any __init__",
        ),
        pytest.param(
            {"tests/helpers.py": "", "tests/test_a.py": "from helpers import make\n"},
            "tests/helpers.py",
            "tests/test_a.py",
            1,
            id="a helper beside the test",
        ),
        pytest.param(
            {"shop/__init__.py": "", "shop/tool.py": "", "tests/test_a.py": "import sys\nimport tool\n"},
            "shop/tool.py",
            "tests/test_a.py",
            1,
            id="a package's own folder on the path",
        ),
        pytest.param(
            {**PACKAGE, "t/test_a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import shop.price\n"},
            "shop/price.py",
            "t/test_a.py",
            1,
            id="an import for type checkers",
        ),
        pytest.param(
            {
                **PACKAGE,
                "t/test_a.py": "def test():\n    try:\n        from shop import price\n    except E:\n        pass",
            },
            "shop/price.py",
            "t/test_a.py",
            1,
            id="an import in a function, in a try",
        ),
        pytest.param(
            {**PACKAGE, "t/test_a.py": "match 1:\n    case 1:\n        import shop.price\n"},
            "shop/price.py",
            "t/test_a.py",
            1,
            id="an import in a case",
        ),
        pytest.param(
            {**PACKAGE, "t/test_a.py": "from importlib import import_module\nimport_module('shop.price')\n"},
            "shop/price.py",
            "t/test_a.py",
            1,
            id="import_module with a literal",
        ),
        pytest.param(
            {**PACKAGE, "t/test_a.py": "import importlib\nimportlib.import_module('.price', package='shop')\n"},
            "shop/price.py",
            "t/test_a.py",
            1,
            id="import_module with a relative literal",
        ),
        pytest.param(
            {**PACKAGE, "t/test_a.py": "from unittest import mock\nmock.patch('shop.price.total')\n"},
            "shop/price.py",
            "t/test_a.py",
            1,
            id="a patched name",
        ),
        pytest.param(
            {**PACKAGE, "shop/__main__.py": "", "t/test_a.py": "run([sys.executable, '-m', 'shop'])\n"},
            "shop/__main__.py",
            "t/test_a.py",
            1,
            id="python -m in a list of words",
        ),
        pytest.param(
            {**PACKAGE, "t/test_a.py": "run('python -m shop.price --help')\n"},
            "shop/price.py",
            "t/test_a.py",
            1,
            id="python -m in one string",
        ),
        pytest.param(
            {**PACKAGE, "t/test_a.py": "run([sys.executable, '-c', 'import json, shop.price'])\n"},
            "shop/price.py",
            "t/test_a.py",
            1,
            id="python -c",
        ),
        pytest.param(
            {"tools/make_rates.py": "", "t/test_a.py": "run([sys.executable, ROOT / 'tools' / 'make_rates.py'])\n"},
            "tools/make_rates.py",
            "t/test_a.py",
            1,
            id="a script that a test starts by its path",
        ),
        pytest.param(
            {
                **PACKAGE,
                "pyproject.toml": '[project.scripts]\nshop-total = "shop.price:main"\n',
                "t/test_a.py": "import subprocess\nsubprocess.run(['shop-total', '--all'])\n",
            },
            "shop/price.py",
            "t/test_a.py",
            1,
            id="a command that the project installs",
        ),
        pytest.param(
            {**PACKAGE, "tests/conftest.py": "import shop.price\n", "tests/deep/test_a.py": ""},
            "shop/price.py",
            "tests/deep/test_a.py",
            2,
            id="a conftest.py above the test",
        ),
        pytest.param(
            {"conftest.py": "pytest_plugins = ['plug']\n", "plug.py": "", "tests/test_a.py": ""},
            "plug.py",
            "tests/test_a.py",
            2,
            id="pytest_plugins",
        ),
        pytest.param(
            {"pytest.ini": "[pytest]\naddopts = -p plug\n", "plug.py": "", "tests/test_a.py": ""},
            "plug.py",
            "tests/test_a.py",
            1,
            id="a plugin named in the options",
        ),
        pytest.param(
            {
                **PACKAGE,
                "pyproject.toml": '[project.entry-points.pytest11]\nshop = "shop.price"\n',
                "tests/test_a.py": "",
            },
            "shop/price.py",
            "tests/test_a.py",
            1,
            id="the project is a pytest plugin itself",
        ),
        pytest.param(
            {"pytest.ini": "DJANGO_SETTINGS_MODULE = site.settings\n", "site/settings.py": "", "tests/test_a.py": ""},
            "site/settings.py",
            "tests/test_a.py",
            1,
            id="settings of Django",
        ),
        pytest.param(
            {"tests/__init__.py": "", "tests/test_a.py": ""},
            "tests/__init__.py",
            "tests/test_a.py",
            1,
            id="the test's own package",
        ),
    ],
)
def test_a_test_depends_on_a_file_through(
    graph_of: GraphOf, files: Mapping[str, str], changed: str, test_file: str, distance: int
) -> None:
    assert _distance(graph_of(files), changed, test_file) == distance


@pytest.mark.parametrize(
    ("loader", "reached", "spared"),
    [
        pytest.param(
            "import_module(f'shop.plugins.{name}')", "shop/plugins/a.py", "shop/price.py", id="a known prefix"
        ),
        pytest.param("import_module('shop.plugins.' + n)", "shop/plugins/a.py", "shop/price.py", id="a sum of strings"),
        pytest.param("import_module('.plugins.%s' % n, 'shop')", "shop/plugins/a.py", "", id="a relative pattern"),
        pytest.param("__import__('shop.plugins.{}'.format(n))", "shop/plugins/a.py", "", id="a format"),
        pytest.param("import_module(name)", "shop/price.py", "other/x.py", id="a name that nobody knows"),
        pytest.param("pkgutil.iter_modules(__path__)", "shop/price.py", "other/x.py", id="the modules of a package"),
        pytest.param("entry_points(group='shop')", "other/x.py", "", id="entry points"),
        pytest.param("INSTALLED_APPS = ['other']", "other/x.py", "", id="a framework's list of packages"),
    ],
)
def test_what_a_computed_import_may_load_is_reached(graph_of: GraphOf, loader: str, reached: str, spared: str) -> None:
    graph = graph_of(
        {
            "shop/__init__.py": "",
            "shop/load.py": f"{loader}\n",
            "shop/price.py": "",
            "shop/plugins/__init__.py": "",
            "shop/plugins/a.py": "",
            "other/x.py": "",
            "tests/test_a.py": "import shop.load\n",
        }
    )
    assert _distance(graph, reached, "tests/test_a.py") == 2
    if spared:
        assert _distance(graph, spared, "tests/test_a.py") is None


def test_a_test_that_walks_the_sources_depends_on_all_of_them(graph_of: GraphOf) -> None:
    graph = graph_of({**PACKAGE, "tests/test_style.py": "for file in ROOT.rglob('*.py'): check(file)\n"})
    assert _distance(graph, "shop/price.py", "tests/test_style.py") == 1


def test_a_file_that_cannot_be_parsed_may_load_anything(graph_of: GraphOf) -> None:
    graph = graph_of({**PACKAGE, "shop/bad.py": "def (", "tests/test_a.py": "import shop.bad\n"})
    assert _distance(graph, "shop/price.py", "tests/test_a.py") == 2
    assert graph.problems["shop/bad.py"].startswith("cannot be parsed (line 1")


def test_modules_that_nothing_connects_are_far_from_each_other(graph_of: GraphOf) -> None:
    graph = graph_of({**PACKAGE, "shop/other.py": "import json\n", "tests/test_a.py": "import shop.other\n"})
    assert _distance(graph, "shop/price.py", "tests/test_a.py") is None


def test_a_conftest_beside_the_test_but_not_above_it_does_not_matter(graph_of: GraphOf) -> None:
    graph = graph_of({"tests/a/conftest.py": "", "tests/b/test_b.py": "", "tests/a/test_a.py": ""})
    assert _distance(graph, "tests/a/conftest.py", "tests/b/test_b.py") is None
    assert _distance(graph, "tests/a/conftest.py", "tests/a/test_a.py") == 1


def test_hooks_of_a_conftest_act_on_tests_that_are_not_below_it(graph_of: GraphOf) -> None:
    graph = graph_of(
        {
            "a/conftest.py": "import rates\ndef pytest_configure(config): ...\n",
            "a/rates.py": "",
            "b/test_b.py": "",
        }
    )
    assert _distance(graph, "a/rates.py", "b/test_b.py") == 2


def test_a_module_that_is_gone_keeps_those_who_import_it(graph_of: GraphOf) -> None:
    graph = graph_of({"shop/__init__.py": "", "tests/test_a.py": "import shop.old\n"}, gone=("shop/old.py",))
    assert _distance(graph, "shop/old.py", "tests/test_a.py") == 1


def test_the_chain_reads_from_the_test_to_the_change(graph_of: GraphOf) -> None:
    graph = graph_of({**PACKAGE, "tests/test_a.py": "import shop.cart\n"})
    chain = reach(graph, ["shop/price.py"]).chain("tests/test_a.py")
    assert chain == "tests/test_a.py imports shop.cart, which imports shop.price, which is changed"


def test_a_long_chain_is_cut_in_the_middle(graph_of: GraphOf) -> None:
    modules = {f"m{number}.py": f"import m{number + 1}\n" for number in range(12)}
    graph = graph_of({**modules, "m12.py": "", "test_a.py": "import m0\n"})
    chain = reach(graph, ["m12.py"]).chain("test_a.py")
    assert chain == (
        "test_a.py imports m0, which imports m1, which imports m2, which imports m3, "
        "which leads on through 8 more, which imports m12, which is changed"
    )


def test_an_import_loop_has_an_end(graph_of: GraphOf) -> None:
    graph = graph_of(
        {
            "a/__init__.py": "from b import *\n",
            "b/__init__.py": "from a import *\n",
            "test_a.py": "from a import thing\n",
        }
    )
    assert _distance(graph, "b/__init__.py", "test_a.py") == 1


@settings(max_examples=25, deadline=None)
@given(edges=st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20), changed=st.integers(0, 7))
def test_every_file_that_reaches_the_change_is_found_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, edges: set[tuple[int, int]], changed: int
) -> None:
    top = tmp_path_factory.mktemp("graph")
    for number in range(8):
        imports = sorted(target for source, target in edges if source == number)
        (top / f"m{number}.py").write_text("".join(f"import m{target}\n" for target in imports))
    reached = {changed}
    while more := {source for source, target in edges if target in reached} - reached:
        reached |= more
    steps = reach(ImportGraph.of(top), [f"m{changed}.py"]).steps
    assert set(steps) == {f"m{number}.py" for number in reached}
