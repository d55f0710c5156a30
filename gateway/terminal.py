"""What a person sees while a pull request is conducted: a live view on a terminal, a line per event anywhere else.

On standard error, so that standard output stays the answer. Texts from outside are neutralised before they are shown.
"""

import sys
from collections.abc import AsyncIterator, Callable
from typing import assert_never

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.watching import Snapshot, Work
from maestro.model.decision import DecisionCard, Phase, TimelineEntry
from maestro.render.untrusted import line

PHASES = (Phase.PLACE, Phase.SELECT, Phase.RUN, Phase.GATHER, Phase.DECIDE)


async def show(snapshots: AsyncIterator[Snapshot]) -> DecisionCard | None:
    """Show each snapshot until there is no more; the last card."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return await _follow(snapshots, Events(lambda text: sys.stderr.write(f"{text}\n")).tell)
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        return await _follow(snapshots, lambda snapshot: live.update(_view(snapshot)))


async def _follow(snapshots: AsyncIterator[Snapshot], tell: Callable[[Snapshot], None]) -> DecisionCard | None:
    card: DecisionCard | None = None
    async for snapshot in snapshots:
        card = snapshot.card or card
        tell(snapshot)
    return card


class Events:
    """Tells each event of the timeline once, and the progress of the shards when it has moved."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._newest: TimelineEntry | None = None
        self._told = ""

    def tell(self, snapshot: Snapshot) -> None:
        if snapshot.card is not None:
            for entry in self._news(snapshot.card.timeline):
                detail = f": {line(entry.detail)}" if entry.detail else ""
                self._write(f"{entry.at:%H:%M:%S} {line(entry.event)}{detail}")
        now = line(snapshot.notice) if snapshot.notice else "; ".join(_described(snapshot.work))
        if now and now != self._told:
            self._write(f"         {now}")
            self._told = now

    def _news(self, timeline: tuple[TimelineEntry, ...]) -> tuple[TimelineEntry, ...]:
        """The timeline is cut at its front, so it is remembered by its newest entry and not by its length."""
        known = timeline.index(self._newest) + 1 if self._newest in timeline else 0
        if timeline:
            self._newest = timeline[-1]
        return timeline[known:]


def _view(snapshot: Snapshot) -> Group:
    card = snapshot.card
    if card is None:
        return Group(Text(line(snapshot.notice) or "waiting for a worker to answer"))
    parts = [Text(line(card.pull_request.title), style="bold"), _phases(card)]
    if card.placement:
        parts.append(Text(f"region: {card.placement.region or 'none yet'}  {line(card.placement.reason)}", style="dim"))
    if card.plan:
        parts.append(Text(f"tests: {line(card.plan.reason)}", style="dim"))
    if snapshot.notice:
        parts.append(Text(line(snapshot.notice), style="yellow"))
    return Group(*parts, _work_table(snapshot.work))


def _phases(card: DecisionCard) -> Text:
    now = _shown_phase(card.phase)
    reached = PHASES.index(now)
    text = Text()
    for number, phase in enumerate(PHASES):
        mark, style = ("✓", "green") if number < reached else ("▸", "bold cyan") if number == reached else ("·", "dim")
        text.append(f"{mark} {phase.value}   ", style=style)
    return text.append(f"({card.phase.value.replace('_', ' ')})", style="dim") if card.phase is not now else text


def _shown_phase(phase: Phase) -> Phase:
    match phase:
        case Phase.PLACE | Phase.SELECT | Phase.RUN | Phase.GATHER | Phase.DECIDE:
            return phase
        case Phase.WAITING_FOR_REGION:
            return Phase.PLACE
        case Phase.RENDER | Phase.PUBLISH | Phase.WAITING_FOR_PERSON | Phase.DONE:
            return Phase.DECIDE
        case _:
            assert_never(phase)


def _work_table(work: tuple[Work, ...]) -> Table:
    table = Table.grid(padding=(0, 1))
    for sentence in _described(work):
        table.add_row(Text(" "), Text(sentence))
    return table


def _described(work: tuple[Work, ...]) -> list[str]:
    return [_sentence(item) for item in work]


def _sentence(work: Work) -> str:
    progress = work.progress
    said = [work.name.replace("_", " ") if not progress.detail else line(progress.detail)]
    if progress.total:
        said.append(f"{progress.done} of {progress.total} tests")
    if not work.started:
        said.append("waits for a free worker")
    if work.attempt > 1:
        said.append(
            f"attempt {work.attempt}, because: {line(work.failure)}" if work.failure else f"attempt {work.attempt}"
        )
    return ", ".join(said)
