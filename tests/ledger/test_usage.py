"""Visits: a browser cannot invent time, and what was seen of a person is removed after its time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from maestro.errors import BadInput, Conflict
from maestro.ledger import Ledger
from maestro.ledger.usage import KEEP_DAYS, VISIT_LIMIT_SECONDS, VISITS_PER_DAY, Visit, VisitEvent, Visitor

PR = f"pr/acme/shop/7/{'a' * 40}"
ADA = Visitor(name="ada@example.org", role="reviewer")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def note(
    ledger: Ledger,
    visit: str,
    event: VisitEvent = VisitEvent.OPENED,
    *,
    seconds: float = 0.0,
    version: int = 1,
    visitor: Visitor = ADA,
    pull_request: str = PR,
) -> bool:
    return ledger.usage.visited(
        visit,
        event,
        pull_request=pull_request,
        tenant="default",
        visitor=visitor,
        card_version=version,
        open_seconds=seconds,
        source="page",
    )


def the_one(ledger: Ledger) -> Visit:
    [visit] = ledger.usage.visits(since=LONG_AGO)
    return visit


def age(ledger: Ledger, seconds: float) -> None:
    """Let everything have happened earlier."""
    with ledger._database.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE visits SET opened_at = opened_at - {seconds}, seen_at = seen_at - {seconds}"
        )


def test_a_visit_is_one_row_however_often_the_browser_speaks(ledger: Ledger) -> None:
    visit = str(uuid4())
    assert note(ledger, visit)
    age(ledger, 60)
    note(ledger, visit, VisitEvent.HIDDEN, seconds=40, version=3)
    note(ledger, visit, VisitEvent.SHOWN, seconds=12, version=2)
    found = the_one(ledger)
    assert (found.visit, found.pull_request, found.who, found.role) == (visit, PR, ADA.name, ADA.role)
    assert (found.open_seconds, found.card_version, found.is_visible) == (40, 3, True)


def test_a_browser_cannot_say_that_a_card_was_open_for_longer_than_time_has_passed(ledger: Ledger) -> None:
    visit = str(uuid4())
    note(ledger, visit, seconds=7_200)
    assert the_one(ledger).open_seconds < 60
    age(ledger, 600)
    note(ledger, visit, VisitEvent.CLOSED, seconds=7_200)
    assert 600 <= the_one(ledger).open_seconds < 660


def test_a_card_that_was_left_open_over_night_counts_as_a_working_day_at_most(ledger: Ledger) -> None:
    visit = str(uuid4())
    note(ledger, visit)
    age(ledger, 86_400)
    note(ledger, visit, VisitEvent.CLOSED, seconds=86_400)
    assert the_one(ledger).open_seconds == VISIT_LIMIT_SECONDS


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_what_is_no_time_is_refused(ledger: Ledger, seconds: float) -> None:
    with pytest.raises(BadInput, match="no card was open"):
        note(ledger, str(uuid4()), seconds=seconds)


@pytest.mark.parametrize("visit", ["", "1", "x" * 36, "'; drop table visits"])
def test_what_is_no_visit_is_refused(ledger: Ledger, visit: str) -> None:
    with pytest.raises(BadInput, match="no visit's id"):
        note(ledger, visit)
    with pytest.raises(BadInput, match="no visit's id"):
        ledger.usage.acted(visit, "1", "approve", ADA.name, ledger.now())


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"visitor": Visitor(name="eve@example.org", role="viewer")}, id="of another person"),
        pytest.param({"pull_request": PR.replace("/7/", "/8/")}, id="of another pull request"),
    ],
)
def test_a_visit_stays_whose_it_was(ledger: Ledger, other: dict[str, object]) -> None:
    visit = str(uuid4())
    note(ledger, visit, version=1)
    with pytest.raises(Conflict, match="another one's"):
        note(ledger, visit, version=9, **other)  # type: ignore[arg-type]
    assert (the_one(ledger).who, the_one(ledger).card_version) == (ADA.name, 1)


def test_an_action_is_linked_with_the_time_that_its_card_was_visible_by_then(ledger: Ledger) -> None:
    visit = str(uuid4())
    note(ledger, visit)
    age(ledger, 90)
    now = ledger.now()
    assert ledger.usage.acted(visit, "click-1", "approve", ADA.name, now)
    assert ledger.usage.acted(visit, "click-1", "approve", ADA.name, now)
    [action] = ledger.usage.actions(since=LONG_AGO)
    assert (action.pull_request, action.kind, action.actor) == (PR, "approve", ADA.name)
    assert 90 <= action.open_seconds < 120


def test_a_card_in_the_background_is_not_open(ledger: Ledger) -> None:
    visit = str(uuid4())
    note(ledger, visit)
    age(ledger, 20)
    note(ledger, visit, VisitEvent.HIDDEN, seconds=15)
    age(ledger, 3_600)
    ledger.usage.acted(visit, "click-1", "approve", ADA.name, ledger.now())
    assert [action.open_seconds for action in ledger.usage.actions(since=LONG_AGO)] == [15]


def test_an_action_is_not_linked_to_the_visit_of_somebody_else(ledger: Ledger) -> None:
    visit = str(uuid4())
    note(ledger, visit)
    assert not ledger.usage.acted(visit, "click-1", "approve", "eve@example.org", ledger.now())
    assert not ledger.usage.acted(visit, "click-1", "approve", ADA.name, ledger.now(), pull_request=PR + "0")
    assert not ledger.usage.acted(str(uuid4()), "click-1", "approve", ADA.name, ledger.now())
    assert ledger.usage.actions(since=LONG_AGO) == ()


def test_the_same_action_belongs_to_the_visit_in_which_it_was_taken_first(ledger: Ledger) -> None:
    first, second = str(uuid4()), str(uuid4())
    note(ledger, first)
    note(ledger, second)
    assert ledger.usage.acted(first, "click-1", "approve", ADA.name, ledger.now())
    assert not ledger.usage.acted(second, "click-1", "approve", ADA.name, ledger.now())
    assert [action.visit for action in ledger.usage.actions(since=LONG_AGO)] == [first]


def test_a_program_that_begins_visits_without_end_is_not_counted(ledger: Ledger) -> None:
    now = ledger.now().timestamp()
    with ledger._database.write() as connection:
        for number in range(VISITS_PER_DAY):
            connection.exec_driver_sql(
                "INSERT INTO visits SELECT "
                f"'{number}', 'pr', 'default', '{ADA.name}', 'viewer', 'page', 1, true, 0, {now}, 0"
            )
    assert not note(ledger, str(uuid4()))
    assert note(ledger, str(uuid4()), visitor=Visitor(name="grace@example.org", role="viewer"))
    age(ledger, 86_400)
    assert note(ledger, str(uuid4()))


def test_visits_and_their_actions_are_removed_when_their_time_is_over(ledger: Ledger) -> None:
    visit = str(uuid4())
    note(ledger, visit)
    ledger.usage.acted(visit, "click-1", "approve", ADA.name, ledger.now())
    age(ledger, timedelta(days=KEEP_DAYS, seconds=1).total_seconds())
    assert ledger.usage.visits(since=LONG_AGO) == ()
    assert ledger.usage.actions(since=LONG_AGO) == ()
    assert ledger.usage.forget() == 1
    with ledger._database.read() as connection:
        left = [
            connection.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one() for t in ("visits", "visit_actions")
        ]
    assert left == [0, 0]


def test_events_of_one_visit_that_come_together_make_one_row(ledger: Ledger) -> None:
    visit = str(uuid4())
    with ThreadPoolExecutor(4) as browsers:
        noted = list(browsers.map(lambda version: note(ledger, visit, version=version), range(8)))
    assert all(noted)
    assert the_one(ledger).card_version == 7
