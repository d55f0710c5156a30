"""Canonical JSON: equal values give equal text, and every text comes back."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.canonical import canonical_json, digest
from maestro.errors import BadInput
from maestro.model.region import Region

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec=None)), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(value=values)
def test_for_all_values_the_text_is_ascii_and_says_the_same(value: object) -> None:
    text = canonical_json(value)
    assert text.isascii()
    assert json.loads(text) == value


def test_the_order_of_keys_does_not_matter() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})


def test_a_model_has_the_digest_of_its_json_form() -> None:
    region = Region(id="eu-north", price_usd_per_hour=Decimal("0.040"), carbon_g_per_kwh=30, power_kw=0.1, slots=2)
    assert digest(region) == digest(region.model_dump(mode="json"))


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
def test_what_json_cannot_say_is_bad_input(value: object) -> None:
    with pytest.raises(BadInput, match="no JSON form"):
        canonical_json({"value": value})
