"""The night: see what the day left out, and write down what was found."""

import asyncio
from datetime import datetime

from temporalio import activity

from activities.heartbeat import heartbeating
from activities.night_plan import NightPlanner
from activities.services import Services
from maestro.canonical import digest
from maestro.model.night import NightPlan, NightRequest, NightTaskResult
from maestro.model.progress import Progress
from maestro.model.record import DecisionRecord, RecordKind
from maestro.model.tracing import FindingKind


class NightlyActivities:
    """Plans the night and settles what the day owed."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def plan_night(self, request: NightRequest) -> NightPlan:  # noqa: ARG002 - one model in, as everywhere
        """What this night runs, in its order."""
        started = activity.info().scheduled_time
        async with heartbeating(lambda: Progress(detail="asking the repositories for their main branches")):
            return await asyncio.to_thread(NightPlanner(self._services, started).plan)

    @activity.defn
    async def settle(self, result: NightTaskResult) -> NightTaskResult:
        """The result in figures, stored whole; the debts that it has verdicts for are paid, and a record is written."""
        return await asyncio.to_thread(self._settle, result, activity.info().scheduled_time)

    def _settle(self, result: NightTaskResult, at: datetime) -> NightTaskResult:
        task, report = result.task, result.report
        ledger, pull_request = self._services.ledger, result.task.pull_request
        if task.settles and report and report.counts:
            ledger.night.settle(pull_request.key("run", 0), pull_request=task.settles)
        if result.trace:
            result = result.model_copy(update={"escapes": result.trace.escapes})
        ledger.records.append(
            DecisionRecord(
                key=pull_request.key("night"),
                kind=RecordKind.NIGHTLY,
                repo=pull_request.repo,
                pr=(task.settles or pull_request).pr,
                head_sha=pull_request.head_sha,
                actor="night",
                outcome=_outcome(result),
                reason=_reason(result),
                inputs=_inputs(result),
                at=at,
            )
        )
        return self._brief(result)

    def _brief(self, result: NightTaskResult) -> NightTaskResult:
        """The figures: a night of hundreds of runs hands all of its results on when it continues as new."""
        full = self._services.artifacts.put_model(result, name="night.json")
        report = result.report and result.report.model_copy(update={"failed": (), "results": (), "logs": ()})
        return result.model_copy(update={"report": report, "full": full})


def _inputs(result: NightTaskResult) -> dict[str, str]:
    inputs = {"report": digest(result.report)} if result.report else {}
    return inputs | {"findings": result.trace.findings.digest} if result.trace else inputs


def _reason(result: NightTaskResult) -> str:
    if result.problem:
        return result.problem.message
    if not result.escapes:
        return result.task.title
    escaped = result.trace.counts[FindingKind.ESCAPE] if result.trace else len(result.escapes)
    more = f" and {escaped - len(result.escapes)} more" if escaped > len(result.escapes) else ""
    return f"{result.task.title}; escaped: {', '.join(result.escapes)}{more}"


def _outcome(result: NightTaskResult) -> str:
    failed = result.report.failed_count if result.report else 0
    if result.trace:
        return ", ".join(f"{count} {_WORDS[kind]}" for kind, count in result.trace.counts.items())
    if result.problem:
        return f"{failed} failed, not traced" if failed else "no verdict"
    return f"{failed} failed" if failed else "green"


_WORDS = {
    FindingKind.ESCAPE: "escaped",
    FindingKind.OLD_FAILURE: "failed before",
    FindingKind.FLAKY: "flaky",
    FindingKind.UNTRACED: "failed, not traced",
}
