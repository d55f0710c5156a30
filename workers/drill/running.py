"""A drill from its beginning to its findings: stand it up, let work flow, inject, let everything end, read, judge."""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from maestro.errors import BadInput, MaestroError
from maestro.ledger import Ledger
from maestro.model.base import Model
from workers.drill.acting import Actor, Done
from workers.drill.check import Findings, check
from workers.drill.conducting import Desk
from workers.drill.faults import Fault, schedule
from workers.drill.ground import REGIONS, Ground, standing
from workers.drill.postgresql import postgresql, url
from workers.drill.reading import read
from workers.drill.seen import Reading
from workers.drill.sink import Way

WARM_SECONDS = 3.0
"""Work flows before the first fault."""

PATIENCE_SECONDS = 240.0
"""How long what was begun may take to end when nothing is hurt any more: a lost activity is asked for again after its
heartbeat timeout, a few times in a row.
"""

CALM_SECONDS = 5.0
"""A process that was frozen to the end still acts for a moment when its work has been done elsewhere."""

Tell = Callable[[str], None]


class Drill(Model):
    """What was asked for and what came of it. ``home`` is where logs and ledger lie, where they were kept."""

    faults: int
    seed: int
    reading: Reading
    findings: Findings
    home: str = ""


class Wanted(Model):
    """A drill to be. ``ledger_url`` is empty for one of the drill's own; ``keep`` leaves the home behind."""

    faults: int
    seed: int
    ways: tuple[Way, ...] = tuple(Way)
    ledger_url: str = ""
    keep: bool = False


def run(wanted: Wanted, tell: Tell) -> Drill:
    """Carry a drill out. Raises a MaestroError where it cannot be started."""
    if Way.MAESTRO not in wanted.ways:
        raise BadInput(
            "a drill without Maestro's own way judges nothing", field="--ways", fix=f"name {Way.MAESTRO.value} too"
        )
    faults = schedule(wanted.faults, seed=wanted.seed, regions=tuple(REGIONS))
    with _folder(keep=wanted.keep) as folder, ExitStack() as stack:
        ledger_url = wanted.ledger_url or url(stack.enter_context(postgresql()))
        reading = asyncio.run(_run(folder, ledger_url, faults, wanted.ways, tell))
    home = str(folder) if wanted.keep else ""
    return Drill(faults=wanted.faults, seed=wanted.seed, reading=reading, findings=check(reading), home=home)


def run_on(folder: Path, faults: tuple[Fault, ...], tell: Tell) -> Reading:
    """Carry a schedule of one's own out, with a ledger of its own, and read what there is."""
    with postgresql() as server:
        return asyncio.run(_run(folder, url(server), faults, tuple(Way), tell))


async def _run(folder: Path, ledger_url: str, faults: tuple[Fault, ...], ways: tuple[Way, ...], tell: Tell) -> Reading:
    tell("starting two clusters")
    async with standing(folder, ledger_url) as ground:
        with Ledger.open(ledger_url, migrate=False) as ledger:
            return await _on(ground, ledger, faults, ways, tell)


async def _on(ground: Ground, ledger: Ledger, faults: tuple[Fault, ...], ways: tuple[Way, ...], tell: Tell) -> Reading:
    desk = Desk(ground, ledger, ways)
    actor = Actor(ground, ledger, start_on_both_sides=desk.start_on_both_sides)
    began_at = time.time()
    minutes = faults[-1].ends_at_seconds / 60
    tell(f"work flows; {len(faults)} faults follow, which takes {minutes:.0f} minutes")

    def told(done: Done) -> None:
        detail = f": {done.detail}" if done.detail else ""
        tell(f"{done.fault.number}/{len(faults)} {done.fault.kind.value}, {done.target}{detail}")

    desk.begin()
    await asyncio.sleep(WARM_SECONDS)
    await actor.carry_out(faults, tell=told)
    desk.stop()
    tell("nothing is hurt any more; waiting until everything has ended")
    await desk.finished(patience_seconds=PATIENCE_SECONDS)
    await asyncio.sleep(CALM_SECONDS)
    tell("reading what is there")
    return await asyncio.to_thread(
        read,
        ground,
        began_at=began_at,
        ended_at=time.time(),
        pull_requests=tuple(desk.pull_requests.values()),
        workflows=tuple(desk.workflows.values()),
        faults=actor.done,
    )


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="maestro-drill-"))
    kept = keep
    try:
        yield folder
    except MaestroError:
        # Its message names the logs.
        kept = True
        raise
    finally:
        if kept:
            sys.stderr.write(f"kept: {folder}\n")
        else:
            shutil.rmtree(folder, ignore_errors=True)
