"""Of which commit somebody's review is, which Gitea's webhook does not say."""

from maestro.forges.events import Verdict
from maestro.forges.hosted.api import Api, is_number
from maestro.model.base import Model

_STATES = {Verdict.APPROVED: "APPROVED", Verdict.CHANGES_REQUESTED: "REQUEST_CHANGES"}


class _User(Model):
    login: str


class _Review(Model):
    id: int
    state: str
    commit_id: str = ""
    dismissed: bool = False
    user: _User | None = None


class Reviews:
    """Reads the reviews of a pull request."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def sha_of(self, repo: str, pr: str, *, reviewer: str, verdict: Verdict) -> str:
        """The commit of the newest review with this verdict by the person of this login; empty where none holds.

        Raises RefusedError (BadInput) where Gitea does not let us read them, PlatformUnavailable where it does not say.
        """
        state = _STATES.get(verdict)
        if state is None or not is_number(pr):
            return ""
        pages = await self._api.pages(repo, f"pulls/{int(pr)}/reviews")
        theirs = [
            review
            for page in pages
            for review in page.read(list[_Review])
            if review.user is not None and review.user.login == reviewer
        ]
        fitting = [each for each in theirs if each.state == state and not each.dismissed]
        return max(fitting, key=lambda review: review.id).commit_id if fitting else ""
