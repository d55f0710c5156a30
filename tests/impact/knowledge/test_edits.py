"""What counts as an edit, of which symbol, and which old lines stand for it."""

from collections.abc import Callable, Mapping

import pytest

from maestro.impact.knowledge.edits import Edit, Touch

EditsOf = Callable[[Mapping[str, str], Mapping[str, str]], tuple[Edit, ...]]

BEFORE = '''"""A shop."""
import os
from shop.tax import rate, zone

LIMIT = 3
NAMES = {
    "a": 1,
}


@cached
def total(cart, factor=1):
    """The total."""
    # A comment.
    result = 0
    for item in cart:
        if item.price > 0:
            result += item.price
    return result * factor


class Cart(Base):
    """A cart."""

    size = 4

    def add(self, item):
        self.items.append(item)

    def __init__(self):
        self.items = []
'''


def touched(found: tuple[Edit, ...]) -> list[tuple[str, Touch]]:
    return [(edit.symbol, edit.touch) for edit in found]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("# A comment.", "# Another one,\n    # on two lines.", id="a comment"),
        pytest.param('"""The total."""\n    # A comment.', "# A comment.", id="a comment above kept code"),
        pytest.param('"""A cart."""', '"""Another cart."""', id="the docstring of a class"),
        pytest.param('"""A shop."""', '"""Another shop."""', id="the docstring of the module"),
        pytest.param("result * factor", "(\n        result\n        * factor\n    )", id="layout"),
        pytest.param("import rate, zone", "import zone\nfrom shop.tax import rate", id="the order of imports"),
        pytest.param(
            "import os\nfrom shop.tax import rate, zone", "from shop.tax import rate, zone\nimport os", id="sorted"
        ),
    ],
)
def test_what_changes_no_behaviour_is_no_edit(edits: EditsOf, old: str, new: str) -> None:
    before = BEFORE.replace("@cached\n", "")
    assert old in before

    assert edits({"shop.py": before}, {"shop.py": before.replace(old, new)}) == ()


@pytest.mark.parametrize(
    ("old", "new", "symbol", "touch", "lines"),
    [
        pytest.param("price > 0", "price >= 0", "total", Touch.BODY, [17], id="a condition"),
        pytest.param("    result = 0\n", "", "total", Touch.BODY, [15], id="a removed statement"),
        pytest.param(
            "    return result", "    check()\n    return result", "total", Touch.BODY, [18, 19], id="an inserted one"
        ),
        pytest.param("factor=1", "factor=2", "total", Touch.SIGNATURE, [12], id="a default"),
        pytest.param("@cached\n", "@cached\n@logged\n", "total", Touch.DECORATOR, [11], id="a decorator"),
        pytest.param("size = 4", "size = 5", "Cart", Touch.CLASS_LEVEL, [25], id="a class attribute"),
        pytest.param("Cart(Base)", "Cart(Other)", "Cart", Touch.CLASS_LEVEL, [22], id="a base"),
        pytest.param("LIMIT = 3", "LIMIT = 4", "LIMIT", Touch.MODULE_LEVEL, [5], id="a constant"),
        pytest.param('"a": 1,', '"a": 1,\n    "b": 2,', "NAMES", Touch.MODULE_LEVEL, [6, 7, 8], id="a table"),
        pytest.param("import rate, zone", "import rate", "zone", Touch.MODULE_LEVEL, [3], id="an import"),
        pytest.param(
            '"""The total."""', '"""Sum."""', "total", Touch.BODY, [13], id="a docstring that a decorator may read"
        ),
    ],
)
def test_an_edit_names_its_symbol_and_its_old_statements(
    edits: EditsOf, old: str, new: str, symbol: str, touch: Touch, lines: list[int]
) -> None:
    (edit,) = edits({"shop.py": BEFORE}, {"shop.py": BEFORE.replace(old, new, 1)})

    assert (edit.symbol, edit.touch) == (symbol, touch)
    assert sorted({line for each in edit.lines for line in each}) == lines


def test_new_and_removed_symbols_come_whole_and_a_class_brings_its_members(edits: EditsOf) -> None:
    extra = "\n\nclass Basket(Cart):\n    def add(self, item):\n        weigh(item)\n"

    (new,) = edits({"shop.py": BEFORE}, {"shop.py": BEFORE + extra})
    (removed,) = edits({"shop.py": BEFORE + extra}, {"shop.py": BEFORE})

    assert touched((new, removed)) == [("Basket", Touch.NEW), ("Basket", Touch.REMOVED)]
    assert "weigh" in new.names
    assert removed.lines


def test_a_renamed_function_is_removed_under_one_name_and_new_under_the_other(edits: EditsOf) -> None:
    found = edits({"shop.py": BEFORE}, {"shop.py": BEFORE.replace("def total", "def price_of")})

    assert touched(found) == [("price_of", Touch.NEW), ("total", Touch.REMOVED)]


def test_a_special_method_is_reached_by_the_name_of_its_class(edits: EditsOf) -> None:
    (edit,) = edits({"shop.py": BEFORE}, {"shop.py": BEFORE.replace("self.items = []", "self.stock = []")})

    assert edit.binds == {"Cart", "items", "stock"}


def test_a_file_that_cannot_be_parsed_on_either_side_is_unreadable(edits: EditsOf) -> None:
    for before, after in ((BEFORE, "def ("), ("def (", BEFORE), ("x\0y", BEFORE)):
        (edit,) = edits({"shop.py": before}, {"shop.py": after})
        assert edit.touch is Touch.UNREADABLE
        assert "cannot be parsed" in edit.detail


def test_other_files_are_data(edits: EditsOf) -> None:
    assert touched(edits({"a.json": "1"}, {"a.json": "2"})) == [("", Touch.DATA)]
