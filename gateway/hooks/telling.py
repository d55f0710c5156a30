"""``post-receive``: the pusher sees how the pull requests fare, up to their verdict or to the end of its patience.

Nothing depends on it: whoever stops watching, or is cut off, changes nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from gateway.conduct import card_of, handle_of
from gateway.connection import Connection, explained, reach
from gateway.hooks.asked import KEPT, options_of
from gateway.hooks.packets import Command
from gateway.hooks.push import Push
from gateway.hooks.settings import settings_of, use
from gateway.hooks.taking import short_name
from gateway.hooks.voice import GoneError, complain, say
from gateway.terminal import Events
from gateway.watching import Snapshot, verdict
from maestro.config.gateway import GatewayConfig
from maestro.errors import MaestroError
from maestro.forges.notes import NOTES
from maestro.model.decision import DecisionCard, DecisionState
from maestro.render.card import card_view
from maestro.words import duration

STILL_SECONDS = 30.0
"""Silence after which a sign of life is written: proxies close what is quiet, and only a write finds a pusher gone."""

Tell = Callable[[str], None]


def tell(push: Push, commands: Sequence[Command]) -> None:
    """Watch what ``proc-receive`` has started. Raises ``MaestroError`` where nothing can be watched."""
    kept = [command for command in commands if command.ref.startswith(f"{KEPT}pull/")]
    settings = settings_of(push.folder)
    use(settings)
    options = options_of(push.options, settings)
    repo = short_name(push.folder, settings)
    ids = [
        f"pr/{repo}/{command.ref.removeprefix(f'{KEPT}pull/').removesuffix('/head')}/{command.new}" for command in kept
    ]
    if not options.wait_seconds:
        for workflow_id in ids:
            say(f"not waiting: maestro pr watch {workflow_id}")
        return
    with suppress(GoneError):
        asyncio.run(_watched(ids, seconds=options.wait_seconds))


async def _watched(ids: Sequence[str], *, seconds: float) -> None:
    connection = await reach()
    loop = asyncio.get_running_loop()
    spoken = loop.time()

    def speak(text: str) -> None:
        nonlocal spoken
        spoken = loop.time()
        say(text)

    async def alive() -> None:
        while True:
            await asyncio.sleep(STILL_SECONDS / 2)
            if loop.time() - spoken > STILL_SECONDS:
                speak("still being conducted; Ctrl-C stops the watching and nothing else")

    following = [_follow(connection, one, seconds=seconds, tell=_prefixed(one, speak, ids)) for one in ids]
    both: tuple[asyncio.Future[Any], ...] = (asyncio.create_task(alive()), asyncio.gather(*following))
    try:
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        for one in both:
            one.cancel()


def _prefixed(workflow_id: str, speak: Tell, ids: Sequence[str]) -> Tell:
    """Several pull requests are told apart by their names."""
    name = workflow_id.split("/")[-2]
    return speak if len(ids) == 1 else lambda text: speak(f"{name}: {text}")


async def _follow(connection: Connection, workflow_id: str, *, seconds: float, tell: Tell) -> None:
    handle = handle_of(connection, workflow_id)
    events = Events(lambda text: tell(str(text)))
    last: Snapshot | None = None
    try:
        async with asyncio.timeout(seconds):
            async for snapshot in verdict(connection, handle, person=False):
                # Of one that had ended before, the way there is no news.
                if last or not snapshot.settled:
                    events.tell(snapshot)
                last = snapshot
        with explained():
            card = last.card if last and last.card else await card_of(handle_of(connection, workflow_id))
    except TimeoutError:
        tell(f"no verdict after {duration(seconds)}; it goes on: maestro pr watch {workflow_id}")
        return
    except MaestroError as error:
        complain(error)
        return
    for text in said_of(card, connection.topology.gateway):
        tell(text)


def said_of(card: DecisionCard, gateway: GatewayConfig) -> list[str]:
    """The verdict in a few lines, and where the rest is."""
    view, pull_request = card_view(card), card.pull_request
    said = [f"{view.verdict}: {view.why}" if view.why else view.verdict, *(f"- {reason}" for reason in view.reasons)]
    if view.tests:
        said.append(f"tests: {view.tests.outcome} {view.tests.left_out}")
        said += [f"x {test.test} {test.verdict}" for test in view.tests.failed]
    said += [f"{publication.kind}: {publication.detail}" for publication in card.publications]
    if card.decision.state is DecisionState.NEEDS_PERSON:
        said.append(f"a person is needed: maestro pr act approve {pull_request.workflow_id}")
    if card.decision.state is DecisionState.CANCELLED:
        said.append("to have it conducted once more, push it with -o again")
    said.append(f"card: maestro pr show {pull_request.workflow_id}")
    if gateway.public_url:
        # Its own address is one of this machine, which the pusher seldom sits at.
        said.append(f"page: {gateway.card_page(pull_request)}")
    if any(publication.kind == "comment" and publication.done for publication in card.publications):
        short = NOTES.removeprefix("refs/notes/")
        said.append(f"note: git fetch origin {NOTES}:{NOTES} && git notes --ref={short} show {pull_request.head_sha}")
    return said
