"""What a night runs: the tests that the day left out, then each main branch whole, or what is worth knowing of it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from activities.services import Services
from maestro.canonical import canonical_json
from maestro.errors import BadInput
from maestro.execution.branches import main_branch
from maestro.impact.exploration import Pick, explore
from maestro.impact.gathering import uncertainty_of
from maestro.impact.shards import expected_seconds
from maestro.ledger.night import Debtor
from maestro.model.artifact import ArtifactRef
from maestro.model.night import NightPlan, NightTask
from maestro.model.pull_request import PullRequest
from maestro.model.tests import Problem

HEADS_LIMIT = 400
"""Heads whose left-out tests have their turn in one night: all tasks and results of a night pass from one run of its
workflow to the next, at some 2 KiB each. The oldest go first, the others in the next night.
"""


class NightPlanner:
    """Plans the night that ``started``, by the ledger and the repositories as they are."""

    def __init__(self, services: Services, started: datetime) -> None:
        self._services = services
        self._started = started
        # By the minute, so that a second night of a day has keys of its own.
        self._name = f"night-{started:%Y-%m-%d-%H%M}"

    def plan(self) -> NightPlan:
        """Every head with left-out tests, then the main branch of each repository that was conducted."""
        debtors = self._services.ledger.night.debtors()
        newest = {(debtor.pull_request.repository, debtor.pull_request.tenant): debtor for debtor in debtors}
        owing = [debtor for debtor in debtors if debtor.tests]
        tasks = [self._left_out(debtor) for debtor in owing[:HEADS_LIMIT]]
        problems = _postponed(len(owing) - HEADS_LIMIT)
        for debtor in newest.values():
            try:
                tasks += self._of_main(debtor.pull_request)
            except BadInput as error:
                # A repository that was moved or deleted must not take the night of all others with it.
                problems.append(Problem(kind="repository", message=f"{error.field}: {error.message}", fix=error.fix))
        return NightPlan(tasks=tuple(tasks), problems=tuple(problems))

    def _left_out(self, debtor: Debtor) -> NightTask:
        pull_request = debtor.pull_request
        return NightTask(
            pull_request=pull_request.model_copy(update={"pr": f"{pull_request.pr}.{self._name}"}),
            title=f"{len(debtor.tests)} tests that {pull_request.repo} {pull_request.pr} left out",
            only=self._stored(debtor.tests, name="left-out.json"),
            settles=pull_request,
        )

    def _of_main(self, conducted: PullRequest) -> list[NightTask]:
        branch, sha = main_branch(conducted.repository, places=self._services.places)
        main = PullRequest(
            repository=conducted.repository,
            repo=conducted.repo,
            pr=self._name,
            base_sha=sha,
            head_sha=sha,
            merge_base_sha=sha,
            title=f"the night of {branch}",
            author="maestro",
            tenant=conducted.tenant,
        )
        where = f"{conducted.repo} at {branch} ({sha[:12]})"
        if self._started.toordinal() % self._services.topology.nightly.full_suite_days == 0:
            return [NightTask(pull_request=main, title=f"the full suite of {where}")]
        picks = self._picks(conducted)
        if not picks:
            return []
        only = self._stored([pick.test for pick in picks], name="explored.json")
        return [NightTask(pull_request=main, title=f"{_worth_running(picks)} of {where}", only=only)]

    def _picks(self, conducted: PullRequest) -> tuple[Pick, ...]:
        ledger, repo, tenant = self._services.ledger, conducted.repo, conducted.tenant
        last_run = ledger.history.last_runs(repo, tenant=tenant)
        tests = sorted({*last_run, *ledger.night.owed(repo, tenant=tenant)})
        return explore(
            tests,
            last_run=last_run,
            uncertainty=uncertainty_of(self._services.registry(), tests, repo=repo, tenant=tenant),
            seconds=expected_seconds(tests, ledger.history.durations(repo, tenant=tenant)),
            budget_seconds=self._services.topology.nightly.exploration_seconds,
            now=self._started,
        )

    def _stored(self, tests: Sequence[str], *, name: str) -> ArtifactRef:
        body = canonical_json(list(tests)).encode()
        return self._services.artifacts.put(body, media_type="application/json", name=name)


def _postponed(heads: int) -> list[Problem]:
    if heads <= 0:
        return []
    message = f"the tests that {heads} more heads left out wait for the next night: one night takes {HEADS_LIMIT}"
    return [Problem(kind="postponed", message=message, fix="run the night more often, or more workers by day")]


def _worth_running(picks: Sequence[Pick]) -> str:
    reasons = Counter(pick.reason for pick in picks)
    [(most, count)] = reasons.most_common(1)
    return f"{len(picks)} tests worth running ({count} of them because {most})"
