"""decide: local activities of milliseconds. Policy decides, and what people and deadlines did is written down."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from pydantic import JsonValue
from temporalio import activity

from activities.services import Services
from activities.standing import current_standing
from maestro.attestations.actions import ACTION_INPUT, STATEMENT_INPUT, plain_action, signed_action
from maestro.attestations.names import ENVELOPE_MEDIA_TYPE
from maestro.canonical import DIGEST_PREFIX, digest
from maestro.decision import DecisionFacts, decide
from maestro.errors import BadInput, MaestroError
from maestro.home import keys_dir
from maestro.ledger import Effect
from maestro.model.artifact import ArtifactRef
from maestro.model.conduct import ActionRecord, DecideRequest, ReminderRequest
from maestro.model.decision import ActionResult, Decision, Incident
from maestro.model.record import DecisionRecord, RecordKind
from maestro.signing.keys import open_evidence_keyring


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
            incidents=request.incidents,
            problems=(request.problem,) if request.problem else (),
            expired=request.expired,
            changed_files=plan.changed_file_count if plan else None,
            retries=request.attempt,
        )

    @activity.defn
    def record_action(self, record: ActionRecord) -> ActionResult | None:
        """Sign a reviewer's action and write it down once, under its own id; the result that was written first.

        Raises BadInput where it cannot be signed: an action waits for nobody to mend a key.
        """
        pull_request, action = record.pull_request, record.action
        key = pull_request.key("action", action.action_id)
        plain = plain_action(action)
        inputs = {ACTION_INPUT: digest(plain), "result": digest(record.result)}
        if self._services.ledger.effects.recorded(key) is None:
            inputs[STATEMENT_INPUT] = self._sign(record).digest
        written = DecisionRecord(
            key=key,
            kind=RecordKind.ACTION,
            repo=pull_request.repo,
            pr=pull_request.pr,
            head_sha=pull_request.head_sha,
            actor=action.actor,
            outcome=f"{record.kind.value}: {record.result.changed}",
            reason=action.reason,
            inputs=inputs,
            at=record.at,
        )
        effect = self._record_once(
            written,
            # Not the result: after a crash the same action may be recorded again when the card has moved on.
            request=[record.kind.value, plain],
            # With the action itself, which is taken again where a failover has lost it.
            result=record.result.model_dump(mode="json") | {"action": plain},
            follows=incident_records(record),
        )
        return ActionResult.model_validate(effect.result)

    def _sign(self, record: ActionRecord) -> ArtifactRef:
        try:
            envelope = signed_action(record, keys=open_evidence_keyring(keys_dir()))
            return self._services.artifacts.put(envelope, media_type=ENVELOPE_MEDIA_TYPE, name="action.dsse.json")
        except MaestroError as error:
            # Not to be tried again and again: the pull request would stand still behind one action.
            raise BadInput(f"it cannot be signed: {error.message}", field=error.field, fix=error.fix) from error

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

    def _record_once(
        self,
        record: DecisionRecord,
        *,
        request: JsonValue,
        result: Mapping[str, JsonValue],
        follows: Sequence[DecisionRecord] = (),
    ) -> Effect:
        """The effect, its decision record and those that follow from it, in one transaction."""
        ledger = self._services.ledger

        def also(connection: sa.Connection) -> None:
            ledger.records.append(record, within=connection)
            for one in follows:
                if ledger.records.append(one, within=connection).record.inputs != one.inputs:
                    # Its number was given before, to one that a failover took from the workflow.
                    again = one.model_copy(update={"key": f"{one.key}.{one.inputs[ACTION_INPUT][-12:]}"})
                    ledger.records.append(again, within=connection)

        return ledger.effects.once(
            record.key,
            request_digest=digest(request),
            result=result,
            standing=current_standing(),
            also=also,
        )


def incident_records(record: ActionRecord) -> tuple[DecisionRecord, ...]:
    """What an action did to incidents: ``incident/…/<ordinal>`` for one that it opens, ``.answered`` after it for one
    that it answers.
    """
    return tuple(_incident_record(incident, record) for incident in record.incidents)


def _incident_record(incident: Incident, record: ActionRecord) -> DecisionRecord:
    pull_request, answer = record.pull_request, incident.answer
    return DecisionRecord(
        key=pull_request.key("incident", f"{incident.ordinal}.answered" if answer else incident.ordinal),
        kind=RecordKind.INCIDENT,
        repo=pull_request.repo,
        pr=pull_request.pr,
        head_sha=pull_request.head_sha,
        actor=answer.actor if answer else incident.actor,
        outcome="answered" if answer else "reported",
        reason=answer.reason if answer else incident.reason,
        inputs={ACTION_INPUT: digest(plain_action(record.action)), "incident": digest(incident)},
        at=record.at,
    )
