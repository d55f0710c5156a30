"""publish: a comment, a status and a merge at the forge, each under its business key; whoever is second finds it done.

The ledger notes the intent, the forge swaps, the ledger notes the outcome. What a forge refuses leaves no outcome,
because nothing was done: the same may be asked for again when somebody has mended it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pydantic import JsonValue
from temporalio import activity

from activities.heartbeat import heartbeating
from activities.services import Services
from activities.standing import current_standing
from activities.stating import status_asked
from maestro.assurance.gitread import tree_of
from maestro.canonical import DIGEST_PREFIX, digest
from maestro.errors import BadInput
from maestro.execution.mirror import fetch
from maestro.forges import Comment, Commented, Merge, Merged, Refused, Remote, Stated
from maestro.forges.forge import AskedT_contra
from maestro.ledger.holding import holding
from maestro.ledger.once import once_at_remote
from maestro.model.base import Model
from maestro.model.conduct import CommentRequest, MergeRequest, StatusRequest
from maestro.model.decision import Publication
from maestro.model.progress import Progress
from maestro.model.pull_request import PullRequest
from maestro.render.status import comment_of

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
        text = comment_of(request.card)
        # Two of one version differ where the first was lost with an unreplicated tail.
        said = digest(text).removeprefix(DIGEST_PREFIX)[:12]
        key = pull_request.key("comment", f"{request.version}.{said}")
        wanted = Comment(pull_request=pull_request, key=key, version=request.version, at=request.at, text=text)
        comments = self._services.forges.of(pull_request).comments
        try:
            result = await self._once(key, [pull_request.repository, text], comments, wanted)
        except _RefusedError as refused:
            return Publication(kind="comment", done=False, detail=f"not commented: {refused.reason}")
        commented = Commented.model_validate(result)
        detail = "a later comment is there" if commented.overtaken else "the head carries the comment"
        return Publication(kind="comment", done=True, detail=detail, commit=commented.commit)

    @activity.defn
    async def status(self, request: StatusRequest) -> Publication:
        """Let the forge show of the head what the card says."""
        forge = self._services.forges.shown_at(request.card.pull_request)
        if forge is None:
            return Publication(
                kind="status", done=False, detail="no status told: the repository is at no forge that is configured"
            )
        topology, places = self._services.topology, self._services.places
        wanted = await asyncio.to_thread(status_asked, request, gateway=topology.gateway, places=places)
        asked: JsonValue = [wanted.pull_request.repository, wanted.state.value, wanted.title, wanted.summary]
        try:
            async with self._alone(wanted.key.rpartition("/")[0]):
                result = await self._once(wanted.key, asked, forge.statuses, wanted)
        except _RefusedError as refused:
            return Publication(kind="status", done=False, detail=f"no status told: {refused.reason}")
        overtaken = Stated.model_validate(result).overtaken
        detail = "a later status is there" if overtaken else f"the head's status is {wanted.state.value}"
        return Publication(kind="status", done=True, detail=detail, commit=wanted.pull_request.head_sha)

    @activity.defn
    async def merge(self, request: MergeRequest) -> Publication:
        """Let the base branch be at the tested head, or say why that cannot be."""
        pull_request = request.pull_request
        key = pull_request.key("merge")
        asked: JsonValue = [pull_request.repository, pull_request.base_ref, pull_request.head_sha]
        wanted = Merge(pull_request=pull_request, key=key)
        merges = self._services.forges.of(pull_request).merges
        try:
            merged = Merged.model_validate(await self._once(key, asked, merges, wanted))
        except _RefusedError as refused:
            return Publication(kind="merge", done=False, detail=f"not merged: {refused.reason}")
        return await asyncio.to_thread(self._landed, pull_request, merged)

    def _landed(self, pull_request: PullRequest, merged: Merged) -> Publication:
        """What landed, as the repository has it now and not as it was before the tests."""
        landed = merged.landed or merged.head_sha
        words = f"{merged.base_ref} {'already contains' if merged.found else 'is at'} {merged.head_sha[:12]}"
        if merged.landed:
            words = f"{merged.base_ref} contains {merged.head_sha[:12]} as {landed[:12]}"
        done = Publication(kind="merge", done=True, detail=words, commit=landed)
        commits = (merged.head_sha, landed)
        try:
            mirror = fetch(pull_request.repository, pull_request.repo, commits, places=self._services.places)
        except BadInput as error:
            # It has landed, whatever can be seen of it.
            return done.model_copy(update={"detail": f"{words}; what landed cannot be looked at: {error.message}"})
        tested, tree = (tree_of(mirror, commit) for commit in commits)
        if tree != tested:
            words += ", which is not what was tested: test what landed, or revert it"
        return done.model_copy(update={"detail": words, "tree": tree})

    @asynccontextmanager
    async def _alone(self, subject: str) -> AsyncIterator[None]:
        """One status of a head at a time, whichever version: what a forge shows is what it heard last."""
        leases = self._services.ledger.leases
        lease = await asyncio.to_thread(
            leases.acquire, subject, holder=_holder(), ttl_seconds=LEASE_SECONDS, standing=current_standing()
        )
        async with holding(leases, lease, ttl_seconds=LEASE_SECONDS):
            yield

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

        async with heartbeating(lambda: Progress(detail=f"at the forge: {key}")):
            effect = await once_at_remote(
                self._services.ledger,
                key,
                request=request,
                holder=_holder(),
                ttl_seconds=LEASE_SECONDS,
                standing=current_standing(),
                ask=ask,
                call=call,
            )
        return effect.result


def _holder() -> str:
    """For whoever looks who has it; that nothing happens twice rests on none of it."""
    info = activity.info()
    return f"{current_standing().region}/{info.workflow_run_id}/{info.activity_id}/{info.attempt}"
