"""Versions stand in each ecosystem's own order, or nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.sbom.locked import Ecosystem
from maestro.sbom.versions import Incomparable, key

ORDERS = {
    Ecosystem.PYPI: ["1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0+local", "1.0.post1", "1.2", "1.10", "2.0rc1", "1!0.1"],
    Ecosystem.NPM: [
        *("1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"),
        *("1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0"),
    ],
    Ecosystem.GO: [
        "v0.0.0-20190101000000-abcdef012345",
        "v0.0.0-20200101000000-0bcdef012345",
        "v0.1.0",
        "v1.9.0",
        "v1.10.0",
    ],
    Ecosystem.PACKAGIST: ["1.0.0-alpha1", "v1.0.0-beta2", "1.0.0-RC1", "1.0", "1.0.0-p1", "1.0.0.1", "1.0.1", "2.10.0"],
    Ecosystem.RUBYGEMS: ["1.0.a", "1.0.a.1", "1.0.rc1", "1.0", "1.0.1", "1.2", "1.10", "2.0.pre"],
    Ecosystem.MAVEN: [
        *("1.0-alpha-1", "1.0-beta-2", "1.0-m3", "1.0-rc1", "1.0-SNAPSHOT", "1.0", "1.0-sp1", "1.0-jre", "1.0-1"),
        *("1.0.1", "1.2", "1.10"),
    ],
}


@pytest.mark.parametrize("ecosystem", list(ORDERS))
def test_versions_are_sorted_as_their_ecosystem_sorts_them(ecosystem: Ecosystem) -> None:
    versions = ORDERS[ecosystem]
    assert sorted([*versions[1::2], *versions[::2]], key=lambda version: key(ecosystem, version)) == versions


@pytest.mark.parametrize(
    ("ecosystem", "one", "other"),
    [
        pytest.param(Ecosystem.PYPI, "1.0", "1.0.0", id="Python: zeros at the end"),
        pytest.param(Ecosystem.NPM, "1.0.0+build.1", "1.0.0+build.2", id="SemVer: build metadata"),
        pytest.param(Ecosystem.GO, "v1.0.0", "1.0.0", id="Go: with and without its letter"),
        pytest.param(Ecosystem.MAVEN, "1.0.0.Final", "1", id="Maven: nothing in three spellings"),
        pytest.param(Ecosystem.RUBYGEMS, "1.0.0", "1", id="RubyGems: zeros at the end"),
    ],
)
def test_two_spellings_of_one_version_are_equal(ecosystem: Ecosystem, one: str, other: str) -> None:
    assert key(ecosystem, one) == key(ecosystem, other)


@pytest.mark.parametrize(
    ("ecosystem", "version"),
    [
        pytest.param(Ecosystem.PYPI, "2024-weird", id="Python: not by PEP 440"),
        pytest.param(Ecosystem.NPM, "1.2.3.4", id="SemVer: four numbers"),
        pytest.param(Ecosystem.NPM, "latest", id="SemVer: a word"),
        pytest.param(Ecosystem.PACKAGIST, "dev-main", id="Composer: a branch"),
        pytest.param(Ecosystem.MAVEN, "1.0_1", id="Maven: an underscore"),
        pytest.param(Ecosystem.NPM, "1" * 300, id="a number of hundreds of digits"),
    ],
)
def test_a_version_by_no_rule_has_no_place(ecosystem: Ecosystem, version: str) -> None:
    with pytest.raises(Incomparable):
        key(ecosystem, version)


@given(st.sampled_from(list(Ecosystem)), st.text(max_size=30), st.text(max_size=30))
def test_any_two_texts_are_ordered_or_incomparable(ecosystem: Ecosystem, one: str, other: str) -> None:
    try:
        left, right = key(ecosystem, one), key(ecosystem, other)
    except Incomparable:
        return
    assert (left < right) + (left == right) + (right < left) == 1


NUMBERED = st.lists(st.integers(0, 12).map(str), min_size=1, max_size=3).map(".".join)
WORDED = st.builds(lambda number, word: f"{number}-{word}", NUMBERED, st.sampled_from(["alpha", "beta2", "rc1", "p1"]))


@given(st.sampled_from(list(Ecosystem)), st.lists(NUMBERED | WORDED, min_size=3, max_size=3))
def test_the_order_is_one(ecosystem: Ecosystem, versions: list[str]) -> None:
    try:
        one, two, three = sorted(key(ecosystem, version) for version in versions)
    except Incomparable:
        return
    assert not two < one
    assert not three < two
    assert not three < one
