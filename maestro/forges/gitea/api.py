"""Gitea's API for one repository at a time, by a token; and whose token it is."""

from collections.abc import Callable, Mapping

from maestro.errors import PlatformUnavailable
from maestro.forges.hosted import api
from maestro.forges.hosted.refusal import Words, refusing
from maestro.forges.http import Answer, Credential, ForgeHttp, Secret
from maestro.forges.http.client import PAGES_LIMIT
from maestro.model.base import Model

API = "api/v1"

PER_PAGE = 50
"""What Gitea gives at the most where its administrator has not said otherwise."""

WORDS = Words(
    forge="Gitea",
    fixes={
        401: "check the token",
        403: "give the token the scopes, and its user the rights, that docs/forges/gitea.md names",
        404: "check the name, and that the token's user may read it",
    },
)


class _User(Model):
    login: str


class TokenCredential:
    """One token for everything."""

    def __init__(self, token: Secret, *, connect: Callable[[Credential], ForgeHttp]) -> None:
        self._token = token
        self._login = ""
        self.http = connect(self)

    async def authorization(self, _account: str, /) -> str:
        return f"token {self._token.reveal()}"

    def refused(self, _account: str, _authorization: str, /) -> bool:
        return False

    def payer(self, _account: str, /) -> str:
        return ""

    async def login(self) -> str:
        """Whose token it is. Raises RefusedError where Gitea does not say."""
        if not self._login:
            answer = await self.http.get("user")
            self._login = refusing(answer, doing="Gitea does not say whose token it is", words=WORDS).read(_User).login
        return self._login


class Api(api.Api):
    """Shared by everything that is done at one Gitea."""

    def __init__(self, credential: TokenCredential) -> None:
        super().__init__(credential.http, credential, words=WORDS, page_query={"limit": PER_PAGE})

    async def pages(self, repo: str, path: str, *, query: Mapping[str, str | int] | None = None) -> list[Answer]:
        """Every page. Raises as ``get`` does, and PlatformUnavailable for more of them than are read.

        Gitea names the next page at the address that browsers use, which need not be the one that we ask at; so only
        whether there is one is believed.
        """
        answers: list[Answer] = []
        while not answers or answers[-1].next_page is not None:
            if len(answers) >= PAGES_LIMIT:
                raise PlatformUnavailable(
                    f"Gitea has more than {PAGES_LIMIT} pages, and that many are read",
                    field=answers[0].place,
                    fix="remove what is not needed there any more",
                )
            asked = dict(self._page_query) | {"page": len(answers) + 1} | dict(query or {})
            answers.append(await self.get(repo, path, query=asked))
        return answers
