"""GitHub's API for one repository at a time, under our credentials; a refusal is raised in GitHub's words."""

from maestro.forges.github.refusal import WORDS, RefusedError
from maestro.forges.hosted import api
from maestro.forges.hosted.api import Identity, is_number
from maestro.forges.http import ForgeHttp

PER_PAGE = 100


class Api(api.Api):
    """Shared by everything that is done at one GitHub."""

    def __init__(self, http: ForgeHttp, identity: Identity) -> None:
        super().__init__(http, identity, words=WORDS, page_query={"per_page": PER_PAGE})


def number_of(pr: str) -> int:
    """The number of a pull request that GitHub can know. Raises RefusedError for another."""
    if not is_number(pr):
        raise RefusedError(f"GitHub numbers its pull requests, and {pr!r} is no number")
    return int(pr)
