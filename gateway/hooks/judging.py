"""``pre-receive``: a push for review that could not be conducted is refused while nothing of it is stored yet."""

import asyncio
from collections.abc import Sequence

from gateway.hooks.asked import KEPT, is_for_review, options_of, wishes_of
from gateway.hooks.packets import Command
from gateway.hooks.push import Push
from gateway.hooks.repository import branches_of, is_handed_over, require_git, require_reviewable
from gateway.hooks.settings import FOR_REVIEW, settings_of, use
from maestro.errors import BadInput, PlatformUnavailable

REACH_SECONDS = 30.0
"""For all clusters together; each has a limit of its own."""

AGAIN = "push again when it is up, nothing of this push is stored"


def judge(push: Push, commands: Sequence[Command]) -> None:
    """Raises a ``MaestroError`` where the push is to be refused."""
    kept = next((command.ref for command in commands if command.ref.startswith(KEPT)), "")
    if kept:
        raise BadInput(
            "what is under refs/maestro is written by Maestro alone", field=kept, fix="push to refs/for/BRANCH"
        )
    wanted = [command for command in commands if is_for_review(command.ref)]
    if not wanted:
        return
    _require_alone(commands, wanted)
    require_git()
    if not is_handed_over(push.folder):
        raise BadInput(
            "the repository's configuration does not hand pushes for review over",
            field=FOR_REVIEW,
            fix="let its owner say `maestro hooks install` again",
        )
    settings = settings_of(push.folder)
    options = options_of(push.options, settings)
    for wish in wishes_of(wanted, options, branches=branches_of(push.folder)):
        require_reviewable(push.folder, wish, merge=options.merge, variables=push.quarantine)
    use(settings)
    asyncio.run(_require_stack())


def _require_alone(commands: Sequence[Command], wanted: Sequence[Command]) -> None:
    """What is taken over is taken over before git looks at the rest, and could not be given back if that failed."""
    others = [command.ref for command in commands if command not in wanted]
    if others:
        tags = all(ref.startswith("refs/tags/") for ref in others)
        raise BadInput(
            "it is pushed together with refs for review, which stand in a push of their own",
            field=others[0],
            fix="git push --no-follow-tags …" if tags else "push them one after the other",
        )


async def _require_stack() -> None:
    """A head that is stored and conducted by nobody would look like one that is under way."""
    # Temporal's client takes a second to import, which most refusals need not wait for.
    from gateway.connection import reach  # noqa: PLC0415

    try:
        async with asyncio.timeout(REACH_SECONDS):
            await reach()
    except TimeoutError as error:
        raise PlatformUnavailable(
            f"Temporal does not answer within {REACH_SECONDS:.0f} s", field=FOR_REVIEW, fix=AGAIN
        ) from error
    except PlatformUnavailable as error:
        raise PlatformUnavailable(error.message, field=error.field, fix=f"{AGAIN}; {error.fix}") from error
