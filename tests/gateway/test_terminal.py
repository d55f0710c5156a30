"""What is told while a pull request is conducted, where no terminal is: each thing once."""

from datetime import UTC, datetime, timedelta

from gateway.terminal import Events
from gateway.watching import Snapshot, Work
from maestro.model.decision import Decision, DecisionCard, DecisionState, Phase, TimelineEntry
from maestro.model.progress import Progress
from maestro.model.pull_request import PullRequest

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def entry(number: int) -> TimelineEntry:
    return TimelineEntry(at=START + timedelta(seconds=number), event=f"event {number}", detail="why")


def card(*numbers: int) -> DecisionCard:
    return DecisionCard(
        pull_request=PullRequest(
            repository="/r", repo="r", pr="1", base_sha="a" * 40, head_sha="b" * 40, merge_base_sha="a" * 40
        ),
        phase=Phase.RUN,
        decision=Decision(state=DecisionState.PENDING, reasons=()),
        timeline=tuple(entry(number) for number in numbers),
        generated_at=START,
    )


def told(*snapshots: Snapshot) -> list[str]:
    lines: list[str] = []
    events = Events(lines.append)
    for snapshot in snapshots:
        events.tell(snapshot)
    return lines


def shard(done: int, *, attempt: int = 1, failure: str = "") -> Work:
    return Work("run_shard", started=True, attempt=attempt, progress=Progress(done=done, total=40), failure=failure)


def test_each_event_is_told_once() -> None:
    assert told(Snapshot(card(1)), Snapshot(card(1, 2)), Snapshot(card(1, 2))) == [
        "09:00:01 event 1: why",
        "09:00:02 event 2: why",
    ]


def test_events_are_told_once_also_when_the_oldest_have_been_dropped() -> None:
    lines = told(Snapshot(card(1, 2)), Snapshot(card(2, 3)), Snapshot(card(3, 4)))
    assert [line.split()[-2] for line in lines] == ["1:", "2:", "3:", "4:"]


def test_progress_is_told_when_it_has_moved() -> None:
    lines = told(Snapshot(None, (shard(1),)), Snapshot(None, (shard(1),)), Snapshot(None, (shard(2),)))
    assert [line.strip() for line in lines] == ["run shard, 1 of 40 tests", "run shard, 2 of 40 tests"]


def test_a_step_that_is_tried_again_says_why() -> None:
    [line] = told(Snapshot(None, (shard(0, attempt=3, failure="the disk is full"),)))
    assert "attempt 3, because: the disk is full" in line


def test_control_characters_from_outside_do_not_reach_the_terminal() -> None:
    [line] = told(Snapshot(None, (shard(0, attempt=2, failure="\x1b[2Jgone"),)))
    assert "\x1b" not in line
