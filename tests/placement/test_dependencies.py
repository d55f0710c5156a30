"""Which packages are read from the files that declare or lock them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.placement.dependencies import dependency_names, is_dependency_file

PYPROJECT = """
[build-system]
requires = ["Hatch_ling>=1"]
[project]
name = "app"
dependencies = ["numpy>=2; python_version > '3'", "a.b[x, y]~=1.0", "tool @ https://example.org/tool.zip"]
[project.optional-dependencies]
dev = ["pytest"]
[dependency-groups]
docs = ["sphinx", {include-group = "dev"}]
[tool.uv]
dev-dependencies = ["ruff"]
[tool.poetry.dependencies]
python = "^3.11"
Flask = "*"
[tool.poetry.group.test.dependencies]
tox = "*"
"""

REQUIREMENTS = """
# a comment
requests==2.0 --hash=sha256:00 \\
    --hash=sha256:01
-r other.txt
--index-url https://example.org/simple
-e git+https://example.org/r#egg=From_Egg
./wheels/local_wheel-1.0-py3-none-any.whl
https://example.org/far-2.0-py3-none-any.whl#sha256=00
Foo.Bar >= 1  # why
bare
"""


@pytest.mark.parametrize(
    ("path", "content", "names"),
    [
        pytest.param(
            "pyproject.toml",
            PYPROJECT,
            ("a-b", "flask", "hatch-ling", "numpy", "pytest", "ruff", "sphinx", "tool", "tox"),
            id="a project file, in every table that declares packages",
        ),
        pytest.param(
            "requirements-dev.txt",
            REQUIREMENTS,
            ("bare", "far", "foo-bar", "from-egg", "local-wheel", "requests"),
            id="requirements with hashes, addresses, wheels and options",
        ),
        pytest.param("sub/uv.lock", '[[package]]\nname = "Zope.Interface"\n', ("zope-interface",), id="uv's lock"),
        pytest.param("poetry.lock", '[[package]]\nname = "six"\n', ("six",), id="Poetry's lock"),
        pytest.param("pylock.dev.toml", '[[packages]]\nname = "attrs"\n', ("attrs",), id="the standard lock"),
    ],
)
def test_names_are_read_normalized_and_sorted(path: str, content: str, names: tuple[str, ...]) -> None:
    assert is_dependency_file(path)
    assert dependency_names({path: content}) == names


def test_all_files_count_together() -> None:
    assert dependency_names({"requirements.txt": "b\na", "uv.lock": '[[package]]\nname = "a"'}) == ("a", "b")


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("requirements.txt", True),
        ("requirements/base.txt", True),
        ("deps/test-requirements.txt", True),
        ("README.txt", False),
        ("setup.py", False),
        ("pylock.toml", True),
    ],
)
def test_the_files_that_can_be_read_are_known_by_name(path: str, *, is_one: bool) -> None:
    assert is_dependency_file(path) is is_one


@pytest.mark.parametrize("content", ["name = ", "a = " + "[" * 20_000])
def test_the_projects_lock_file_could_hide_a_package_when_unreadable_so_it_is_refused_by_name(content: str) -> None:
    with pytest.raises(BadInput) as caught:
        dependency_names({"uv.lock": content})
    assert caught.value.field == "uv.lock"


def test_a_broken_file_among_the_test_data_stops_nobody() -> None:
    assert dependency_names({"tests/data/pyproject.toml": "name = ", "requirements.txt": "numpy"}) == ("numpy",)


@pytest.mark.parametrize(
    "content",
    ["project = 1", "[project]\ndependencies = 'numpy'", "package = [1, {name = 2}]", "[tool]\npoetry = []"],
)
def test_tables_of_an_unexpected_shape_declare_nothing(content: str) -> None:
    assert dependency_names({"pyproject.toml": content, "uv.lock": content}) == ()


@given(st.text())
def test_any_requirements_file_can_be_read(content: str) -> None:
    for name in dependency_names({"requirements.txt": content}):
        assert name == name.lower()
