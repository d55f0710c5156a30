"""Wishes: what a person asks for is taken up once, in turn, and not when nobody expects it any more."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import sqlalchemy as sa

from maestro.ledger import Ledger
from maestro.ledger.region_tables import failover_wishes
from maestro.ledger.wishes import TOO_OLD_SECONDS, Wish

NAMESPACE = "maestro"
LEADERS = 4


def ask(ledger: Ledger, *, reason: str = "a drill", namespace: str = NAMESPACE) -> int:
    return ledger.wishes.ask(
        namespace, "planned", to_cluster="west", even_if_worse=True, actor="ada@example.org", reason=reason
    )


def age(ledger: Ledger, number: int, seconds: float) -> None:
    earlier = sa.update(failover_wishes).where(failover_wishes.c.number == number)
    with ledger._database.write() as connection:
        connection.execute(earlier.values(asked_at=failover_wishes.c.asked_at - seconds))


def test_a_wish_is_taken_up_as_it_was_said(ledger: Ledger) -> None:
    number = ask(ledger)
    assert ledger.wishes.take(NAMESPACE) == Wish(
        number=number,
        kind="planned",
        to_cluster="west",
        even_if_worse=True,
        actor="ada@example.org",
        reason="a drill",
    )


def test_wishes_are_taken_up_once_each_and_in_turn(ledger: Ledger) -> None:
    asked = [ask(ledger), ask(ledger), ask(ledger)]
    taken = [ledger.wishes.take(NAMESPACE) for _ in range(4)]
    assert [wish.number if wish else None for wish in taken] == [*asked, None]


def test_a_wish_that_is_too_old_is_passed_over(ledger: Ledger) -> None:
    age(ledger, ask(ledger), TOO_OLD_SECONDS)
    fresh = ask(ledger)
    taken = ledger.wishes.take(NAMESPACE)
    assert taken is not None
    assert taken.number == fresh
    assert ledger.wishes.take(NAMESPACE) is None


def test_a_wish_for_one_namespace_is_none_for_another(ledger: Ledger) -> None:
    ask(ledger, namespace="other")
    assert ledger.wishes.take(NAMESPACE) is None
    assert ledger.wishes.take("other") is not None


def test_the_answer_is_found_by_the_number(ledger: Ledger) -> None:
    granted, refused, waiting = ask(ledger), ask(ledger), ask(ledger)
    ledger.wishes.answer(granted, "")
    ledger.wishes.answer(refused, "west burns")
    found = [ledger.wishes.find(number) for number in (granted, refused, waiting)]
    assert [wish.refusal if wish else "" for wish in found] == ["", "west burns", None]
    assert ledger.wishes.find(waiting + 1) is None


def test_a_wish_is_never_taken_up_by_two_who_both_believe_that_they_lead(ledger: Ledger) -> None:
    together = Barrier(LEADERS)

    def lead(_leader: int) -> Wish | None:
        together.wait()
        return ledger.wishes.take(NAMESPACE)

    with ThreadPoolExecutor(LEADERS) as leaders:
        for _ in range(25):
            ask(ledger)
            taken = [wish for wish in leaders.map(lead, range(LEADERS)) if wish is not None]
            assert len(taken) == 1
