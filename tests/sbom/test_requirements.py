"""pip's requirements and constraints files, and projects that have no lock file at all."""

from pathlib import Path

import pytest

from tests.execution.repositories import Files
from tests.sbom.heads import bill_of, names

SHA = "b" * 64


def test_pins_with_hashes_markers_and_extras_are_read(tmp_path: Path) -> None:
    text = f"""
# a comment
--index-url https://index.example/simple
requests[socks]==2.31.0 \\
    --hash=sha256:{SHA} \\
    --hash=sha256:{SHA[1:]}c   # two files
colorama==0.4.6 ; sys_platform == "win32"
odd===2024-weird
"""
    bill = bill_of(tmp_path, {"requirements.txt": text})
    assert names(bill) == ["colorama 0.4.6", "odd 2024-weird", "requests 2.31.0"]
    assert len(bill.components[-1].hashes) == 2


def test_what_has_no_exact_version_is_named(tmp_path: Path) -> None:
    text = """
flask
jinja2>=3,<4
pin==1.*
six~=1.16
tool @ git+https://user:secret@git.example/tool@main
git+https://git.example/other.git#egg=Other_Thing
"""
    bill = bill_of(tmp_path, {"requirements.txt": text})
    assert bill.facts.unpinned == ("flask", "jinja2", "other-thing", "pin", "six", "tool")
    assert b"secret" not in bill.document


def test_wheels_and_archives_say_their_version_in_their_name(tmp_path: Path) -> None:
    text = """
./wheels/six-1.16.0-py2.py3-none-any.whl
tool @ https://files.example/tool-2.0.tar.gz
-e .
"""
    bill = bill_of(tmp_path, {"requirements.txt": text})
    assert names(bill) == ["six 1.16.0", "tool 2.0"]
    assert bill.facts.unpinned == ()


def test_includes_are_followed_within_the_repository_also_in_a_circle(tmp_path: Path) -> None:
    files: Files = {
        "ci/requirements.txt": "-r ../base.in\n",
        "base.in": "-r ci/requirements.txt\n-c pins/all.txt\nflask\n",
        "pins/all.txt": "flask==3.0.0\n",
    }
    bill = bill_of(tmp_path, files)
    assert names(bill) == ["flask 3.0.0"]
    assert bill.facts.unpinned == ()
    assert bill.facts.lock_files == ("base.in", "ci/requirements.txt", "pins/all.txt")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("-r ../../etc/passwd", id="above the repository"),
        pytest.param("-r /etc/passwd", id="an absolute path"),
        pytest.param("-rhttps://user:secret@evil.example/r.txt", id="an address"),
        pytest.param("--requirement=..\\\\x.txt", id="backslashes"),
    ],
)
def test_an_include_from_outside_makes_the_file_unread(line: str, tmp_path: Path) -> None:
    bill = bill_of(tmp_path, {"requirements.txt": f"six==1.16.0\n{line}\n"})
    assert bill.facts.unread_lock_files == ("requirements.txt",)
    assert "not in the repository" in bill.unread[0][1]
    assert b"secret" not in bill.document


def test_an_include_that_is_missing_or_a_link_is_named(tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "linked.txt").symlink_to("/etc/passwd")
    bill = bill_of(tmp_path, {"requirements.txt": "-r gone.txt\n-r linked.txt\n"})
    assert bill.facts.unread_lock_files == ("gone.txt", "linked.txt")


@pytest.mark.parametrize(
    "line", ["what is this?", "==1.0", "six==", "a b c", "[x]", "x; " + "(" * 50_000, "x==" + "1" * 5_000]
)
def test_a_line_that_pip_would_refuse_makes_the_file_unread(line: str, tmp_path: Path) -> None:
    assert bill_of(tmp_path, {"requirements.txt": f"{line}\n"}).facts.unread_lock_files == ("requirements.txt",)


def test_constraints_pin_what_others_ask_for_and_ask_for_nothing(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, {"requirements.txt": "flask\nsix\n", "constraints.txt": "flask==3.0.0\nunused>=2\n"})
    assert names(bill) == ["flask 3.0.0"]
    assert bill.facts.unpinned == ("six",)


PYPROJECT = """
[project]
name = "shop"
dependencies = ["jinja2>=3", "shop[extra]"]
optional-dependencies = { extra = ["Flask"] }
[dependency-groups]
dev = ["pytest", { include-group = "docs" }]
docs = ["sphinx"]
"""


def test_a_project_without_a_lock_file_has_only_dependencies_without_versions(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, {"pyproject.toml": PYPROJECT})
    assert bill.facts.unpinned == ("flask", "jinja2", "pytest", "sphinx")
    assert bill.facts.components == 0


@pytest.mark.parametrize(
    ("files", "unpinned"),
    [
        pytest.param({"uv.lock": "version = 1\n"}, (), id="a lock file answers for the project"),
        pytest.param(
            {"constraints.txt": "jinja2==3.1.4\nflask==3.0.0\n"}, ("pytest", "sphinx"), id="constraints for two"
        ),
    ],
)
def test_a_projects_wishes_are_unpinned_where_nothing_pins_them(
    files: Files, unpinned: tuple[str, ...], tmp_path: Path
) -> None:
    assert bill_of(tmp_path, {"pyproject.toml": PYPROJECT, **files}).facts.unpinned == unpinned


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("setup.py", "from setuptools import setup\nsetup(install_requires=['x'])\n", id="a program"),
        pytest.param("pyproject.toml", "[project]\nname='x'\ndynamic=['dependencies']\n", id="computed dependencies"),
        pytest.param("pom.xml", "<project/>", id="Maven without a lock file"),
        pytest.param("build.gradle.kts", "", id="Gradle without a lock file"),
        pytest.param("Gemfile", "gem 'rails'\n", id="Bundler without a lock file"),
        pytest.param("bun.lockb", b"\0\1\2", id="a lock file without a reader"),
        pytest.param("pubspec.lock", "packages:\n", id="a lock file of another language"),
        pytest.param("package.json", "{", id="a broken manifest"),
    ],
)
def test_what_nobody_can_read_is_never_passed_over(name: str, content: str | bytes, tmp_path: Path) -> None:
    bill = bill_of(tmp_path, {f"deep/below/{name}": content})
    assert bill.facts.unread_lock_files == (f"deep/below/{name}",)
    assert bill.facts.components is None


@pytest.mark.parametrize(
    ("name", "content", "unpinned"),
    [
        pytest.param(
            "package.json", '{"dependencies": {"left-pad": "^1", "own": "file:./own"}}', ("left-pad",), id="npm"
        ),
        pytest.param("Cargo.toml", '[dependencies]\nserde = "1"\nown = { path = "own" }\n', ("serde",), id="Cargo"),
        pytest.param(
            "composer.json", '{"require": {"php": ">=8", "monolog/monolog": "^3"}}', ("monolog/monolog",), id="PHP"
        ),
        pytest.param("Pipfile", '[packages]\nflask = "*"\n', ("flask",), id="Pipenv"),
        pytest.param(
            "setup.cfg", "[options]\ninstall_requires =\n    flask>=2\n    six\n", ("flask", "six"), id="setuptools"
        ),
        pytest.param(
            "pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"\nflask = "^3"\n', ("flask",), id="Poetry"
        ),
    ],
)
def test_a_manifest_without_its_lock_file_has_dependencies_without_versions(
    name: str, content: str, unpinned: tuple[str, ...], tmp_path: Path
) -> None:
    assert bill_of(tmp_path, {name: content}).facts.unpinned == unpinned


def test_a_lock_file_further_up_answers_only_for_what_it_holds(tmp_path: Path) -> None:
    lock = 'version = 1\n[[package]]\nname = "jinja2"\nversion = "3.1.4"\n'
    member = '[project]\nname = "member"\ndependencies = ["jinja2", "flask"]\n'
    bill = bill_of(tmp_path, {"uv.lock": lock, "libs/member/pyproject.toml": member})
    assert [(each.name, each.path) for each in bill.unpinned] == [("flask", "libs/member/pyproject.toml")]


def test_a_setup_program_beside_what_says_its_dependencies_needs_not_be_run(tmp_path: Path) -> None:
    files: Files = {
        "a/setup.py": "setup()",
        "a/pyproject.toml": "[project]\nname = 'a'\n",
        "b/setup.py": "setup()",
        "b/setup.cfg": "[options]\n",
        "c/setup.py": "setup()",
        "c/requirements.txt": "six==1.16.0\n",
        "a_package/setup.py": "a = 1",
        "a_package/__init__.py": "",
        "d/setup.py": "setup()",
        "d/pyproject.toml": "[build-system]\nrequires = []\n",
    }
    assert bill_of(tmp_path, files).facts.unread_lock_files == ("d/setup.py",)


def test_a_repository_without_dependencies_has_none(tmp_path: Path) -> None:
    facts = bill_of(tmp_path, {"README.md": "hello\n"}).facts
    assert (facts.components, facts.lock_files, facts.unread_lock_files, facts.unpinned) == (0, (), (), ())
