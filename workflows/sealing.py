"""The evidence of a decision, sealed into a bundle that anybody can check: before a merge, and again when it is done.

What cannot be sealed is said on the card, and is not merged; it changes no decision.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.evidence import EvidenceActivities
    from maestro.model.conduct import ConductState, SealRequest, Timings
    from maestro.model.decision import Sealing
    from maestro.model.evidence import EvidenceSet
    from maestro.model.pull_request import PullRequest
    from workflows.leaving import Leaving, RegionGoneError
    from workflows.region import BUDGET_FACTOR, PATIENT, problem_of

ON_RECORD = "evidence-on-record"
"""Decisions that were made before there were bundles are replayed without one."""

ATTEMPT_SECONDS = 300.0
"""One try: reading and hashing every artifact of a large test run, and a page layout of a second."""


class Sealer:
    """Seals for one pull request. The result stands in ``state``."""

    def __init__(self, pull_request: PullRequest, timings: Timings, state: ConductState, *, leaving: Leaving) -> None:
        self._pull_request = pull_request
        self._timings = timings
        self._state = state
        self._leaving = leaving

    async def seal(self) -> Sealing:
        """The bundle of the card that was rendered last, or why there is none."""
        card = self._state.links.card_json
        if card is None:
            return self._keep(Sealing(done=False, detail="evidence not sealed: the card is not stored"))
        evidence = self._state.gathered.evidence if self._state.gathered else EvidenceSet()
        request = SealRequest(
            pull_request=self._pull_request,
            card=card,
            evidence=evidence.model_copy(update={"findings": ()}),
            ordinal=self._state.seals,
            at=workflow.now(),
        )
        self._state.seals += 1
        try:
            return self._keep(await self._sealed(request))
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return self._keep(Sealing(done=False, detail=f"evidence not sealed: {problem_of(error).message}"))

    async def _sealed(self, request: SealRequest) -> Sealing:
        while True:
            handle = workflow.start_activity_method(
                EvidenceActivities.seal,
                request,
                start_to_close_timeout=timedelta(seconds=ATTEMPT_SECONDS),
                schedule_to_close_timeout=timedelta(seconds=self._timings.prepare_timeout_seconds * BUDGET_FACTOR),
                heartbeat_timeout=timedelta(seconds=self._timings.heartbeat_timeout_seconds),
                retry_policy=PATIENT,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary="seal the evidence",
            )
            try:
                return await self._leaving.end_of(handle)
            except RegionGoneError:
                # Whether it was sealed is not known; whoever is second finds the bundle on record.
                continue

    def _keep(self, sealing: Sealing) -> Sealing:
        self._state.sealing = sealing
        return sealing
