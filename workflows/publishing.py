"""What the forge is told of a decision, where that is asked for: one merge of a green head, and one comment that is
rewritten when the decision changes.

What cannot be published is said on the card and changes no decision. The merge runs where the code may be; a comment
carries none, so it is written by any region.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.publishing import PublishingActivities
    from maestro.model.conduct import CommentRequest, ConductState, MergeRequest, Timings
    from maestro.model.decision import DecisionCard, DecisionState, Publication
    from maestro.model.pull_request import PullRequest
    from maestro.model.region import region_io_queue
    from workflows.actions import decision_state
    from workflows.leaving import Leaving, RegionGoneError
    from workflows.region import BUDGET_FACTOR, PATIENT, NoRegionError, RegionRunner, problem_of

ATTEMPT_SECONDS = 120.0
"""One try at a comment: a few pushes of a small reference, and waiting for those of other pull requests."""

PASSING_SECONDS = 120.0
"""How long a comment is tried while a reviewer may act: an action waits behind it, and the next comment says more."""


class Publishing:
    """Publishes for one pull request. The results stand in ``state``."""

    def __init__(
        self,
        pull_request: PullRequest,
        timings: Timings,
        state: ConductState,
        *,
        runner: RegionRunner,
        leaving: Leaving,
    ) -> None:
        self._pull_request = pull_request
        self._timings = timings
        self._state = state
        self._runner = runner
        self._leaving = leaving

    @property
    def is_merge_wanted(self) -> bool:
        return "merge" in self._pull_request.publish and decision_state(self._state) is DecisionState.GREEN

    @property
    def lasting_seconds(self) -> float:
        """How long it is tried to tell what stays, and to merge."""
        return self._timings.prepare_timeout_seconds * BUDGET_FACTOR

    @property
    def is_comment_wanted(self) -> bool:
        return "comment" in self._pull_request.publish

    def hold_back(self) -> Publication:
        """The merge that is not made, because nothing could prove later why it was right."""
        why = self._state.sealing.detail if self._state.sealing else "its evidence was not sealed"
        return self._keep(Publication(kind="merge", done=False, detail=f"not merged: {why}"))

    @property
    def merged(self) -> Publication | None:
        """The merge, once it is made."""
        return next((one for one in self._state.publications if one.kind == "merge" and one.done), None)

    async def merge(self) -> Publication:
        """Move the base to the tested head, once, or say why not."""
        try:
            merged = await self._runner.execute(
                PublishingActivities.merge,
                lambda region: MergeRequest(pull_request=self._pull_request, region=region),
                timeout_seconds=self._timings.prepare_timeout_seconds,
                summary="merge",
                queue=region_io_queue,
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            merged = Publication(kind="merge", done=False, detail=f"not merged: {problem_of(error).message}")
        except NoRegionError as error:
            merged = Publication(kind="merge", done=False, detail=f"not merged: {error}")
        return self._keep(merged)

    async def comment(self, card: DecisionCard, *, passing: bool = False) -> Publication:
        """Let the comment on the head say what the card says. ``passing``: a later one will follow."""
        request = CommentRequest(card=card, version=self._state.comments, at=workflow.now())
        self._state.comments += 1
        budget = PASSING_SECONDS if passing else self.lasting_seconds
        try:
            written = await self._written(request, budget_seconds=budget)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            written = Publication(kind="comment", done=False, detail=f"not commented: {problem_of(error).message}")
        return self._keep(written)

    async def _written(self, request: CommentRequest, *, budget_seconds: float) -> Publication:
        while True:
            handle = workflow.start_activity_method(
                PublishingActivities.comment,
                request,
                start_to_close_timeout=timedelta(seconds=ATTEMPT_SECONDS),
                schedule_to_close_timeout=timedelta(seconds=budget_seconds),
                heartbeat_timeout=timedelta(seconds=self._timings.heartbeat_timeout_seconds),
                retry_policy=PATIENT,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary="comment on the head",
            )
            try:
                return await self._leaving.end_of(handle)
            except RegionGoneError:
                # Who writes it is not known, so it is written again; whoever is second finds it there.
                continue

    def _keep(self, publication: Publication) -> Publication:
        others = (other for other in self._state.publications if other.kind != publication.kind)
        self._state.publications = (*others, publication)
        return publication
