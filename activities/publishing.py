"""publish: one comment and one merge at the forge, each under its business key, whoever is second finds it done.

The ledger notes the intent, the forge swaps, the ledger notes the outcome. What a forge refuses leaves no outcome,
because nothing was done: the same may be asked for again when somebody has mended it.
"""

import asyncio
from collections.abc import Mapping

from pydantic import JsonValue
from temporalio import activity

from activities.heartbeat import heartbeating
from activities.services import Services
from activities.standing import current_standing
from maestro.assurance.gitread import tree_of
from maestro.canonical import DIGEST_PREFIX, digest
from maestro.execution.mirror import fetch
from maestro.forges import Comment, Commented, Forge, Merge, Merged, PlainGit, Refused, Remote
from maestro.forges.forge import AskedT_contra
from maestro.ledger.once import once_at_remote
from maestro.model.base import Model
from maestro.model.conduct import CommentRequest, MergeRequest
from maestro.model.decision import DecisionCard, Publication
from maestro.model.progress import Progress
from maestro.model.pull_request import PullRequest
from maestro.render.documents import step_summary

LEASE_SECONDS = 30.0
"""How long a dead holder keeps the next one waiting where no failover has revoked its lease."""


class _RefusedError(Exception):
    """Carries a refusal past the ledger, so that it is recorded as no outcome."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PublishingActivities:
    """Tells the forge what was decided."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def comment(self, request: CommentRequest) -> Publication:
        """Let the head's one comment say what the card says."""
        pull_request = request.card.pull_request
        text = comment_text(request.card)
        # Two of one version differ where the first was lost with an unreplicated tail.
        said = digest(text).removeprefix(DIGEST_PREFIX)[:12]
        key = pull_request.key("comment", f"{request.version}.{said}")
        wanted = Comment(pull_request=pull_request, key=key, version=request.version, at=request.at, text=text)
        try:
            result = await self._once(key, [pull_request.repository, text], self._forge().comments, wanted)
        except _RefusedError as refused:
            return Publication(kind="comment", done=False, detail=f"not commented: {refused.reason}")
        commented = Commented.model_validate(result)
        detail = "a later comment is there" if commented.overtaken else "the head carries the comment"
        return Publication(kind="comment", done=True, detail=detail, commit=commented.commit)

    @activity.defn
    async def merge(self, request: MergeRequest) -> Publication:
        """Let the base branch be at the tested head, or say why that cannot be."""
        pull_request = request.pull_request
        key = pull_request.key("merge")
        asked: JsonValue = [pull_request.repository, pull_request.base_ref, pull_request.head_sha]
        wanted = Merge(pull_request=pull_request, key=key)
        try:
            merged = Merged.model_validate(await self._once(key, asked, self._forge().merges, wanted))
        except _RefusedError as refused:
            return Publication(kind="merge", done=False, detail=f"not merged: {refused.reason}")
        words = "already contains" if merged.found else "is at"
        return Publication(
            kind="merge",
            done=True,
            detail=f"{merged.base_ref} {words} {merged.head_sha[:12]}",
            commit=merged.head_sha,
            tree=await asyncio.to_thread(self._tree, pull_request, merged.head_sha),
        )

    def _tree(self, pull_request: PullRequest, commit: str) -> str:
        """The tree that landed, as the repository has it now and not as it was before the tests."""
        mirror = fetch(pull_request.repository, pull_request.repo, (commit,), places=self._services.places)
        return tree_of(mirror, commit)

    def _forge(self) -> Forge:
        return PlainGit(self._services.places)

    async def _once(
        self, key: str, request: JsonValue, remote: Remote[AskedT_contra, Model], wanted: AskedT_contra
    ) -> Mapping[str, JsonValue]:
        async def ask() -> Mapping[str, JsonValue] | None:
            found = await remote.ask(wanted)
            return None if found is None else found.model_dump(mode="json")

        async def call() -> Mapping[str, JsonValue]:
            answer = await remote.call(wanted)
            if isinstance(answer, Refused):
                raise _RefusedError(answer.reason)
            return answer.model_dump(mode="json")

        info, standing = activity.info(), current_standing()
        async with heartbeating(lambda: Progress(detail=f"at the forge: {key}")):
            effect = await once_at_remote(
                self._services.ledger,
                key,
                request=request,
                # For whoever looks who has it; that nothing happens twice rests on none of it.
                holder=f"{standing.region}/{info.workflow_run_id}/{info.activity_id}/{info.attempt}",
                ttl_seconds=LEASE_SECONDS,
                standing=standing,
                ask=ask,
                call=call,
            )
        return effect.result


def comment_text(card: DecisionCard) -> str:
    """The card for a forge, with what became of the merge."""
    merges = [f"**Merge.** {publication.detail}." for publication in card.publications if publication.kind == "merge"]
    return "\n\n".join([step_summary(card).strip(), *merges])
