"""Reviewer actions as Temporal updates, and as signals of the same names for the Temporal UI and CLI.

An update is refused by its validator before it leaves a trace in history; where the card has moved on since the
reviewer looked, the failure is a ``StaleCard`` whose details are the version seen and the version now, else an
``ActionRefused``. A signal cannot be refused: one that does not fit is written on the timeline as refused. Both act
once per action id.
"""

from abc import ABC, abstractmethod

from temporalio import workflow
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

with workflow.unsafe.imports_passed_through():
    from maestro.model.decision import ActionKind, ActionResult, ReviewerAction
    from workflows.actions import Refusal


REFUSED = "ActionRefused"
STALE = "StaleCard"
"""The types of failures that a client tells apart."""

EVERY_CARD = "every action is held to the card that was seen"
"""The patch since which no action is taken on a stale card, and each one makes the card a new version."""


def refused(refusal: Refusal) -> ApplicationError:
    """The answer to an update that does not fit; expected, so it is no error in logs and metrics."""
    return ApplicationError(
        refusal.sentence,
        *(refusal.stale or ()),
        type=STALE if refusal.stale else REFUSED,
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )


class ReviewerActions(ABC):
    """The seven actions. A workflow implements ``refusal``, ``act`` and ``note_refused``."""

    @abstractmethod
    def refusal(self, kind: ActionKind, action: ReviewerAction, *, every_card: bool = True) -> Refusal | None:
        """Why the action cannot be taken now, or None. Reads only."""

    @abstractmethod
    async def act(self, kind: ActionKind, action: ReviewerAction) -> ActionResult:
        """Take the action, once per id. Raises ``ApplicationError`` where it no longer fits."""

    @abstractmethod
    def note_refused(self, kind: ActionKind, action: ReviewerAction, reason: str) -> None:
        """Write down that a signal was refused."""

    def _check(self, kind: ActionKind, action: ReviewerAction) -> None:
        # A validator never runs in a replay, so it needs no patch, and may not ask for one.
        refusal = self.refusal(kind, action)
        if refusal is not None:
            raise refused(refusal)

    async def _signalled(self, kind: ActionKind, action: ReviewerAction) -> None:
        refusal = self.refusal(kind, action, every_card=workflow.patched(EVERY_CARD))
        reason = refusal.sentence if refusal else None
        if reason is None:
            try:
                await self.act(kind, action)
            except ApplicationError as error:
                # Another action came first while this one waited for its turn.
                reason = error.message
        if reason is not None:
            self.note_refused(kind, action, reason)

    @workflow.update(name=ActionKind.APPROVE.value, description="Make the pull request green in the reviewer's name")
    async def approve(self, action: ReviewerAction) -> ActionResult:
        return await self.act(ActionKind.APPROVE, action)

    @approve.validator
    def _may_approve(self, action: ReviewerAction) -> None:
        self._check(ActionKind.APPROVE, action)

    @workflow.signal(name=ActionKind.APPROVE.value, description="Make the pull request green in the reviewer's name")
    async def approve_signal(self, action: ReviewerAction) -> None:
        await self._signalled(ActionKind.APPROVE, action)

    @workflow.update(name=ActionKind.REJECT.value, description="Block the pull request; a reason is needed")
    async def reject(self, action: ReviewerAction) -> ActionResult:
        return await self.act(ActionKind.REJECT, action)

    @reject.validator
    def _may_reject(self, action: ReviewerAction) -> None:
        self._check(ActionKind.REJECT, action)

    @workflow.signal(name=ActionKind.REJECT.value, description="Block the pull request; a reason is needed")
    async def reject_signal(self, action: ReviewerAction) -> None:
        await self._signalled(ActionKind.REJECT, action)

    @workflow.update(name=ActionKind.ESCALATE_TESTS.value, description="Run every test")
    async def escalate_tests(self, action: ReviewerAction) -> ActionResult:
        return await self.act(ActionKind.ESCALATE_TESTS, action)

    @escalate_tests.validator
    def _may_escalate(self, action: ReviewerAction) -> None:
        self._check(ActionKind.ESCALATE_TESTS, action)

    @workflow.signal(name=ActionKind.ESCALATE_TESTS.value, description="Run every test")
    async def escalate_tests_signal(self, action: ReviewerAction) -> None:
        await self._signalled(ActionKind.ESCALATE_TESTS, action)

    @workflow.update(name=ActionKind.DOWNSHIFT.value, description="Run only the tests closest to the change")
    async def downshift(self, action: ReviewerAction) -> ActionResult:
        return await self.act(ActionKind.DOWNSHIFT, action)

    @downshift.validator
    def _may_downshift(self, action: ReviewerAction) -> None:
        self._check(ActionKind.DOWNSHIFT, action)

    @workflow.signal(name=ActionKind.DOWNSHIFT.value, description="Run only the tests closest to the change")
    async def downshift_signal(self, action: ReviewerAction) -> None:
        await self._signalled(ActionKind.DOWNSHIFT, action)

    @workflow.update(name=ActionKind.RETRY.value, description="Run tests without a passing verdict again")
    async def retry(self, action: ReviewerAction) -> ActionResult:
        return await self.act(ActionKind.RETRY, action)

    @retry.validator
    def _may_retry(self, action: ReviewerAction) -> None:
        self._check(ActionKind.RETRY, action)

    @workflow.signal(name=ActionKind.RETRY.value, description="Run tests without a passing verdict again")
    async def retry_signal(self, action: ReviewerAction) -> None:
        await self._signalled(ActionKind.RETRY, action)

    @workflow.update(name=ActionKind.CANCEL.value, description="Stop everything; nothing is decided")
    async def cancel(self, action: ReviewerAction) -> ActionResult:
        return await self.act(ActionKind.CANCEL, action)

    @cancel.validator
    def _may_cancel(self, action: ReviewerAction) -> None:
        self._check(ActionKind.CANCEL, action)

    @workflow.signal(name=ActionKind.CANCEL.value, description="Stop everything; nothing is decided")
    async def cancel_signal(self, action: ReviewerAction) -> None:
        await self._signalled(ActionKind.CANCEL, action)

    @workflow.update(name=ActionKind.INCIDENT.value, description="Hold it back and say what is wrong")
    async def incident(self, action: ReviewerAction) -> ActionResult:
        return await self.act(ActionKind.INCIDENT, action)

    @incident.validator
    def _may_report(self, action: ReviewerAction) -> None:
        self._check(ActionKind.INCIDENT, action)

    @workflow.signal(name=ActionKind.INCIDENT.value, description="Hold it back and say what is wrong")
    async def incident_signal(self, action: ReviewerAction) -> None:
        await self._signalled(ActionKind.INCIDENT, action)
