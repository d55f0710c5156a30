"""Code that began to call what a pull request changes only after the recording is no way around the selection."""

import pytest

from maestro.impact.knowledge.edits import edits_of
from maestro.impact.knowledge.since import Since, reached_since
from tests.impact.knowledge.conftest import Record, Texts, patch_of

PRICE = "def price():\n    return 1\n"
CART = "def total():\n    return 2\n"
DAIRY = "def milk():\n    return 3\n"
THEN = {"price.py": PRICE, "cart.py": CART, "dairy.py": DAIRY}
EXECUTED = {"t.py::of_price": {"price.py": [2]}, "t.py::of_total": {"cart.py": [2]}, "t.py::of_milk": {"dairy.py": [2]}}

CALLING = "from price import price\n\n\ndef total():\n    return 2 * price()\n"


def reached(record: Record, now: Texts, after: Texts) -> dict[str, str]:
    """What a pull request from ``now`` to ``after`` may reach that was recorded at ``THEN``."""
    edits = edits_of(patch_of(now, after), now.get, after.get)
    return reached_since(edits, Since(THEN.get, patch_of(THEN, now)), now.get, record(THEN, EXECUTED))


def test_a_test_runs_whose_code_has_since_begun_to_call_what_is_changed(record: Record) -> None:
    now = THEN | {"cart.py": CALLING}
    found = reached(record, now, now | {"price.py": PRICE.replace("1", "9")})
    assert found == {
        "t.py::of_total": "it executed total in cart.py, which has changed since the recording and names price now"
    }


def test_newer_code_is_followed_through_code_that_is_newer_still(record: Record) -> None:
    between = "from price import price\n\n\ndef rebate():\n    return price()\n"
    now = THEN | {"rebate.py": between, "cart.py": CALLING.replace("price", "rebate")}
    found = reached(record, now, now | {"price.py": PRICE.replace("1", "9")})
    assert found.keys() == {"t.py::of_total"}


@pytest.mark.parametrize(
    "since",
    [
        pytest.param({"cart.py": CART.replace("2", "20")}, id="newer code that says nothing of it"),
        pytest.param({"cart.py": "# price\n" + CART}, id="a comment"),
        pytest.param({}, id="nothing newer"),
    ],
)
def test_newer_code_that_does_not_lead_to_the_change_reaches_nothing(record: Record, since: dict[str, str]) -> None:
    now = THEN | since
    assert reached(record, now, now | {"price.py": PRICE.replace("1", "9")}) == {}


def test_newer_code_that_cannot_be_read_may_lead_anywhere(record: Record) -> None:
    now = THEN | {"dairy.py": "def milk(:\n    price()\n"}
    found = reached(record, now, now | {"price.py": PRICE.replace("1", "9")})
    assert found == {"t.py::of_milk": "it executed dairy.py, which has changed since the recording"}
