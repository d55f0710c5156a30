"""Names in sentences: printable, storable, and never two alike."""

import json

from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.names import listed, module_name, shown

PATHS = st.binary(min_size=1, max_size=12).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


def test_an_ordinary_path_is_shown_as_it_is() -> None:
    assert shown("shop/préis ünd.py") == "shop/préis ünd.py"


def test_bytes_that_are_not_utf_8_are_escaped() -> None:
    assert shown("shop/caf\udce9.py") == '"shop/caf\\xe9.py"'


def test_a_name_cannot_forge_another_line_or_turn_the_writing_direction() -> None:
    assert shown("a\nAll tests passed.py") == '"a\\u000aAll tests passed.py"'
    assert "\u202e" not in shown("a\u202eyp.py")


@given(PATHS)
def test_every_name_can_be_printed_and_stored(path: str) -> None:
    assert shown(path).isprintable()
    assert json.loads(json.dumps(shown(path)).encode("utf-8")) == shown(path)


@given(PATHS, PATHS)
def test_two_names_are_never_shown_alike(one: str, other: str) -> None:
    assert (shown(one) == shown(other)) == (one == other)


def test_a_long_list_is_counted() -> None:
    assert listed(["a.py"]) == "a.py"
    assert listed(["a.py", "b.py"], joint="or") == "a.py or b.py"
    assert listed(["a.py", "b.py", "c.py", "d.py", "e.py"]) == "a.py, b.py, c.py and 2 more"


def test_a_module_is_named_as_an_import_names_it() -> None:
    assert module_name("src/shop/price.py") == "shop.price"
    assert module_name("shop/__init__.py") == "shop"
    assert module_name("lib.py") == "lib"
