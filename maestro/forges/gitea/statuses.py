"""The status of a head as a commit status: what it has come to, in one line, with the card behind it.

Gitea keeps every status that was ever stated of a commit, and shows and requires the newest of each context, whoever
stated it. The stamp stands in the link, behind the ``#``, where no page looks.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, quote, urlencode

from pydantic import JsonValue

from maestro.forges.forge import Refused, Stated, Status, StatusState
from maestro.forges.gitea.api import Api
from maestro.forges.hosted.refusal import RefusedError
from maestro.forges.hosted.texts import LINK_LIMIT, cut_line
from maestro.forges.http import AnswerLostError, once
from maestro.forges.stamp import Stamp
from maestro.model.base import Model

CONTEXT = "maestro"
"""What a branch's protection requires."""

TITLE_LIMIT = 255
"""Gitea takes any length; nobody reads more in one line."""

_STATES = {
    StatusState.IN_PROGRESS: "pending",
    StatusState.SUCCESS: "success",
    StatusState.FAILURE: "failure",
    # Not "pending", which would look as if somebody still worked on it. Gitea merges nothing on a warning.
    StatusState.ACTION_REQUIRED: "warning",
    StatusState.CANCELLED: "error",
}

_MARK = "maestro"
_VERSION_DIGITS = 9


class _Creator(Model):
    login: str


class _CommitStatus(Model):
    id: int
    status: str
    context: str
    description: str = ""
    target_url: str = ""
    creator: _Creator | None = None


@dataclass(frozen=True)
class _Ours:
    """One status of ours. ``stamp`` says of which pull request and version it is."""

    row: _CommitStatus
    stamp: Stamp

    def newness(self) -> tuple[int, datetime, int]:
        return self.stamp.version, self.stamp.at, self.row.id


@dataclass(frozen=True)
class _Standing:
    """``ours`` are all of the pull request's, the newest stated last. ``is_shown``: what Gitea shows is the newest."""

    ours: list[_Ours]
    is_shown: bool

    @property
    def newest(self) -> _Ours | None:
        """By its version, not by when it was stated."""
        return max(self.ours, key=_Ours.newness, default=None)


class Statuses:
    """Commit statuses in the context ``CONTEXT``. ``web`` is where people find a pull request that has no card yet."""

    def __init__(self, api: Api, *, web: str) -> None:
        self._api = api
        self._web = web

    async def ask(self, wanted: Status, /) -> Stated | None:
        try:
            return _settled(wanted, await self._standing(wanted))
        except RefusedError:
            # Where nothing may be looked at, `call` says so; an exception here would be tried again for ever.
            return None

    async def call(self, wanted: Status, /) -> Stated | Refused:
        async def look() -> Stated | None:
            return _settled(wanted, await self._standing(wanted))

        try:
            async with self._api.turn(_stamp(wanted).subject):
                return await once(self._api.http, look, lambda: self._written(wanted))
        except RefusedError as refused:
            return Refused(reason=refused.reason)

    async def _written(self, wanted: Status) -> Stated:
        newest = (await self._standing(wanted)).newest
        if newest is None or not newest.stamp.settles(_stamp(wanted)):
            await self._post(wanted, self._body(wanted))
        standing = await self._standing(wanted)
        newest = standing.newest
        if newest is not None and not standing.is_shown:
            # Somebody stated an older one, or one that is none of ours, upon it: what is true is stated once more.
            await self._post(wanted, _copy(newest))
            standing = await self._standing(wanted)
        settled = _settled(wanted, standing)
        if settled is None:
            raise AnswerLostError(
                "Gitea does not show the status that it took", field=wanted.pull_request.repo, fix="it is tried again"
            )
        return settled

    async def _post(self, wanted: Status, body: dict[str, JsonValue]) -> None:
        pull_request = wanted.pull_request
        try:
            answer = await self._api.send(pull_request.repo, "POST", f"statuses/{pull_request.head_sha}", body)
        except AnswerLostError as lost:
            # For a commit that it has not (any more) Gitea fails as if it were ill, and would for ever.
            if not lost.may_still_act and await self._api.find(pull_request.repo, _commit(wanted)) is None:
                raise RefusedError(f"the repository has no commit {pull_request.head_sha[:12]} any more") from lost
            raise
        self._api.refusing(answer, doing="Gitea takes no status")

    async def _standing(self, wanted: Status) -> _Standing:
        pull_request, subject = wanted.pull_request, _stamp(wanted).subject
        login = await self._api.login()
        # Without an order of its own Gitea gives those of one second as they come, page by page.
        pages = await self._api.pages(
            pull_request.repo, f"statuses/{pull_request.head_sha}", query={"sort": "leastindex"}
        )
        rows = {row.id: row for page in pages for row in page.read(list[_CommitStatus]) if row.context == CONTEXT}
        mine = [row for row in sorted(rows.values(), key=lambda row: row.id) if _is_by(row, login)]
        stamps = {row.id: stamp for row in mine if (stamp := _read(row.target_url)) is not None}
        ours = [_Ours(row, stamps[row.id]) for row in mine if row.id in stamps and stamps[row.id].subject == subject]
        standing = _Standing(ours, is_shown=False)
        # Of two pull requests with one head Gitea shows whichever spoke last; neither takes it from the other.
        is_ours_on_top = bool(rows) and max(rows) in stamps
        is_last = bool(ours) and standing.newest is not None and ours[-1].stamp.key == standing.newest.stamp.key
        return _Standing(ours, is_shown=is_ours_on_top and is_last)

    def _body(self, wanted: Status) -> dict[str, JsonValue]:
        pull_request = wanted.pull_request
        link = wanted.link
        if not link.startswith(("https://", "http://")) or len(link) > LINK_LIMIT:
            link = f"{self._web}/{quote(pull_request.repo)}/pulls/{quote(pull_request.pr)}"
        return {
            "context": CONTEXT,
            "state": _STATES[wanted.state],
            "description": cut_line(wanted.title, TITLE_LIMIT) or wanted.state.value,
            "target_url": _marked(link, _stamp(wanted)),
        }


def _settled(wanted: Status, standing: _Standing) -> Stated | None:
    """The status that Gitea shows, where ``wanted`` must not take its place."""
    newest = standing.newest
    if newest is None or not standing.is_shown or not newest.stamp.settles(_stamp(wanted)):
        return None
    return Stated(name=str(standing.ours[-1].row.id), overtaken=newest.stamp.key != wanted.key)


def _copy(ours: _Ours) -> dict[str, JsonValue]:
    row = ours.row
    return {"context": CONTEXT, "state": row.status, "description": row.description, "target_url": row.target_url}


def _is_by(row: _CommitStatus, login: str) -> bool:
    return row.creator is not None and row.creator.login == login


def _marked(link: str, stamp: Stamp) -> str:
    fields = {_MARK: stamp.key, "version": stamp.version, "at": stamp.at.isoformat()}
    return f"{link.partition('#')[0]}#{urlencode(fields)}"


def _read(link: str) -> Stamp | None:
    """The stamp in a link; None where it has none."""
    try:
        fields = parse_qs(link.partition("#")[2], strict_parsing=True, max_num_fields=3)
        key, version, at = (fields[name][0] for name in (_MARK, "version", "at"))
        moment = datetime.fromisoformat(at)
    except (ValueError, KeyError):
        return None
    is_version = version.isascii() and version.isdigit() and len(version) <= _VERSION_DIGITS
    return Stamp(key, int(version), moment) if is_version and moment.tzinfo else None


def _commit(wanted: Status) -> str:
    return f"git/commits/{wanted.pull_request.head_sha}"


def _stamp(status: Status) -> Stamp:
    return Stamp(status.key, status.version, status.at)
