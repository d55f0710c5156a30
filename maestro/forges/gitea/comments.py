"""The comment of a pull request at Gitea, which fails as if it were ill where there is no such pull request."""

from maestro.forges.forge import Comment
from maestro.forges.hosted import comments
from maestro.forges.hosted.refusal import RefusedError


class Comments(comments.Comments):
    """As at every forge, of a pull request that is there."""

    async def existing(self, wanted: Comment) -> list[comments.Ours]:
        pull_request = wanted.pull_request
        number = self.api.number_of(pull_request.pr)
        if await self.api.find(pull_request.repo, f"issues/{number}") is None:
            raise RefusedError(f"Gitea has no {pull_request.repo}#{number}, or does not let us see it")
        return await super().existing(wanted)
