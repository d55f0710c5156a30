"""Every requirement of the OSPS Baseline is answered, in whole or in part, or listed with the reason."""

import re
from pathlib import Path

import pytest

from maestro.assurance import load
from maestro.assurance.coverage import Answered, Requirement, as_markdown, coverage, gaps, summary
from maestro.errors import BadInput
from maestro.resources import resource_dir

CATALOGUE = load(resource_dir("controls"))
OSPS = coverage(CATALOGUE)
PAGE = Path(__file__).parents[2] / "docs" / "controls.md"

REQUIREMENTS = {
    "AC": (1, 1, 2, 2),
    "BR": (4, 2, 2, 1, 1, 1, 2),
    "DO": (1, 1, 2, 1, 1, 1, 1),
    "GV": (2, 1, 2, 1),
    "LE": (1, 2, 2),
    "QA": (2, 2, 1, 2, 2, 3, 1),
    "SA": (1, 1, 2),
    "VM": (1, 1, 1, 2, 3, 2),
}
"""By family: how many requirements each control has, in v2026.02.19."""

BASELINE = [
    f"OSPS-{family}-{control:02}.{number:02}"
    for family, controls in REQUIREMENTS.items()
    for control, count in enumerate(controls, start=1)
    for number in range(1, count + 1)
]


def test_all_forty_one_controls_and_sixty_five_requirements_are_accounted_for() -> None:
    assert [found.id for found in OSPS] == BASELINE
    assert (len({found.control for found in OSPS}), len(OSPS)) == (41, 65)
    assert gaps(CATALOGUE) == ()
    assert {found.answered for found in OSPS} == {Answered.WHOLE, Answered.PART, Answered.NOT_VISIBLE}


@pytest.mark.parametrize("found", OSPS, ids=lambda found: found.id)
def test_what_is_not_wholly_answered_says_why_in_a_sentence(found: Requirement) -> None:
    assert bool(found.controls) == (found.answered in (Answered.WHOLE, Answered.PART))
    assert found.answered is Answered.WHOLE or re.fullmatch(r"(?s)[A-Z].{20,}\.", found.reason)


def test_what_is_not_visible_is_never_counted_as_answered() -> None:
    assert "40 not visible, 0 missing" in summary(OSPS)


def test_the_page_has_the_table_of_the_shipped_catalogue() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert as_markdown(OSPS) in page
    assert summary(OSPS) in page


def test_other_frameworks_are_covered_as_far_as_they_are_mapped() -> None:
    soc2 = {found.id: found for found in coverage(CATALOGUE, "soc2")}
    assert soc2["CC8.1"].answered is Answered.WHOLE
    with pytest.raises(BadInput) as caught:
        coverage(CATALOGUE, "soc3")
    assert caught.value.fix == "did you mean 'soc2'?"
