"""What passes through the night: its plan, its runs, and the tracing of what failed in them."""

from pydantic import Field

from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model
from maestro.model.conduct import Timings
from maestro.model.pull_request import PullRequest
from maestro.model.tests import Problem, TestPlan, TestReport
from maestro.model.tracing import Trace


class NightTask(Model):
    """One run of the night. ``only`` is the list of tests owed; None means the full suite.

    ``title`` says in words what is run, ``settles`` is the pull request whose left-out tests these are.
    """

    pull_request: PullRequest
    title: str
    only: ArtifactRef | None = None
    settles: PullRequest | None = None


class NightPlan(Model):
    """The runs of one night, in the order in which they are conducted, and what could not even be planned."""

    tasks: tuple[NightTask, ...] = ()
    problems: tuple[Problem, ...] = ()


class NightTaskResult(Model):
    """What one run of the night found. ``escapes`` are failures that a pull request owes, at most ``SAMPLE_LIMIT`` of
    them; ``trace`` counts and stores them all. ``full`` is this result with everything in it, where this one was
    settled: what goes on with the night carries figures only.
    """

    task: NightTask
    report: TestReport | None = None
    escapes: tuple[str, ...] = ()
    problem: Problem | None = None
    trace: Trace | None = None
    full: ArtifactRef | None = None


class NightProgress(Model):
    """How far a night is that continues as new: what was found, and what is still to be run."""

    tasks: tuple[NightTask, ...] = ()
    results: tuple[NightTaskResult, ...] = ()
    problems: tuple[Problem, ...] = ()


class NightRequest(Model):
    """Conduct the night: what was left out during the day, then the full suite of each main branch.

    ``progress`` is set by the night itself when it continues as new.
    """

    timings: Timings = Timings()
    progress: NightProgress | None = None


class NightReport(Model):
    """What the night found, per run."""

    results: tuple[NightTaskResult, ...] = ()
    problems: tuple[Problem, ...] = ()


class ReplayRequest(Model):
    """Run the tests that a plan left out after its decision; ``task`` is that run, as the night would conduct it."""

    task: NightTask
    timings: Timings = Timings()


class TraceProbe(Model):
    """Run ``tests``, a stored list of ids, at a revision; ``attempt`` tells the runs of one revision apart."""

    revision: str
    attempt: int = Field(ge=0)
    tests: ArtifactRef


class Probed(Model):
    """A probe that was run; its verdicts are in the ledger. ``plan`` is None where not even the tests were listed."""

    probe: TraceProbe
    plan: TestPlan | None = None
    problem: Problem | None = None


class TraceRequest(Model):
    """Ask what to run next, to find out what became of the failures of a run, or for the findings.

    ``body`` is the plan and ``results`` the verdicts of that run. ``subject`` is what the first answer fixed.
    """

    task: NightTask
    body: ArtifactRef
    results: tuple[ArtifactRef, ...] = ()
    subject: ArtifactRef | None = None
    probed: tuple[Probed, ...] = ()


class TraceStep(Model):
    """The next probe, or the findings where there is none: exactly one of the two is set."""

    subject: ArtifactRef
    probe: TraceProbe | None = None
    trace: Trace | None = None
