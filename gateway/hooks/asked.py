"""What a push for review asks for: which branch, under which name, with which options. Pure.

``refs/for/BRANCH`` or ``refs/for/BRANCH/TOPIC``: the topic names the pull request, so that a newer head takes the place
of the older one. Without one a pull request is named by its head.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from gateway.hooks.packets import Command
from gateway.hooks.settings import FOR_REVIEW, LONGEST_WAIT_SECONDS, HookSettings
from maestro.errors import BadInput
from maestro.render.untrusted import name as shown

KEPT = "refs/maestro/"
"""Maestro's own references in the repository; no push may touch them."""

LIMIT_WISHES = 10
"""Pull requests of one push; each takes a worker's time."""

_TOPIC = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")
"""Without two separators in a row, so that the last ``--`` of a pull request's name ends its branch."""

_PLAIN_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

LIMIT_TOPIC = 60

LIMIT_REF = 1_000
"""Characters; longer than any branch that a file system takes."""


@dataclass(frozen=True)
class PushOptions:
    """What the pusher said with ``git push -o``. ``wait_seconds`` is 0 where nothing is waited for."""

    merge: bool = False
    again: bool = False
    topic: str = ""
    wait_seconds: float = 0.0


@dataclass(frozen=True)
class Wish:
    """One pull request that a push asks for: ``head_sha`` into ``branch``."""

    ref: str
    head_sha: str
    branch: str
    topic: str = ""

    @property
    def pr(self) -> str:
        """Its name, different for every branch and topic."""
        branch = self.branch
        if not _PLAIN_BRANCH.fullmatch(branch):
            digest = hashlib.sha256(branch.encode("utf-8", "surrogateescape")).hexdigest()[:12]
            branch = f"{re.sub(r'[^A-Za-z0-9]+', '-', branch).strip('-')[:60] or 'branch'}-{digest}"
        return f"{branch}--{self.topic or self.head_sha[:12]}"

    @property
    def kept(self) -> str:
        """The reference that keeps the head, so that no clean-up removes it and every region can fetch it."""
        return f"{KEPT}pull/{self.pr}/head"


def options_of(said: Sequence[str], settings: HookSettings) -> PushOptions:
    """The push options, checked. Raises ``BadInput`` that names the option and what can be said instead."""
    options = PushOptions(wait_seconds=settings.wait_seconds)
    seen: set[str] = set()
    for text in said:
        name, has_value, value = text.partition("=")
        group = "timeout" if name == "nowait" else name
        if name not in _READERS:
            raise _refused(text, "there is no such option", f"known are {', '.join(_READERS)}")
        if group in seen:
            raise _refused(text, "it is said twice, or together with its opposite", "say one of them, once")
        seen.add(group)
        if has_value != ("=" if name in _WITH_VALUE else ""):
            needs = f"say -o {name}=VALUE" if name in _WITH_VALUE else f"say -o {name} alone"
            raise _refused(text, "it takes a value" if name in _WITH_VALUE else "it takes no value", needs)
        options = _READERS[name](options, value)
    if options.merge and "merge" not in settings.publish:
        raise _refused(
            "merge",
            "this repository lets no push for review be merged",
            "leave it out; the repository's owner allows it with `maestro hooks install --publish merge`",
        )
    return options


def wishes_of(commands: Sequence[Command], options: PushOptions, *, branches: Collection[str]) -> tuple[Wish, ...]:
    """The pull requests of a push. Raises ``BadInput`` for what cannot be one, naming the reference and the fix."""
    if len(commands) > LIMIT_WISHES:
        raise BadInput(
            f"{len(commands)} references for review are more than {LIMIT_WISHES}",
            field=FOR_REVIEW,
            fix="push fewer at once",
        )
    wishes = tuple(_wish(command, options, branches=branches) for command in commands)
    twice = next((wish for wish in wishes if sum(other.pr == wish.pr for other in wishes) > 1), None)
    if twice is not None:
        raise BadInput(
            f"two references of this push are the same pull request {twice.pr}",
            field=_field(twice.ref),
            fix="push one of them",
        )
    return wishes


def is_for_review(ref: str) -> bool:
    return ref == FOR_REVIEW or ref.startswith(f"{FOR_REVIEW}/")


def _wish(command: Command, options: PushOptions, *, branches: Collection[str]) -> Wish:
    if command.is_deletion:
        raise BadInput(
            "there is nothing to delete: a push for review leaves no such reference",
            field=_field(command.ref),
            fix="to stop a pull request say `maestro pr act cancel PR`",
        )
    path = command.ref.removeprefix(FOR_REVIEW).removeprefix("/").removeprefix("refs/heads/")
    branch, topic = _split(path, branches=branches)
    if not branch:
        raise BadInput(
            "the repository has no such branch to review for",
            field=_field(command.ref),
            fix="name a branch that is there: git push origin HEAD:refs/for/main (git ls-remote --heads shows them)",
        )
    if topic and options.topic and topic != options.topic:
        raise BadInput(
            "the reference and -o topic name two topics", field=_field(command.ref), fix="say one of the two"
        )
    if topic:
        _require_topic(topic, field=_field(command.ref))
    return Wish(ref=command.ref, head_sha=command.new, branch=branch, topic=topic or options.topic)


def _split(path: str, *, branches: Collection[str]) -> tuple[str, str]:
    """Branch and topic. At most one beginning of a path can be a branch, since git keeps no ``a`` beside ``a/b``."""
    parts = path.split("/") if len(path) <= LIMIT_REF else []
    for length in range(len(parts), 0, -1):
        branch = "/".join(parts[:length])
        if branch in branches:
            return branch, "/".join(parts[length:])
    return "", ""


def _require_topic(topic: str, *, field: str) -> None:
    if not _TOPIC.fullmatch(topic) or len(topic) > LIMIT_TOPIC or topic.endswith(".lock"):
        raise BadInput(
            "a topic is letters and digits, with single dots, dashes or underscores between them, "
            f"and at most {LIMIT_TOPIC} characters",
            field=field,
            fix="for instance refs/for/main/faster-login",
        )


def _merge(options: PushOptions, _value: str) -> PushOptions:
    return replace(options, merge=True)


def _again(options: PushOptions, _value: str) -> PushOptions:
    return replace(options, again=True)


def _nowait(options: PushOptions, _value: str) -> PushOptions:
    return replace(options, wait_seconds=0.0)


def _timeout(options: PushOptions, value: str) -> PushOptions:
    if not re.fullmatch(r"[0-9]{1,6}", value, re.ASCII) or not 1 <= int(value) <= LONGEST_WAIT_SECONDS:
        raise _refused(
            f"timeout={value}",
            f"it is no number of seconds from 1 to {LONGEST_WAIT_SECONDS:.0f}",
            "say for instance -o timeout=300, or -o nowait",
        )
    return replace(options, wait_seconds=float(value))


def _topic(options: PushOptions, value: str) -> PushOptions:
    _require_topic(value, field=f"-o topic={shown(value)}")
    return replace(options, topic=value)


_READERS: dict[str, Callable[[PushOptions, str], PushOptions]] = {
    "merge": _merge,
    "again": _again,
    "nowait": _nowait,
    "timeout": _timeout,
    "topic": _topic,
}
_WITH_VALUE = frozenset({"timeout", "topic"})


def _refused(option: str, what: str, fix: str) -> BadInput:
    return BadInput(what, field=f"push option {shown(option)}", fix=fix)


def _field(ref: str) -> str:
    return shown(ref)
