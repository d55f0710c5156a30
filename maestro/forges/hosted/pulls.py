"""A pull request as it is at its forge now."""

from collections.abc import Callable

from pydantic import ValidationError

from maestro.errors import PlatformUnavailable
from maestro.forges.hosted.api import Api, is_number
from maestro.forges.hosted.refusal import NotThereError
from maestro.forges.http import Answer
from maestro.forges.pulls import PullState


class Pulls:
    """Reads one at a time. ``read`` makes it of the forge's answer."""

    def __init__(self, api: Api, *, read: Callable[[Answer], PullState]) -> None:
        self._api = api
        self._read = read

    async def get(self, repo: str, pr: str) -> PullState | None:
        """As ``maestro.forges.pulls.Pulls`` promises."""
        if not is_number(pr):
            return None
        try:
            answer = await self._api.find(repo, f"pulls/{int(pr)}")
        except NotThereError:
            return None
        if answer is None:
            return None
        try:
            return self._read(answer)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise PlatformUnavailable(
                f"{self._api.forge}'s pull request is none that can be conducted: {first['msg']}",
                field=answer.place,
                fix="see that its branches are there, and that the configured address is that of the forge",
            ) from error
