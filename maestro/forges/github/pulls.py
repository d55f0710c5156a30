"""A pull request as it is at GitHub now."""

from pydantic import ValidationError

from maestro.errors import PlatformUnavailable
from maestro.forges.github import payloads
from maestro.forges.github.access import NotInstalledError
from maestro.forges.github.api import Api
from maestro.forges.github.meanings import seen
from maestro.forges.pulls import PullState


class _Base(payloads.Side):
    repo: payloads.Repository


class _Pull(payloads.Pull):
    base: _Base


class Pulls:
    """Reads one at a time."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def get(self, repo: str, pr: str) -> PullState | None:
        """As ``maestro.forges.pulls.Pulls`` promises."""
        if not (pr.isascii() and pr.isdigit() and len(pr) < 16):
            return None
        try:
            answer = await self._api.find(repo, f"pulls/{int(pr)}")
        except NotInstalledError:
            return None
        if answer is None:
            return None
        pull = answer.read(_Pull)
        landed = pull.merge_commit_sha if pull.merged else None
        try:
            return PullState(
                pull_request=seen(pull, pull.base.repo), is_open=pull.state == "open", merged_sha=landed or ""
            )
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise PlatformUnavailable(
                f"GitHub's pull request is none that can be conducted: {first['msg']}",
                field=answer.place,
                fix="check that the configured address is that of GitHub's API",
            ) from error
