"""One pull request, from its start to its decision: place, select, run, gather, decide, render, wait for a person.

Exceptions that are not Temporal failures are left to stall the workflow task on purpose: that is a bug of ours, and a
deploy mends it without losing the pull request. What tests or policies say is a result, never an exception.
"""

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from maestro.model.conduct import (
        ActionRecord,
        ConductRequest,
        ConductState,
        Outcome,
        RegionLeft,
        ReminderRequest,
    )
    from maestro.model.decision import (
        ActionKind,
        ActionResult,
        Decision,
        DecisionCard,
        DecisionState,
        Phase,
        ReviewerAction,
    )
    from maestro.model.region import Placement
    from maestro.model.tests import Problem, ShardResult
    from workflows import steps
    from workflows.actions import Refusal, apply, change_of_incidents, decision_state, refusal, result_of, words
    from workflows.interrupting import until_interrupted
    from workflows.judging import decide_request, reassess_request
    from workflows.leaving import LeavesRegions, Leaving
    from workflows.patches import settle_patches
    from workflows.publishing import Publishing
    from workflows.region import NoRegionError, RegionRunner, problem_of
    from workflows.replay import REPLAYED, replay_of, start_replay
    from workflows.reviewing import EVERY_CARD, ReviewerActions, refused
    from workflows.sealing import ON_RECORD, Sealer
    from workflows.stating import Statuses
    from workflows.telling import Teller
    from workflows.testing import RegionTests


@workflow.defn(name="PullRequestWorkflow")
class PullRequestWorkflow(ReviewerActions, LeavesRegions):
    """Conducts one head of one pull request. Its id is the business id, so the same head is conducted once."""

    @workflow.init
    def __init__(self, request: ConductRequest) -> None:
        self._request = request
        self._pull_request = request.pull_request
        settle_patches()
        self._state = request.state or ConductState(mode=request.mode)
        self._working = Phase.PLACE
        self._tell = Teller(request, self._state)
        # Two actions that arrive together must not both pass their check before either has changed the state.
        self._acting = asyncio.Lock()
        self._leaving = Leaving(self._state.left, self._state.gone)
        self._runner = RegionRunner(
            request.pull_request,
            request.timings,
            placed=self._placed,
            placement=self._state.placement,
            ordinal=self._state.placements,
            leaving=self._leaving,
        )
        self._tests = RegionTests(request.pull_request, request.timings, self._runner)
        self._publishing = Publishing(
            request.pull_request, request.timings, self._state, runner=self._runner, leaving=self._leaving
        )
        self._statuses = Statuses(request, self._state, tell=self._tell, leaving=self._leaving)
        self._sealer = Sealer(request.pull_request, request.timings, self._state, leaving=self._leaving)

    @workflow.run
    async def run(self, request: ConductRequest) -> Outcome:
        if workflow.info().continued_run_id is None:
            self._tell.note("started", request.pull_request.author or "unknown", request.pull_request.title)
        self._statuses.resume()
        try:
            await self._conduct()
        except (asyncio.CancelledError, FailureError) as error:
            # What a step raises when it is cancelled depends on whether it waited for an activity.
            if isinstance(error, FailureError) and not is_cancelled_exception(error):
                await self._statuses.give_up(error)
                raise
            self._state.cancelled_by = workflow.cancellation_reason() or "a cancellation request to Temporal"
            await asyncio.shield(self._close_cancelled())
            raise
        await workflow.wait_condition(workflow.all_handlers_finished)
        # The card has everything else of the state, and a history should not carry it twice.
        counters = self._state.model_copy(update={"plan": None, "gathered": None, "timeline": ()})
        card = self._tell.card()
        return Outcome(pull_request=self._pull_request, decision=card.decision, card=card, state=counters)

    @workflow.query(name="card", description="The Decision Card as it stands")
    def card(self) -> DecisionCard:
        return self._tell.card()

    async def _conduct(self) -> None:
        """Do what is wanted next, as the state says: actions change it at any time, and a run may continue another."""
        while not self._is_final():
            if self._acting.locked():
                # An action that is being recorded counts: it was there before the decision was final.
                await workflow.wait_condition(lambda: not self._acting.locked())
            elif self._state.round_wanted and not self._stopped():
                await self._interruptible_round()
            elif self._state.judge_wanted:
                await self._judge()
            else:
                await self._wait_for_person()
        await self._close()

    async def _close(self) -> None:
        publishing = bool(self._pull_request.publish) and not self._state.closing
        on_record = workflow.patched(ON_RECORD)
        # From here on nobody can change the decision: it is what the forge is told, and what is sealed.
        self._state.closing = self._state.closing or publishing or on_record
        is_green = decision_state(self._state) is DecisionState.GREEN
        if not is_green:
            self._statuses.tell(final=True)
        if publishing:
            await self._publish()
        if on_record:
            await self._reassess()
            await self._seal()
        if is_green:
            # Whoever merges by it must not merge what is not on record.
            self._statuses.tell(final=True)
        self._tell.enter(Phase.DONE)
        # The stored card must say that nothing can be done any more.
        await self._render()
        await self._end_of_telling()

    async def _end_of_telling(self) -> None:
        """Wait for the last status, which nothing else waits for, and store what became of it."""
        before = self._state.publications
        await self._statuses.settled()
        if self._state.publications != before:
            await self._render()

    async def _close_cancelled(self) -> None:
        try:
            if self._state.closing:
                self._tell.note("cancelled while closing", self._state.cancelled_by, "what was decided before stands")
            else:
                await self._judge()
            await self._close()
        except FailureError as error:
            await self._statuses.give_up(error)
            raise

    async def _publish(self) -> None:
        """Tell the forge the final decision."""
        if self._publishing.is_merge_wanted:
            # Nothing is merged whose evidence could not be kept.
            sealed = await self._seal() if workflow.patched(ON_RECORD) else True
            if sealed:
                # A branch that requires the status takes nothing before it is there.
                self._statuses.tell(final=True)
                await self._statuses.settled(within_seconds=self._publishing.lasting_seconds)
            self._work(Phase.PUBLISH)
            self._tell.published(await self._publishing.merge() if sealed else self._publishing.hold_back())
        self._work(Phase.PUBLISH)
        if self._publishing.is_comment_wanted:
            self._tell.published(await self._publishing.comment(self._tell.card()))

    async def _interruptible_round(self) -> None:
        """One round of tests, given up as soon as a reviewer asks for another one or cancels."""
        self._state.round_wanted = False
        round_ = await until_interrupted(self._round(), self._interrupted)
        if not self._interrupted():
            round_.result()
        self._state.judge_wanted = True

    def _stopped(self) -> bool:
        """A reviewer has ended it: no more tests, whatever else was asked for."""
        return bool(self._state.cancelled_by) or self._state.rejected

    def _interrupted(self) -> bool:
        return self._state.round_wanted or self._stopped()

    async def _round(self) -> None:
        self._state.problem = None
        try:
            self._work(Phase.PLACE)
            self._statuses.tell()
            await self._runner.region()
            self._work(Phase.SELECT)
            plan = await self._tests.select(self._state.mode, round_number=self._state.round)
            self._state.plan = plan
            self._state.problem = plan.problem
            self._tell.note("tests selected", "maestro", plan.reason)
            shards: tuple[ShardResult, ...] = ()
            attempts = {"attempt": self._state.attempt, "first_attempt": self._state.first_attempt}
            if plan.applicable:
                self._work(Phase.RUN)
                shards = await self._tests.run(plan, **attempts)
            self._work(Phase.GATHER)
            self._state.gathered = await self._tests.gather(plan, shards, **attempts)
        except ActivityError as error:
            if is_cancelled_exception(error) or self._interrupted():
                return
            self._state.problem = problem_of(error)
            self._tell.note("problem", "maestro", self._state.problem.message)
        except NoRegionError as error:
            self._state.problem = Problem(
                kind="NoRegion", message=str(error), fix="start a worker in an allowed region, or change the policy"
            )
            self._tell.note("no region", "maestro", str(error))

    async def _judge(self) -> None:
        """Decide on what is known, and put it on the card."""
        self._tell.enter(Phase.DECIDE)
        self._state.judge_wanted = False
        if self._state.cancelled_by:
            self._state.decision = Decision(
                state=DecisionState.CANCELLED,
                reasons=(f"cancelled by {self._state.cancelled_by}",),
                actor=self._state.cancelled_by,
            )
        else:
            if self._state.reviews and workflow.patched(ON_RECORD):
                await self._reassess()
            self._state.decision = await self._decide()
        self._state.decisions += 1
        self._tell.note("decided", self._state.decision.actor, self._state.decision.state.value)
        await self._replay()
        if not self._wanted() and not self._ended():
            self._tell.enter(Phase.WAITING_FOR_PERSON)
            await self._render()
            self._statuses.tell()
            if self._publishing.is_comment_wanted:
                self._tell.published(await self._publishing.comment(self._tell.card(), passing=True))

    async def _replay(self) -> None:
        """Let the left-out tests of a risky pull request run, once, after a decision that could let it be merged."""
        plan = self._state.plan
        mergeable = decision_state(self._state) in {DecisionState.GREEN, DecisionState.NEEDS_PERSON}
        if plan is None or not mergeable or self._state.replayed or self._wanted():
            return
        task = replay_of(self._pull_request, plan)
        # A decision that was made before there were replays is replayed without one.
        if task is None or plan.replay is None or not workflow.patched(REPLAYED):
            return
        self._state.replayed = True
        if await start_replay(self._pull_request, task, self._request.timings):
            why = f"{task.title} run on spare capacity, because {plan.replay.reason}"
            self._tell.note("replay started", "maestro", why)

    async def _decide(self) -> Decision:
        return await steps.decide(decide_request(self._pull_request, self._state, at=workflow.now()))

    async def _reassess(self) -> None:
        """Let the controls hear what people said and what was merged since the evidence was gathered."""
        request = reassess_request(self._pull_request, self._state, merged=self._publishing.merged, at=workflow.now())
        if request is not None and self._state.gathered is not None:
            evidence = await steps.reassess(request)
            self._state.gathered = self._state.gathered.model_copy(update={"evidence": evidence})

    async def _seal(self) -> bool:
        """Seal the evidence of the card as it stands; whether that could be done."""
        self._tell.enter(Phase.RENDER)
        await self._render()
        sealing = await self._sealer.seal()
        self._tell.note("evidence sealed" if sealing.done else "evidence not sealed", "maestro", sealing.detail)
        return sealing.done

    async def _render(self) -> None:
        self._state.card_version += 1
        self._state.links = await steps.render(self._tell.card())
        self._tell.show()

    def _wanted(self) -> bool:
        """Whether an action asks for something that has not been done."""
        return self._state.judge_wanted or (self._state.round_wanted and not self._stopped())

    def _ended(self) -> bool:
        """Whether the decision is one that ends the pull request."""
        ended = decision_state(self._state) in {DecisionState.GREEN, DecisionState.CANCELLED}
        return ended or self._state.expired or self._stopped()

    def _is_final(self) -> bool:
        """Whether nothing can change the decision. An action that came while policy was asked still can."""
        return self._ended() and not self._wanted() and not self._acting.locked()

    async def _wait_for_person(self) -> None:
        """Wait for an action, remind once, and let the deadline decide when nobody acts."""
        timings = self._request.timings
        blocked = decision_state(self._state) is DecisionState.BLOCKED
        seconds = timings.blocked_open_seconds if blocked else timings.person_deadline_seconds
        deadline = self._state.deadline or workflow.now() + timedelta(seconds=seconds)
        self._state.deadline = deadline
        remind_at = workflow.now() + timedelta(seconds=timings.reminder_after_seconds)
        while not self._wanted() and workflow.now() < deadline:
            if workflow.info().is_continue_as_new_suggested():
                await self._continue_as_new()
            reminding = not blocked and not self._state.reminders and remind_at < deadline
            until = remind_at if reminding else deadline
            try:
                await workflow.wait_condition(
                    lambda: self._wanted() or workflow.info().is_continue_as_new_suggested(),
                    timeout=max(until - workflow.now(), timedelta(0)),
                    timeout_summary="remind the reviewers" if reminding else "the deadline for a person",
                )
            except TimeoutError:
                if reminding:
                    await self._remind(deadline)
        if not self._wanted():
            self._state.expired = True
            self._state.judge_wanted = True
            self._tell.note("expired", "maestro", "nobody acted before the deadline")

    async def _remind(self, deadline: datetime) -> None:
        await steps.remind(
            ReminderRequest(
                pull_request=self._pull_request,
                deadline=deadline,
                ordinal=self._state.decisions,
                at=workflow.now(),
            )
        )
        self._state.reminders += 1
        self._tell.note("reminded", "maestro", f"a person is needed before {deadline:%Y-%m-%d %H:%M} UTC")
        await self._render()

    async def _continue_as_new(self) -> None:
        await self._statuses.pause()
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self._request.model_copy(update={"state": self._state}))

    def refusal(self, kind: ActionKind, action: ReviewerAction, *, every_card: bool = True) -> Refusal | None:
        return refusal(kind, action, self._state, self._pull_request, every_card=every_card)

    async def act(self, kind: ActionKind, action: ReviewerAction) -> ActionResult:
        async with self._acting:
            every_card = workflow.patched(EVERY_CARD)
            refusal = self.refusal(kind, action, every_card=every_card)
            if refusal is not None:
                raise refused(refusal)
            known = self._state.results.get(action.action_id)
            if known is not None:
                return known
            result = result_of(kind, action, self._state, every_card=every_card)
            now = workflow.now()
            changed = change_of_incidents(kind, action, self._state, self._pull_request, at=now)
            record = ActionRecord(
                pull_request=self._pull_request, kind=kind, action=action, result=result, incidents=changed, at=now
            )
            result = await self._record(record)
            apply(kind, action, self._state, changed=changed)
            if every_card:
                # Who acts at the same moment, on the card as it was before, is shown this one first.
                self._state.card_version = max(self._state.card_version + 1, result.card_version)
            self._state.results[action.action_id] = result
            self._tell.note(words(kind), action.actor, action.reason or result.changed)
            return result

    async def _record(self, record: ActionRecord) -> ActionResult:
        """Write the action to the ledger. What cannot be written is refused, and has changed nothing.

        After a failover the ledger may have an action that this workflow has lost: it acts, and answers as it did then.
        """
        try:
            return await steps.record_action(record)
        except ApplicationError as error:
            sentence = f"action {record.action.action_id!r} cannot be recorded, so it does nothing: {error.message}"
            raise refused(Refusal(sentence)) from error

    def note_refused(self, kind: ActionKind, action: ReviewerAction, reason: str) -> None:
        self._tell.note(f"refused: {words(kind)}", action.actor, reason)

    def region_was_left(self, left: RegionLeft) -> None:
        self._tell.note("region left", "maestro", f"{left.region}: {left.reason}")

    def _placed(self, placement: Placement) -> None:
        self._state.placement = placement
        self._state.placements = placement.ordinal + (placement.region is not None)
        self._tell.note("placed" if placement.region else "waiting for a region", "maestro", placement.reason)
        if placement.region is not None:
            self._tell.enter(self._working)
        else:
            self._tell.enter(Phase.WAITING_FOR_REGION)
        self._tell.show()

    def _work(self, phase: Phase) -> None:
        """Enter a phase that needs a region, to which the pull request comes back when it had to wait for one."""
        self._working = phase
        self._tell.enter(phase)
