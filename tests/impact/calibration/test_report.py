"""The calibration report: the promise in its first line, every figure also in a table, and nothing that loads."""

import re
from html.parser import HTMLParser

import pytest

from maestro.impact.calibration.calibrate import Calibration
from maestro.impact.calibration.promotion import judge, promise_of
from maestro.impact.calibration.report import calibration_report, report_view
from maestro.impact.calibration.walked import Walked
from tests.impact.calibration.models import model_file
from tests.impact.calibration.walks import walk_of


def calibration_of(challenged: Walked, *, held: Walked | None = None, repo: str = "acme/shop") -> Calibration:
    verdict = judge(held.figures() if held else None, challenged.figures())
    return Calibration(
        model=model_file(repo=repo),
        verdict=verdict,
        promise=promise_of((held or challenged).figures(), (held or challenged).newest(red_builds=60).figures()),
        taus=challenged.taus,
        challenged=challenged,
        held=held,
    )


def drifting() -> Walked:
    """Builds of which every second is red; in the middle third half of the red ones escape."""
    red = [number % 2 == 0 for number in range(180)]
    escaped = [60 <= number < 120 and number % 4 == 0 for number in range(180)]
    return walk_of(red=red, escaped={0.05: escaped, 0.1: escaped})


class Reader(HTMLParser):
    """Refuses a page whose elements are not closed in order, and collects what it has."""

    VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.met: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_the_first_line_says_that_the_promise_is_kept() -> None:
    quiet = walk_of(red=[True, False] * 60, escaped={0.05: [False] * 120})
    page = calibration_report(calibration_of(quiet))
    assert "<span>Promise kept</span>" in page
    assert page.index("Promise kept") < page.index("acme/shop</bdi>")
    assert 'class="tone-green"' in page


def test_a_withdrawn_promise_is_said_in_the_first_line_with_the_reason() -> None:
    broken = walk_of(red=[True] * 60, escaped={0.05: [number % 3 == 0 for number in range(60)]})
    page = calibration_report(calibration_of(broken))
    assert "<span>Promise withdrawn</span>" in page
    assert "Everything runs until a calibration mends it" in page


def test_periods_of_drift_are_shaded_and_named_in_the_table() -> None:
    view = report_view(calibration_of(drifting()))
    savings = next(section for section in view.sections if section.id == "savings")
    assert savings.chart is not None
    assert len(savings.chart.bands) == 1
    broken = [row for row in savings.table.rows if row[-1].startswith("broken at τ = 0.05")]
    assert len(broken) == 1
    assert broken[0][0].startswith("1970-")
    assert "1 of 3 periods broke the promise" in savings.lead


def test_champion_and_challenger_stand_side_by_side_for_each_tau() -> None:
    view = report_view(calibration_of(drifting(), held=drifting()))
    escapes = view.sections[0]
    assert [row[:2] for row in escapes.table.rows] == [
        ("0.05", "champion"), ("0.05", "challenger"), ("0.1", "champion"), ("0.1", "challenger"),
    ]  # fmt: skip
    assert escapes.chart is not None
    assert len(escapes.chart.marks) == 4


@pytest.mark.parametrize(
    "walk",
    [
        pytest.param(walk_of(red=[], escaped={0.05: []}), id="no build"),
        pytest.param(walk_of(red=[False], escaped={0.05: [False]}), id="one green build"),
        pytest.param(walk_of(red=[True], escaped={0.05: [True]}), id="one red build"),
        pytest.param(drifting(), id="a history"),
    ],
)
def test_the_page_is_whole_whatever_there_is_to_show(walk: Walked) -> None:
    reader = read(calibration_report(calibration_of(walk)))
    assert len(reader.ids) == len(set(reader.ids))
    assert reader.met.count("table") == 4


def test_the_page_runs_no_script_and_asks_for_nothing() -> None:
    page = calibration_report(calibration_of(drifting()))
    assert "script" not in read(page).met
    assert "default-src 'none'" in page
    assert not re.search(r"""url\(|@import|https?://""", page)
    assert not re.search(r"""\s(src|href)=""", page.partition("</style>")[2])
    assert "prefers-color-scheme: dark" in page


def test_every_chart_has_a_title_and_a_table_beside_it() -> None:
    reader = read(calibration_report(calibration_of(drifting(), held=drifting())))
    assert reader.met.count("figure") == 3
    assert reader.met.count("caption") == 4
    view = report_view(calibration_of(drifting(), held=drifting()))
    assert all(section.chart.told for section in view.sections if section.chart)


def test_a_repository_name_is_text_and_never_markup() -> None:
    page = calibration_report(calibration_of(drifting(), repo="<b>shop</b>"))
    assert "<b>shop" not in page
    assert "&lt;b&gt;shop" in page


def test_marks_and_lines_stay_within_the_drawing() -> None:
    view = report_view(calibration_of(drifting(), held=drifting()))
    for section in view.sections:
        for mark in section.chart.marks if section.chart else ():
            assert 0 <= mark.x <= 640
            assert 0 <= mark.high <= mark.y <= mark.low <= 320
        for path in section.chart.paths if section.chart else ():
            assert 0 <= path.name_y <= 320


def test_the_same_calibration_gives_the_same_page() -> None:
    assert calibration_report(calibration_of(drifting())) == calibration_report(calibration_of(drifting()))
