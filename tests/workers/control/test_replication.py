"""How far a standby lags, read from what a real server of ours said, and from what came between two scrapes."""

from collections.abc import Mapping

import httpx
import pytest

from workers.control.replication import BACKLOG, LATENCY, Scrape, lag, parse, scrape

SAID = b"""\
# TYPE replication_stream_error_total counter
replication_stream_error_total{error_type="errors.errorString",from_cluster="2",service_name="history",to_cluster="1"} 4
replication_stream_error_total{error_type="serviceerror.Unavailable",from_cluster="1",service_name="history",to_cluster="2"} 4
# TYPE replication_latency_milliseconds histogram
replication_latency_milliseconds_bucket{namespace="maestro",operation="SyncVersionedTransitionTask",service_name="history",source_cluster="north",le="10"} 0
replication_latency_milliseconds_bucket{namespace="maestro",operation="SyncVersionedTransitionTask",service_name="history",source_cluster="north",le="50"} 6
replication_latency_milliseconds_bucket{namespace="maestro",operation="SyncVersionedTransitionTask",service_name="history",source_cluster="north",le="500"} 8
replication_latency_milliseconds_bucket{namespace="maestro",operation="SyncVersionedTransitionTask",service_name="history",source_cluster="north",le="1e+06"} 8
replication_latency_milliseconds_bucket{namespace="maestro",operation="SyncVersionedTransitionTask",service_name="history",source_cluster="north",le="+Inf"} 8
replication_latency_milliseconds_sum{namespace="maestro",operation="SyncVersionedTransitionTask",service_name="history",source_cluster="north"} 600
replication_latency_milliseconds_count{namespace="maestro",operation="SyncVersionedTransitionTask",service_name="history",source_cluster="north"} 8
# TYPE replication_tasks_recv_backlog_ratio histogram
replication_tasks_recv_backlog_ratio_bucket{from_cluster="1",service_name="history",to_cluster="2",le="1"} 144
replication_tasks_recv_backlog_ratio_bucket{from_cluster="1",service_name="history",to_cluster="2",le="+Inf"} 144
replication_tasks_recv_backlog_ratio_sum{from_cluster="1",service_name="history",to_cluster="2"} 0
"""  # noqa: E501 - as the server writes it
"""Of two servers that this project started, cut to a few bounds and labels."""

INF = float("inf")
NOTHING = Scrape(latency={}, backlog={}, errors=0)


def latencies(counts: Mapping[float, float], *, errors: float = 0) -> Scrape:
    return Scrape(latency=dict(counts), backlog={}, errors=errors)


def test_the_totals_are_found_among_a_servers_metrics() -> None:
    said = parse(SAID)
    assert said.latency == {10: 0, 50: 6, 500: 8, 1_000_000: 8, INF: 8}
    assert said.backlog == {1: 144, INF: 144}
    assert said.errors == 8


def test_what_several_streams_count_is_added_up() -> None:
    lines = [f'{LATENCY}{{operation="{name}",le="{bound}"}} 2' for name in ("a", "b") for bound in ("10", "+Inf")]
    assert parse("\n".join(["", *lines]).encode()).latency == {10: 4, INF: 4}


def test_a_server_that_replicates_nothing_yet_counts_nothing() -> None:
    assert parse(b"# TYPE go_goroutines gauge\ngo_goroutines 1\n") == NOTHING


def test_half_a_line_and_other_metrics_are_passed_over() -> None:
    assert parse(f'\n{BACKLOG}{{le="1"}} 3\n{BACKLOG}{{le="2"}}'.encode()).backlog == {1: 3}
    assert parse(b'\nreplication_latency_milliseconds_bucket_more{le="1"} 3\n') == NOTHING


def test_the_lag_is_that_of_what_came_since_the_last_scrape() -> None:
    before = latencies({10: 0, 50: 0, 500: 900, INF: 900})
    after = latencies({10: 0, 50: 200, 500: 1_100, INF: 1_100})
    assert lag(before, after).seconds == 0.05
    assert lag(NOTHING, after).seconds == 0.5


def test_a_rare_slow_one_is_left_to_the_hundredth_part() -> None:
    assert lag(NOTHING, latencies({10: 99, 500: 100, INF: 100})).seconds == 0.01
    assert lag(NOTHING, latencies({10: 98, 500: 100, INF: 100})).seconds == 0.5


def test_what_is_beyond_every_bound_counts_as_the_last_bound() -> None:
    assert lag(NOTHING, latencies({10: 0, 500: 0, INF: 4})).seconds == 0.5


def test_nothing_to_replicate_is_no_lag() -> None:
    still = parse(SAID)
    assert lag(still, still).model_dump() == {"stuck": False, "seconds": 0, "tasks": 0}


def test_a_server_that_was_started_again_counts_from_nothing() -> None:
    before = latencies({10: 0, 500: 900, INF: 900}, errors=7)
    found = lag(before, latencies({10: 5, 500: 5, INF: 5}))
    assert (found.seconds, found.stuck) == (0.01, False)


def test_a_stream_that_reports_errors_is_stuck_until_it_reports_none() -> None:
    assert lag(latencies({}, errors=7), latencies({}, errors=8)).stuck
    assert not lag(latencies({}, errors=8), latencies({}, errors=8)).stuck


async def test_an_endpoint_that_refuses_is_an_error_and_no_empty_scrape() -> None:
    answers = iter([httpx.Response(200, content=SAID), httpx.Response(503)])
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: next(answers))) as client:
        assert (await scrape(client, "127.0.0.1:1")).errors == 8
        with pytest.raises(httpx.HTTPError):
            await scrape(client, "127.0.0.1:1")
