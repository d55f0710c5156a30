"""How often somebody may ask: each for themselves, refilled with time, in bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from gateway.login.limits import Buckets, Limits, network
from gateway.web.problems import Problem
from maestro.access.principals import Principal
from maestro.config.gateway import GatewayConfig


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def request(host: str = "203.0.113.7") -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [], "client": (host, 1)})


def person(subject: str, issuer: str = "test") -> Principal:
    return Principal(subject=subject, issuer=issuer, name=subject)


def test_a_caller_has_a_minutes_worth_at_once_and_gets_it_back_with_time(clock: Clock) -> None:
    buckets = Buckets(60, clock=clock)
    assert [buckets.take("ada") for _ in range(60)] == [0.0] * 60
    assert buckets.take("ada") == pytest.approx(1.0)
    clock.seconds += 1.0
    assert buckets.take("ada") == 0.0
    assert buckets.take("ada") > 0
    clock.seconds += 1e6
    assert [buckets.take("ada") for _ in range(61)][-1] > 0


def test_callers_do_not_share(clock: Clock) -> None:
    limits = Limits(GatewayConfig(requests_per_minute=1, actions_per_minute=1), clock=clock)
    for one in (person("ada"), person("bob"), person("ada", issuer="other")):
        limits.request(one, request())
        limits.action(one, request())
    with pytest.raises(Problem) as refused:
        limits.action(person("ada"), request())
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "60")


def test_a_subject_cannot_be_another_ones_by_its_letters(clock: Clock) -> None:
    limits = Limits(GatewayConfig(requests_per_minute=1), clock=clock)
    limits.request(person("b c", issuer="a"), request())
    limits.request(person("c", issuer="a b"), request())


def test_a_flood_of_strangers_makes_nobody_forgotten_who_is_known(clock: Clock) -> None:
    limits = Limits(GatewayConfig(requests_per_minute=1), clock=clock)
    limits.request(person("ada"), request())
    for number in range(20_000):
        limits.stranger(request(f"10.{number // 65_536}.{number // 256 % 256}.{number % 256}"))
    with pytest.raises(Problem):
        limits.request(person("ada"), request())


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 100)), max_size=200))
def test_memory_is_bounded_and_nobody_gets_more_than_their_rate(asked: list[tuple[str, float]]) -> None:
    clock = Clock()
    buckets = Buckets(6, remembered=8, clock=clock)
    taken = dict.fromkeys("abcdefgh", 0)
    for key, seconds in asked:
        clock.seconds += seconds
        taken[key] += buckets.take(key) == 0.0
        assert len(buckets) <= 8
    assert all(count <= 6 + clock.seconds * 0.1 + 1e-6 for count in taken.values())


def test_the_one_who_was_not_seen_for_longest_is_forgotten(clock: Clock) -> None:
    buckets = Buckets(1, remembered=2, clock=clock)
    for key in ("a", "b", "a", "c"):
        buckets.take(key)
    assert buckets.take("a") > 0
    assert buckets.take("b") == 0.0


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        pytest.param("203.0.113.7", "203.0.113.7", id="an IPv4 address"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", id="what a customer has of IPv6"),
        pytest.param("::ffff:203.0.113.7", "203.0.113.7", id="an IPv4 address in IPv6"),
        pytest.param("", "", id="none, as over a socket in the file system"),
    ],
)
def test_strangers_are_counted_by_what_they_cannot_change_at_will(host: str, counted: str) -> None:
    assert network(request(host)) == counted
