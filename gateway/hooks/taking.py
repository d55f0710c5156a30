"""``proc-receive``: the head is kept under a reference of Maestro's, and its workflow started, once per head.

Whoever pushes the same head again, also after a Ctrl-C or a crash between these steps, goes on where they ended.
"""

import asyncio
import uuid
from collections.abc import Sequence
from pathlib import Path

from gateway.acting import take
from gateway.conduct import Started, card_of, handle_of, start
from gateway.connection import Connection, explained, reach
from gateway.finding import listed
from gateway.hooks import repository
from gateway.hooks.asked import PushOptions, Wish, options_of, wishes_of
from gateway.hooks.packets import Answer, Command, Received
from gateway.hooks.push import Push
from gateway.hooks.settings import HookSettings, settings_of, use
from gateway.hooks.turns import turn
from gateway.hooks.voice import complain, say_anyway
from gateway.listing import Filters
from maestro.errors import BadInput, MaestroError, PlatformUnavailable, PolicyDenied
from maestro.execution.places import Places
from maestro.execution.resolve import repo_name, resolve_pull_request
from maestro.forges.fast_forward import obstacle
from maestro.home import home
from maestro.model.decision import ActionKind, DecisionState, ReviewerAction
from maestro.model.pull_request import PullRequest
from maestro.model.tests import SelectionMode
from maestro.render.untrusted import line
from workers.stack.plan import prepare_home

START_SECONDS = 180.0
"""For all pull requests of a push; a start outlives a failover, which takes a minute."""

REASON_LIMIT = 200

ACTOR = "a newer push"
VIA = "push"
"""Whoever serves git has let the pusher in; who it is we are only told."""

_SUPERSEDED = uuid.UUID("3f0ad6a4-3f0c-5d0e-9c53-6d5a1b0c7e21")
"""Names the cancellation of one head for another one, so that a repeated push cancels once."""


def take_over(push: Push, received: Received) -> tuple[Answer, ...]:
    """Keep and start every pull request of the push; why not, where that cannot be."""
    try:
        settings = settings_of(push.folder)
        use(settings)
        options = options_of(received.options, settings)
        wishes = wishes_of(received.commands, options, branches=repository.branches_of(push.folder))
        pull_requests = [pull_request_of(push, wish, settings, merge=options.merge) for wish in wishes]
        with turn(push.folder):
            before = {wish.kept: repository.kept_head(push.folder, wish) for wish in wishes}
            repository.keep(push.folder, wishes, before)
            errors = asyncio.run(_started(pull_requests, [before[wish.kept] for wish in wishes], options))
    except MaestroError as error:
        complain(error)
        return tuple(Answer(command.ref, reason=_reason(error)) for command in received.commands)
    return tuple(
        Answer(wish.ref, reason=_reason(error)) if error else _taken(push.folder, wish, before[wish.kept])
        for wish, error in zip(wishes, errors, strict=True)
    )


def pull_request_of(push: Push, wish: Wish, settings: HookSettings, *, merge: bool) -> PullRequest:
    """The pull request that a wish is, as the repository's owner has it conducted."""
    prepare_home(home())
    found = resolve_pull_request(
        str(push.folder),
        base=f"refs/heads/{wish.branch}",
        head=wish.head_sha,
        places=Places.under(home()),
        pr=wish.pr,
        tenant=settings.tenant,
        author_kind=settings.author_kind,
    )
    reason = obstacle(found.model_copy(update={"base_ref": wish.branch})) if merge else None
    if reason is not None:
        raise BadInput(f"it cannot be merged: {reason}", field=wish.ref, fix="or leave out -o merge")
    publish = tuple(kind for kind in ("comment", "merge") if kind in settings.publish and (kind != "merge" or merge))
    said = (f"pushed for review by {line(push.pusher)}",) if push.pusher else ()
    return found.model_copy(
        update={
            "repository": settings.address or found.repository,
            "repo": short_name(push.folder, settings),
            "base_ref": wish.branch,
            "publish": publish,
            "notes": (*found.notes, *said),
        }
    )


def short_name(folder: Path, settings: HookSettings) -> str:
    """The repository's name in every key: the configured one, else by its address or path."""
    return settings.name or repo_name(settings.address or str(folder), folder)


async def _started(
    pull_requests: Sequence[PullRequest], before: Sequence[str], options: PushOptions
) -> list[MaestroError | None]:
    """What went wrong with each, None where nothing did; what stops one for want of Temporal stops those after it."""
    errors: list[MaestroError | None] = []
    failure: MaestroError | None = None
    try:
        async with asyncio.timeout(START_SECONDS):
            connection = await reach()
            for pull_request, earlier in zip(pull_requests, before, strict=True):
                error = await _begun(connection, pull_request, earlier, options=options)
                errors.append(error)
                if error is not None:
                    complain(error)
    except TimeoutError:
        failure = PlatformUnavailable(f"Temporal did not take it within {START_SECONDS:.0f} s", fix="push it again")
    except MaestroError as error:
        failure = error
    if failure is not None:
        complain(failure)
    return errors + [failure] * (len(pull_requests) - len(errors))


async def _begun(
    connection: Connection, pull_request: PullRequest, earlier: str, *, options: PushOptions
) -> MaestroError | None:
    try:
        await _cancel_earlier(connection, pull_request, earlier)
        started = await start(connection, pull_request, mode=SelectionMode.STANDARD, again=options.again)
        say_anyway(f"{pull_request.pr}: {pull_request.title}")
        say_anyway(f"workflow: {started.workflow_id}")
        if started.joined or started.finished:
            await _found(connection, pull_request, started)
    except MaestroError as error:
        return error
    return None


async def _cancel_earlier(connection: Connection, pull_request: PullRequest, earlier: str) -> None:
    """An earlier head of the same topic is not what its author wants any more, and must not be merged.

    The server lists what was started a moment ago only later, so the head that was kept before is among them.
    """
    filters = Filters(repo=pull_request.repo, pr=pull_request.pr, running=True)
    heads = {found.head_sha async for found in listed(connection, filters)} | {earlier}
    for head in sorted(heads - {pull_request.head_sha, ""}):
        workflow_id = pull_request.model_copy(update={"head_sha": head}).workflow_id
        action = ReviewerAction(
            action_id=str(uuid.uuid5(_SUPERSEDED, f"{workflow_id} {pull_request.head_sha}")),
            actor=ACTOR,
            reason=f"{pull_request.head_sha} was pushed in its place",
            via=VIA,
        )
        try:
            await take(connection, workflow_id, ActionKind.CANCEL, action)
        except BadInput:
            say_anyway(f"the earlier head {head[:12]} was never started")
        except PolicyDenied as error:
            say_anyway(f"the earlier head {head[:12]}: {error.message}")
        else:
            say_anyway(f"the earlier head {head[:12]} is cancelled")


async def _found(connection: Connection, pull_request: PullRequest, started: Started) -> None:
    """Say where the one that is there differs from what is asked for now; one that was cancelled is started again.

    Raises ``BadInput`` where it is another repository's, whose verdict says nothing of this one.
    """
    with explained():
        card = await card_of(handle_of(connection, started.workflow_id))
    known = card.pull_request
    if (known.repository, known.base_ref) != (pull_request.repository, pull_request.base_ref):
        raise BadInput(
            f"another repository or branch of the same name has this head conducted as {started.workflow_id}",
            field=pull_request.repo,
            fix="let the repository's owner give it a name of its own: maestro hooks install --name OWNER/NAME",
        )
    if started.finished and card.decision.state is DecisionState.CANCELLED:
        await start(connection, pull_request, mode=SelectionMode.STANDARD, again=True)
        say_anyway("this head was cancelled before; it is conducted again")
        return
    say_anyway(
        "this head was conducted before; its result follows" if started.finished else "it is conducted already; joined"
    )
    once_more = "push it with -o again" if started.finished else "when it has ended, push it with -o again"
    if known.base_sha != pull_request.base_sha:
        say_anyway(f"{pull_request.base_ref} was at {known.base_sha[:12]} then: to test against the newer, {once_more}")
    if "merge" in pull_request.publish and "merge" not in known.publish:
        say_anyway(f"it was started without -o merge, so nothing is merged: {once_more} -o merge")


def _taken(folder: Path, wish: Wish, old: str) -> Answer:
    old = old or "0" * len(wish.head_sha)
    forced = repository.is_forced(folder, Command(old, wish.head_sha, wish.kept))
    return Answer(wish.ref, kept=wish.kept, old=old, new=wish.head_sha, is_forced=forced)


def _reason(error: MaestroError) -> str:
    return line(error.message, limit=REASON_LIMIT)
