"""Test ids lead to the source that stands for them, whatever the parameters hold."""

import pytest

from maestro.impact.knowledge.listing import listing_of, split_id
from maestro.impact.knowledge.units import Library
from maestro.impact.knowledge.words import parts_of

TEXTS = {
    "t/test_a.py": "class TestBase:\n    def test_own(self): pass\n\n\nclass TestMore(TestBase):\n    x = 1\n",
    "t/conftest.py": "import pytest\n",
}


@pytest.mark.parametrize(
    ("test", "source"),
    [
        pytest.param("t/test_a.py::TestBase::test_own", "TestBase.test_own", id="its own function"),
        pytest.param(
            "t/test_a.py::TestBase::test_own[a::b[c]]", "TestBase.test_own", id="parameters with signs of ids"
        ),
        pytest.param("t/test_a.py::TestMore::test_own", "TestMore", id="the class that inherits it"),
        pytest.param("t/test_a.py::test_gone", None, id="none where it is not found"),
        pytest.param("a suite of another runner", None, id="none without Python"),
    ],
)
def test_a_test_has_the_source_that_pytest_would_run(test: str, source: str | None) -> None:
    listing = listing_of([test], TEXTS.get, Library())

    place = int(listing.source_of[0])
    assert (listing.sources[place].name if place >= 0 else None) == source


def test_tests_of_one_function_share_a_source() -> None:
    listing = listing_of([f"t/test_a.py::TestBase::test_own[{number}]" for number in range(3)], TEXTS.get, Library())

    assert listing.source_of.tolist() == [0, 0, 0]
    assert [len(found) for found in listing.around] == [1]


def test_an_id_is_taken_apart_without_losing_its_parameters() -> None:
    assert split_id("a/b.py::C::test[x::y[z]]") == ("a/b.py", "C.test", "x::y[z]")


@pytest.mark.parametrize("spelling", ["parse_http_header", "parseHTTPHeader", "ParseHttpHeader", "PARSE_HTTP_HEADER"])
def test_an_identifier_has_the_same_words_in_each_spelling(spelling: str) -> None:
    assert parts_of(spelling) == {"parse", "http", "header"}
