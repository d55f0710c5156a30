"""Owners of files, as the forges read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.risk.owners import owners_of, read_rules


def owned(text: str, path: str) -> tuple[str, ...]:
    return owners_of(path, read_rules(text))


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        pytest.param("*", "a/b/c.py", True, id="a star is every file"),
        pytest.param("*.js", "web/app.js", True, id="a suffix at any depth"),
        pytest.param("*.js", "web/app.jsx", False, id="but not a longer suffix"),
        pytest.param("/build/logs/", "build/logs/x/today.txt", True, id="an anchored folder with all below it"),
        pytest.param("/build/logs/", "old/build/logs/today.txt", False, id="which is not elsewhere"),
        pytest.param("docs/*", "docs/start.md", True, id="one level"),
        pytest.param("docs/*", "docs/build/start.md", False, id="and not the next"),
        pytest.param("apps/", "web/apps/x.py", True, id="a folder at any depth"),
        pytest.param("apps/", "web/apps", False, id="a file of a folder's name is no folder"),
        pytest.param("/docs/", "docs/a.md", True, id="an anchored folder"),
        pytest.param("**/logs", "deep/er/logs/x.txt", True, id="any number of folders"),
        pytest.param("**/logs", "logs/x.txt", True, id="also none"),
        pytest.param("/src/**/test.py", "src/a/b/test.py", True, id="in the middle"),
        pytest.param("src/shop", "src/shop/price.py", True, id="a path without a slash at its end, as a folder"),
        pytest.param("src/shop", "src/shopping/price.py", False, id="and not as a prefix"),
        pytest.param("read\\ me.txt", "read me.txt", True, id="an escaped space"),
        pytest.param("a[b].py", "a[b].py", True, id="brackets are no class"),
        pytest.param("a[b].py", "ab.py", False, id="so they match themselves only"),
        pytest.param("?.py", "docs/x.py", True, id="one character"),
    ],
)
def test_a_pattern_owns_what_it_owns_on_a_forge(pattern: str, path: str, matches: bool) -> None:
    assert owned(f"{pattern} @team", path) == (("@team",) if matches else ())


def test_the_last_rule_that_matches_decides() -> None:
    text = "* @all\n/src/ @core @web\n/src/web/ @web\n"
    assert owned(text, "README.md") == ("@all",)
    assert owned(text, "src/core.py") == ("@core", "@web")
    assert owned(text, "src/web/app.py") == ("@web",)


def test_a_rule_without_an_owner_gives_its_files_to_nobody() -> None:
    assert owned("* @all\n/vendor/\n", "vendor/x.py") == ()


def test_comments_and_sections_are_no_rules() -> None:
    text = "# * @nobody\n[Docs][2] @writers\n^[Optional] @x\n!*.py @x\n\n*.py @core # the rest\n"
    assert owned(text, "a.py") == ("@core",)
    assert owned(text, "a.md") == ()


@given(st.text(), st.text(min_size=1))
def test_any_file_of_owners_can_be_read(text: str, path: str) -> None:
    owned(text, path)


def test_a_pattern_made_to_be_slow_is_not() -> None:
    path = "/".join(["a" * 200] * 50)
    assert owned("/".join(["**", "a*" * 60 + "b"] * 20) + " @x", path) == ()
