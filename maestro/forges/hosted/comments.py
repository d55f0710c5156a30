"""One comment per pull request, found by the stamp in it and by who wrote it; it says what the newest head has come to.

A head that was pushed later takes the comment over. What comes late about an earlier head changes nothing then.
"""

from dataclasses import dataclass
from datetime import datetime

from maestro.forges.forge import Comment, Commented, Refused
from maestro.forges.hosted.api import Api
from maestro.forges.hosted.refusal import RefusedError
from maestro.forges.hosted.texts import cut_text
from maestro.forges.http import once
from maestro.forges.stamp import Stamp, read_stamp, stamped
from maestro.model.base import Model

BODY_LIMIT_BYTES = 65_000
"""GitHub takes 65,536 characters; the stamp needs some, and bytes are never fewer than characters."""


class _User(Model):
    login: str


class _IssueComment(Model):
    id: int
    body: str | None = None
    user: _User | None = None


class _Head(Model):
    sha: str


class _Pull(Model):
    head: _Head


@dataclass(frozen=True)
class Ours:
    """A comment of ours, by its stamp."""

    id: int
    stamp: Stamp

    def newness(self) -> tuple[datetime, int, int]:
        # Of two that say the same the first one stays, whoever looks.
        return self.stamp.at, self.stamp.version, -self.id


class Comments:
    """Issue comments, which is what forges show in the conversation of a pull request."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def ask(self, wanted: Comment, /) -> Commented | None:
        try:
            return await self._settled(wanted, await self.existing(wanted))
        except RefusedError:
            # Where nothing may be looked at, `call` says so; an exception here would be tried again for ever.
            return None

    async def call(self, wanted: Comment, /) -> Commented | Refused:
        async def look() -> Commented | None:
            ours = await self.existing(wanted)
            return await self._settled(wanted, ours) if len(ours) == 1 else None

        try:
            async with self.api.turn(_stamp(wanted).place):
                return await once(self.api.http, look, lambda: self._written(wanted))
        except RefusedError as refused:
            return Refused(reason=refused.reason)

    async def _written(self, wanted: Comment) -> Commented:
        ours = await self.existing(wanted)
        if not ours:
            made = await self._send(wanted, "POST", f"issues/{self.api.number_of(wanted.pull_request.pr)}/comments")
            # Somebody else may have written the first one at the same moment.
            ours = await self.existing(wanted) or [Ours(made, _stamp(wanted))]
        one = await self._made_one(wanted, ours)
        settled = await self._settled(wanted, [one])
        if settled is not None:
            return settled
        return Commented(commit=str(await self._send(wanted, "PATCH", f"issues/comments/{one.id}")))

    async def _made_one(self, wanted: Comment, ours: list[Ours]) -> Ours:
        """The newest of them; the others are removed."""
        newest = max(ours, key=Ours.newness)
        for other in ours:
            if other is newest:
                continue
            answer = await self.api.send(wanted.pull_request.repo, "DELETE", f"issues/comments/{other.id}")
            if answer.status != 404:
                self.api.refusing(answer, doing="a comment that is there twice cannot be removed")
        return newest

    async def _settled(self, wanted: Comment, ours: list[Ours]) -> Commented | None:
        """What stands there, where ``wanted`` must not take its place."""
        if not ours:
            return None
        one, stamp = max(ours, key=Ours.newness), _stamp(wanted)
        if one.stamp.subject == stamp.subject:
            is_settled = one.stamp.settles(stamp)
        else:
            is_settled = await self._is_of_a_later_head(one.stamp, wanted)
        return Commented(commit=str(one.id), overtaken=one.stamp.key != wanted.key) if is_settled else None

    async def _is_of_a_later_head(self, stamp: Stamp, wanted: Comment) -> bool:
        pull_request = wanted.pull_request
        answer = await self.api.get(pull_request.repo, f"pulls/{self.api.number_of(pull_request.pr)}")
        now = answer.read(_Pull).head.sha
        if now in {stamp.head_sha, pull_request.head_sha}:
            return now == stamp.head_sha
        return stamp.at > wanted.at

    async def existing(self, wanted: Comment) -> list[Ours]:
        """Every comment of ours on this pull request."""
        pull_request, place = wanted.pull_request, _stamp(wanted).place
        login = await self.api.login()
        pages = await self.api.pages(pull_request.repo, f"issues/{self.api.number_of(pull_request.pr)}/comments")
        found = []
        for comment in (comment for page in pages for comment in page.read(list[_IssueComment])):
            stamp = read_stamp(comment.body or "")
            # Anybody can write our stamp; nobody else can write under our name.
            if stamp and stamp.place == place and comment.user and comment.user.login == login:
                found.append(Ours(comment.id, stamp))
        return found

    async def _send(self, wanted: Comment, method: str, path: str) -> int:
        text = cut_text(wanted.text, BODY_LIMIT_BYTES)
        answer = await self.api.send(wanted.pull_request.repo, method, path, {"body": stamped(_stamp(wanted), text)})
        return self.api.refusing(answer, doing=f"{self.api.forge} takes no comment").read(_IssueComment).id


def _stamp(comment: Comment) -> Stamp:
    return Stamp(comment.key, comment.version, comment.at)
