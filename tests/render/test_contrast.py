"""The colours of the style sheet meet WCAG 2.2 AA in light and in dark."""

import re

import pytest

from maestro.render.templates import STYLE_SHEET
from maestro.resources import resource_dir

TEXT_RATIO = 4.5
GRAPHIC_RATIO = 3.0
TONES = ("green", "amber", "red", "blue", "grey")
SHEET = (resource_dir("templates") / STYLE_SHEET).read_text(encoding="utf-8")
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): #(\w{6})", rule)) for rule in re.findall(r":root \{[^}]*", SHEET))
schemes = pytest.mark.parametrize("colours", [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")])
TEXT = [(ink, paper) for ink in ("ink", "quiet", "link", *TONES) for paper in ("paper", "sheet", "code")]
TEXT += [(tone, f"{tone}-soft") for tone in TONES] + [("ink", f"{tone}-soft") for tone in TONES]


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@schemes
@pytest.mark.parametrize(("ink", "paper"), TEXT)
def test_text_can_be_read_on_its_ground(colours: dict[str, str], ink: str, paper: str) -> None:
    assert contrast(colours[ink], colours[paper]) >= TEXT_RATIO


@schemes
@pytest.mark.parametrize("term", ["compute", "carbon", "waiting"])
def test_a_bar_stands_out_from_the_page(colours: dict[str, str], term: str) -> None:
    assert contrast(colours[term], colours["paper"]) >= GRAPHIC_RATIO
