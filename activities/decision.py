"""decide: local activities of milliseconds. Policy decides, and what people and deadlines did is written down."""

from collections.abc import Mapping

from pydantic import JsonValue
from temporalio import activity

from activities.services import Services
from activities.standing import current_standing
from maestro.canonical import DIGEST_PREFIX, digest
from maestro.decision import DecisionFacts, decide
from maestro.ledger import Effect
from maestro.model.conduct import ActionRecord, DecideRequest, ReminderRequest
from maestro.model.decision import ActionResult, Decision
from maestro.model.record import DecisionRecord, RecordKind


class DecisionActivities:
    """Decisions, reviewer actions and reminders; each leaves a decision record in the ledger."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    def decide(self, request: DecideRequest) -> Decision:
        """What policy says about everything that is known."""
        facts = self._facts(request)
        decision = decide(facts, policy=self._services.policy)
        # A worker that died may have decided under this ordinal on other facts, and nobody has heard of it.
        inputs = digest(facts)
        pull_request = request.pull_request
        self._services.ledger.records.append(
            DecisionRecord(
                key=pull_request.key("decision", f"{request.ordinal}.{inputs.removeprefix(DIGEST_PREFIX)[:12]}"),
                kind=RecordKind.DECISION,
                repo=pull_request.repo,
                pr=pull_request.pr,
                head_sha=pull_request.head_sha,
                actor=decision.actor,
                outcome=decision.state.value,
                reason="; ".join(decision.reasons),
                inputs={"facts": inputs},
                version=decision.policy_digest,
                at=request.at,
            )
        )
        return decision

    def _facts(self, request: DecideRequest) -> DecisionFacts:
        services = self._services
        plan = request.plan
        regions = {region.id: region for region in services.topology.model_regions()}
        return DecisionFacts(
            pull_request=request.pull_request,
            plan=plan,
            report=request.report,
            findings=request.evidence.findings if request.evidence else (),
            placement=request.placement,
            region=regions.get(request.placement.region or "") if request.placement else None,
            prices=services.topology.prices,
            reviews=request.reviews,
            problems=(request.problem,) if request.problem else (),
            expired=request.expired,
            changed_files=plan.changed_file_count if plan else None,
            retries=request.attempt,
        )

    @activity.defn
    def record_action(self, record: ActionRecord) -> ActionResult | None:
        """Write down a reviewer's action once, under its own id; the result that was written first."""
        pull_request, action = record.pull_request, record.action
        key = pull_request.key("action", action.action_id)
        effect = self._record_once(
            DecisionRecord(
                key=key,
                kind=RecordKind.ACTION,
                repo=pull_request.repo,
                pr=pull_request.pr,
                head_sha=pull_request.head_sha,
                actor=action.actor,
                outcome=f"{record.kind.value}: {record.result.changed}",
                reason=action.reason,
                inputs={"action": digest(action), "result": digest(record.result)},
                at=record.at,
            ),
            # Not the result: after a crash the same action may be recorded again when the card has moved on.
            request=[record.kind.value, action.model_dump(mode="json")],
            # With the action itself, which is taken again where a failover has lost it.
            result=record.result.model_dump(mode="json") | {"action": action.model_dump(mode="json")},
        )
        return ActionResult.model_validate(effect.result)

    @activity.defn
    def remind(self, request: ReminderRequest) -> None:
        """Write down once that a person was reminded."""
        pull_request = request.pull_request
        key = pull_request.key("reminder", request.ordinal)
        if self._services.ledger.effects.recorded(key) is not None:
            # After a failover the deadline may be another one: somebody was reminded all the same.
            return
        self._record_once(
            DecisionRecord(
                key=key,
                kind=RecordKind.REMINDER,
                repo=pull_request.repo,
                pr=pull_request.pr,
                head_sha=pull_request.head_sha,
                actor="maestro",
                outcome="reminded",
                reason=f"a person is needed before {request.deadline.isoformat()}",
                at=request.at,
            ),
            request=request.deadline.isoformat(),
            result={"deadline": request.deadline.isoformat()},
        )

    def _record_once(self, record: DecisionRecord, *, request: JsonValue, result: Mapping[str, JsonValue]) -> Effect:
        """The effect and its decision record in one transaction."""
        ledger = self._services.ledger
        return ledger.effects.once(
            record.key,
            request_digest=digest(request),
            result=result,
            standing=current_standing(),
            also=lambda connection: ledger.records.append(record, within=connection),
        )
