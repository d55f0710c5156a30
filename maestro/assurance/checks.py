"""What a forge's checks of the head say: reads GitHub's check runs, and the combined commit statuses that GitHub, Gitea
and Forgejo give.

The document is untrusted: sizes and nesting are capped, and what is about another commit is refused.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import IntEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from maestro.assurance.facts import ChecksFacts
from maestro.errors import BadInput
from maestro.model.base import Model

SIZE_LIMIT_BYTES: Final = 10_000_000
CHECKS_LIMIT: Final = 10_000
"""A hundred pages of a forge's answer; no head has that many checks."""

_PASSING: Final = frozenset({"success", "neutral", "skipped"})
"""As GitHub counts them for a protected branch. Whatever is not known to pass does not."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_NEVER_YET: Final = datetime.max.replace(tzinfo=UTC)

Name = Annotated[str, Field(min_length=1, max_length=1_000)]


class _State(IntEnum):
    """Worse states are greater."""

    PASS = 0
    PENDING = 1
    FAIL = 2


class _App(Model):
    id: int | None = None


class _CheckRun(Model):
    name: Name
    status: str
    conclusion: str | None = None
    head_sha: str
    started_at: datetime | None = None
    id: int = 0
    app: _App | None = None

    @property
    def state(self) -> _State:
        if self.status != "completed" or self.conclusion is None:
            return _State.PENDING
        return _State.PASS if self.conclusion in _PASSING else _State.FAIL


class _Status(Model):
    """GitHub says ``state``, Gitea ``status``."""

    context: Name
    state: str = ""
    status: str = ""
    updated_at: datetime | None = None
    id: int = 0

    @property
    def outcome(self) -> _State:
        said = self.state or self.status
        if said == "pending":
            return _State.PENDING
        return _State.PASS if said in _PASSING else _State.FAIL


class _Document(Model):
    total_count: int | None = None
    sha: str = ""
    check_runs: Annotated[tuple[_CheckRun, ...], Field(max_length=CHECKS_LIMIT)] | None = None
    statuses: Annotated[tuple[_Status, ...], Field(max_length=CHECKS_LIMIT)] | None = None


_Order = tuple[datetime, int]
_Report = tuple[str, str, _Order, _State]
"""Name, who reports it, which is later, state."""


def checks_facts(document: bytes, *, required: tuple[str, ...], head_sha: str) -> ChecksFacts:
    """The facts of a forge's answer. Of several runs of a check the latest counts; of two applications that report
    under one name, the worse. Where nothing is ``required``, every check that is reported is.

    Raises ``BadInput`` for what cannot be read, is incomplete (a page of several), or is about another commit.
    """
    read = _read(document)
    _check_commit(read, head_sha)
    states = _states((*_of_runs(read.check_runs or ()), *_of_statuses(read.statuses or ())))
    named = {state: tuple(sorted(name for name, found in states.items() if found is state)) for state in _State}
    return ChecksFacts(
        reported=bool(states),
        required=_required(states, required or tuple(states)),
        total=len(states),
        passed=len(named[_State.PASS]),
        failed=named[_State.FAIL],
        pending=named[_State.PENDING],
        missing=tuple(sorted(set(required) - set(states))),
    )


def _required(
    states: dict[str, _State], required: tuple[str, ...]
) -> Literal["pass", "fail", "pending", "missing"] | None:
    """None where nothing is required and nothing reported: of no checks nobody can say that they passed."""
    found = [states.get(name) for name in required]
    if not found:
        return None
    if _State.FAIL in found:
        return "fail"
    if _State.PENDING in found:
        return "pending"
    return "missing" if None in found else "pass"


def _states(reports: Iterable[_Report]) -> dict[str, _State]:
    latest: dict[tuple[str, str], tuple[_Order, _State]] = {}
    for name, reporter, order, state in reports:
        key = (name, reporter)
        # Where nothing tells which is later, the worse one counts: that is the order of the pairs.
        latest[key] = max(latest.get(key, (order, state)), (order, state))
    states: dict[str, _State] = {}
    for (name, _), (_, state) in sorted(latest.items()):
        states[name] = max(states.get(name, state), state)
    return states


def _of_runs(runs: Iterable[_CheckRun]) -> Iterable[_Report]:
    for run in runs:
        # A run that waits may have no start yet; it is the one that was asked for last.
        unstarted = _NEVER_YET if run.status != "completed" else _LONG_AGO
        reporter = str(run.app.id) if run.app else ""
        yield run.name, f"run {reporter}", (_aware(run.started_at or unstarted), run.id), run.state


def _of_statuses(statuses: Iterable[_Status]) -> Iterable[_Report]:
    for status in statuses:
        yield status.context, "status", (_aware(status.updated_at or _LONG_AGO), status.id), status.outcome


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_commit(read: _Document, head_sha: str) -> None:
    others = [(f"the check {run.name!r}", run.head_sha) for run in read.check_runs or () if run.head_sha != head_sha]
    if read.statuses is not None and read.sha != head_sha:
        others.append(("the combined status", read.sha or "no commit"))
    if others:
        what, sha = others[0]
        raise BadInput(
            f"{what[:200]} is about {sha[:64]}, not about the head {head_sha}",
            field="checks",
            fix="ask the forge for the checks of the head",
        )


def _read(document: bytes) -> _Document:
    if len(document) > SIZE_LIMIT_BYTES:
        raise _unreadable(f"it has {len(document)} bytes, more than {SIZE_LIMIT_BYTES}")
    try:
        data = json.loads(document, object_pairs_hook=_once)
    except RecursionError as error:
        raise _unreadable("it is nested too deeply") from error
    except ValueError as error:
        raise _unreadable(str(error)) from error
    try:
        read = _Document.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _unreadable(f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}") from error
    if read.check_runs is None and read.statuses is None:
        raise _unreadable("it has neither check_runs nor statuses")
    given = len(read.check_runs or ()) + len(read.statuses or ())
    if read.total_count is not None and read.total_count > given:
        raise BadInput(
            f"the forge knows {read.total_count} checks and the document has {given} of them",
            field="checks",
            fix="ask for every page, and put their lists together",
        )
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a repeated key the last would silently win."""
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError("a key is given twice")
    return data


def _unreadable(why: str) -> BadInput:
    return BadInput(
        f"the forge's checks cannot be read: {why}",
        field="checks",
        fix="give the answer of the forge's check-runs or combined-status call, as it came",
    )
