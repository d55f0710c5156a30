"""What a project's tests need is read from its files alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.config.project import ProjectConfig
from maestro.errors import BadInput
from maestro.execution.environment.interpreter import Interpreter, find_interpreter
from maestro.execution.environment.key import environment_key
from maestro.execution.environment.recipe import Recipe, read_recipe
from maestro.execution.environment.variables import index_ports, network_variables
from maestro.execution.settings import Isolation

SETUPTOOLS = '[build-system]\nbuild-backend = "setuptools.build_meta"\n[project]\nname = "x"\nversion = "1"\n'
HATCH = SETUPTOOLS.replace("setuptools.build_meta", "hatchling.build")


def recipe(folder: Path, **files: str) -> Recipe:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_recipe(folder, ProjectConfig())


def test_extras_and_groups_for_tests_are_preferred_to_those_for_development(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\nversion = "1"\n[project.optional-dependencies]\ndev = []\ntest = []\ndocs = []\n'
    found = recipe(tmp_path, pyproject_DOT_toml=text + "[dependency-groups]\ntests = []\ndev = []\n")
    assert (found.extras, found.groups, found.editable) == (("test",), ("tests",), False)


def test_without_any_for_tests_those_for_development_are_taken(tmp_path: Path) -> None:
    found = recipe(tmp_path, requirements__dev_DOT_txt="", pyproject_DOT_toml="[dependency-groups]\ndev = []\n")
    assert (found.groups, found.requirement_files) == (("dev",), ("requirements/dev.txt",))


@pytest.mark.parametrize(
    "name", ["requirements-test", "test_requirements", "requirements__tests", "tests__requirements", "dev-requirements"]
)
def test_requirement_files_are_found_by_their_names(tmp_path: Path, name: str) -> None:
    assert recipe(tmp_path, **{f"{name}_DOT_txt": ""}).requirement_files == (f"{name.replace('__', '/')}.txt",)


def test_plain_requirements_are_taken_where_there_is_no_package(tmp_path: Path) -> None:
    assert recipe(tmp_path, requirements_DOT_txt="x").requirement_files == ("requirements.txt",)
    assert recipe(tmp_path, setup_DOT_py="import setuptools").requirement_files == ()


def test_extras_of_older_projects_are_found(tmp_path: Path) -> None:
    assert recipe(tmp_path / "a", setup_DOT_cfg="[options.extras_require]\ntesting =\n  x\n").extras == ("testing",)
    found = recipe(tmp_path / "b", setup_DOT_py="setup(extras_require={'test': [], **more})")
    assert (found.extras, found.editable) == (("test",), True)


def test_what_maestro_yaml_says_replaces_what_is_found(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[dependency-groups]\ntest = []\nci = []\n")
    config = ProjectConfig.model_validate({"tests": {"groups": ["ci"]}, "environment": {"install": ["x"]}})
    assert (read_recipe(tmp_path, config).groups, read_recipe(tmp_path, config).install) == (("ci",), ("x",))


def test_included_requirement_files_count_to_those_that_decide(tmp_path: Path) -> None:
    found = recipe(tmp_path, requirements__test_DOT_txt="-r ../other.txt\n-c=lim.txt", other_DOT_txt="x")
    assert found.files == ("requirements/test.txt", "other.txt")


def test_a_link_to_a_file_of_this_machine_is_not_read(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tmp_path / "secret.toml").write_text("[dependency-groups]\ntest = []\n")
    (tree / "pyproject.toml").symlink_to(tmp_path / "secret.toml")
    (tree / "requirements").symlink_to(tmp_path)
    assert recipe(tree) == Recipe()


@pytest.mark.parametrize("text", ["[project", "a = 1\na = 2", "\x00"])
def test_a_malformed_pyproject_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        recipe(tmp_path, pyproject_DOT_toml=text)
    assert caught.value.field == "pyproject.toml"


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        pytest.param(HATCH, False, id="hatchling without hooks"),
        pytest.param(HATCH + "[tool.hatch.build.hooks.custom]\n", True, id="a hatch build hook"),
        pytest.param(HATCH + '[tool.hatch.version]\nsource = "code"\n', True, id="a hatch version from code"),
        pytest.param(SETUPTOOLS, False, id="declarative setuptools"),
        pytest.param(SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {attr = "x.y"}\n', True, id="an attribute"),
        pytest.param(SETUPTOOLS.replace("setuptools.build_meta", "mine"), True, id="a backend nobody knows"),
        pytest.param(SETUPTOOLS + "[tool.poetry.build]\nscript = 'b.py'\n", True, id="a poetry build script"),
        pytest.param('[build-system]\nbackend-path = ["."]\nbuild-backend = "hatchling.build"', True, id="its own"),
    ],
)
def test_a_build_that_may_run_code_of_the_tree_is_recognised(tmp_path: Path, text: str, *, runs: bool) -> None:
    assert recipe(tmp_path, pyproject_DOT_toml=text).runs_tree_code is runs


def test_a_setup_script_counts_as_code_of_the_tree(tmp_path: Path) -> None:
    assert recipe(tmp_path, pyproject_DOT_toml=SETUPTOOLS, setup_DOT_py="").runs_tree_code


INTERPRETER = Interpreter(version="3", prefix=Path("/usr"), program=Path("/usr/bin/python3"))


def key(folder: Path, found: Recipe, *, owner: tuple[str, str] = ("t", "r"), tree: str = "1") -> str:
    return environment_key(found, folder, INTERPRETER, owner=owner, tree=tree, isolation=Isolation.BUBBLEWRAP)


def test_an_environment_belongs_to_one_tenant_and_repository(tmp_path: Path) -> None:
    found = recipe(tmp_path)
    assert len({key(tmp_path, found, owner=owner) for owner in (("a", "b"), ("ab", ""), ("", "ab"), ("a", "c"))}) == 4


def test_the_tree_counts_only_where_the_build_runs_its_code(tmp_path: Path) -> None:
    declarative, own = Recipe(), Recipe(runs_tree_code=True)
    assert key(tmp_path, declarative, tree="1") == key(tmp_path, declarative, tree="2")
    assert key(tmp_path, own, tree="1") != key(tmp_path, own, tree="2")


@given(first=st.binary(max_size=50), second=st.binary(max_size=50))
def test_equal_keys_mean_equal_files(tmp_path_factory: pytest.TempPathFactory, first: bytes, second: bytes) -> None:
    keys = []
    for content in ((first, second), (first + second, b""), (first, second)):
        folder = tmp_path_factory.mktemp("key")
        for name, data in zip(("a", "b"), content, strict=True):
            (folder / name).write_bytes(data)
        keys.append(key(folder, Recipe(files=("a", "b"))))
    assert keys[0] == keys[2]
    assert (keys[0] == keys[1]) is (second == b"")


def test_addresses_with_a_user_are_never_handed_on() -> None:
    seen = network_variables(
        {
            "PIP_INDEX_URL": "https://index.example/simple",
            "HTTPS_PROXY": "http://user:geheim@proxy.example:3128",
            "HTTP_PROXY": "http://proxy.example:3128",
            "AWS_SECRET_ACCESS_KEY": "geheim",
            "UV_EXTRA_INDEX_URL": "https://token@index.example",
        }
    )
    assert "geheim" not in str(seen)
    assert seen["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert index_ports(seen) == (53, 80, 443, 3128)


@pytest.mark.parametrize("versions", [">=3.99", "/tmp/evil", "evil", "--help"])
def test_a_python_that_is_not_installed_is_refused(versions: str) -> None:
    with pytest.raises(BadInput) as caught:
        find_interpreter(versions)
    assert caught.value.field == "requires-python"


def test_the_conductors_own_python_is_preferred() -> None:
    assert find_interpreter(">=3.8") == find_interpreter("")
