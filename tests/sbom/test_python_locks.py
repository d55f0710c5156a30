"""Python's lock files, as their tools write them."""

import json
from pathlib import Path

import pytest

from tests.sbom.heads import bill_of, names, needs

SHA = "a" * 64

UV = f"""
version = 1
requires-python = ">=3.11"

[[package]]
name = "shop"
version = "0.1.0"
source = {{ editable = "." }}
dependencies = [{{ name = "jinja2" }}, {{ name = "numpy", version = "2.0.0", marker = "sys_platform == 'linux'" }}]

[package.dev-dependencies]
dev = [{{ name = "pytest" }}]

[[package]]
name = "jinja2"
version = "3.1.4"
source = {{ registry = "https://index.example/simple" }}
dependencies = [{{ name = "markupsafe" }}]
sdist = {{ url = "https://files.example/jinja2-3.1.4.tar.gz", hash = "sha256:{SHA}", size = 1 }}
wheels = [{{ url = "https://files.example/jinja2-3.1.4-py3-none-any.whl", hash = "sha256:{SHA[1:]}b" }}]

[[package]]
name = "markupsafe"
version = "2.1.5"
source = {{ registry = "https://index.example/simple" }}

[[package]]
name = "numpy"
version = "1.26.0"
source = {{ registry = "https://index.example/simple" }}

[[package]]
name = "numpy"
version = "2.0.0"
source = {{ registry = "https://index.example/simple" }}

[[package]]
name = "pytest"
version = "8.0.0"
source = {{ git = "https://token:secret@git.example/pytest?rev=main#0123456" }}
"""

POETRY = f"""
[[package]]
name = "Jinja2"
version = "3.1.4"
optional = false
python-versions = ">=3.7"
files = [{{ file = "jinja2-3.1.4-py3-none-any.whl", hash = "sha256:{SHA}" }}]

[package.dependencies]
MarkupSafe = ">=2.0"

[[package]]
name = "markupsafe"
version = "2.1.5"

[[package]]
name = "own"
version = "0.1.0"
[package.source]
type = "directory"
url = "libs/own"

[metadata]
lock-version = "2.0"
"""

PDM = f"""
[metadata]
lock_version = "4.5.0"

[[package]]
name = "jinja2"
version = "3.1.4"
dependencies = ["MarkupSafe>=2.0"]
files = [{{ file = "jinja2-3.1.4-py3-none-any.whl", hash = "sha256:{SHA}" }}]

[[package]]
name = "markupsafe"
version = "2.1.5"
"""

PYLOCK = f"""
lock-version = "1.0"
created-by = "a tool"

[[packages]]
name = "jinja2"
version = "3.1.4"
dependencies = [{{ name = "markupsafe" }}]
[[packages.wheels]]
url = "https://files.example/jinja2-3.1.4-py3-none-any.whl"
hashes = {{ sha256 = "{SHA}" }}

[[packages]]
name = "markupsafe"
version = "2.1.5"

[[packages]]
name = "here"
[packages.directory]
path = "."
"""

PIPFILE = json.dumps(
    {
        "_meta": {"pipfile-spec": 6},
        "default": {"jinja2": {"version": "==3.1.4", "hashes": [f"sha256:{SHA}"]}},
        "develop": {"markupsafe": {"version": "==2.1.5", "markers": "python_version >= '3.7'"}},
    }
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("poetry.lock", POETRY, id="Poetry"),
        pytest.param("pdm.lock", PDM, id="PDM"),
        pytest.param("pylock.toml", PYLOCK, id="PEP 751"),
        pytest.param("pylock.docs.toml", PYLOCK, id="PEP 751 under a name"),
        pytest.param("Pipfile.lock", PIPFILE, id="Pipenv"),
    ],
)
def test_a_lock_file_gives_its_packages_with_hashes(name: str, content: str, tmp_path: Path) -> None:
    bill = bill_of(tmp_path, {name: content})
    assert names(bill) == ["jinja2 3.1.4", "markupsafe 2.1.5"]
    assert bill.facts.lock_files == (name,)
    assert (bill.facts.components, bill.facts.unpinned, bill.facts.unread_lock_files) == (2, (), ())
    assert [(each.algorithm, each.digits) for each in bill.components[0].hashes] == [("SHA-256", SHA)]
    if name != "Pipfile.lock":
        assert needs(bill, "PyPI/jinja2@3.1.4") == ("PyPI/markupsafe@2.1.5",)


def test_uv_gives_the_projects_own_wishes_and_not_the_project(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, {"uv.lock": UV})
    assert names(bill) == ["jinja2 3.1.4", "markupsafe 2.1.5", "numpy 1.26.0", "numpy 2.0.0", "pytest 8.0.0"]
    assert set(bill.subject.direct) >= {"PyPI/jinja2@3.1.4", "PyPI/numpy@2.0.0", "PyPI/pytest@8.0.0"}
    assert len(bill.components[0].hashes) == 2


def test_no_secret_of_an_address_is_told(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, {"uv.lock": UV})
    assert bill.components[-1].origins == ("https://git.example/pytest",)
    assert b"secret" not in bill.document


def test_names_and_versions_are_told_in_one_spelling(tmp_path: Path) -> None:
    bill = bill_of(
        tmp_path,
        {"a/requirements.txt": "Zope.Interface==5.0.0.RC1\n", "b/requirements.txt": "zope_interface==5.0.0rc1\n"},
    )
    assert names(bill) == ["zope-interface 5.0.0rc1"]
    assert bill.components[0].files == ("a/requirements.txt", "b/requirements.txt")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("uv.lock", "version = 1\n[[package]\n", "is not TOML", id="broken TOML"),
        pytest.param("uv.lock", b"\xff\xfe\x00v", "not UTF-8", id="another encoding"),
        pytest.param("uv.lock", "version = 1\n\0", "NUL", id="a NUL character"),
        pytest.param("uv.lock", "a = " + "[" * 20_000, "", id="nested without end"),
        pytest.param("uv.lock", "a." * 5_000 + "b = 1\n", "dotted", id="a key of thousands of parts"),
        pytest.param("uv.lock", "version = " + "9" * 5_000, "is not TOML", id="a number of thousands of digits"),
        pytest.param("uv.lock", "", "neither", id="an empty file"),
        pytest.param("uv.lock", "version = 1\npackage = 3\n", "no list", id="packages that are a number"),
        pytest.param(
            "uv.lock", 'version = 1\n[[package]]\nname = "../x"\nversion = "1"\n', "no name", id="a path as a name"
        ),
        pytest.param(
            "uv.lock",
            'version = 1\n[[package]]\nname = "x"\nversion = "1\\n2"\n',
            "no version",
            id="a version of two lines",
        ),
        pytest.param(
            "poetry.lock",
            "".join(f"[[package]]\nname = 'x'\nversion = '1.{at}'\n" for at in range(60)),
            "more than 50 versions",
            id="a package in sixty versions",
        ),
        pytest.param(
            "poetry.lock", "version https://git-lfs.example/spec/v1\n", "is not TOML", id="a pointer of Git LFS"
        ),
        pytest.param("Pipfile.lock", '{"default": {}, "default": {}}', "second time", id="a repeated key"),
        pytest.param("Pipfile.lock", "[" * 100_000, "", id="a tower of brackets"),
        pytest.param(
            "Pipfile.lock", '{"default": {"x": {"version": ">=1"}}}', "no exact version", id="a version that is none"
        ),
        pytest.param("Pipfile.lock", '{"default": {"x": {"version": NaN}}}', "is not JSON", id="a number that is none"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_what_depends_on_it_is_unknown(
    name: str, content: str | bytes, reason: str, tmp_path: Path
) -> None:
    bill = bill_of(tmp_path, {name: content, "requirements.txt": "jinja2==3.1.4\n"})
    assert bill.facts.unread_lock_files == (name,)
    assert reason in dict(bill.unread)[name]
    assert (bill.facts.components, bill.facts.ecosystems, bill.facts.unpinned) == (None, None, None)
    assert names(bill) == ["jinja2 3.1.4"]
