"""What is tested: the plan (selected and left out, with reasons), the verdicts, the report."""

from enum import StrEnum

from pydantic import Field

from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model
from maestro.model.flaky import Quarantine

MESSAGE_LIMIT = 2_000
"""Characters of a failure message that travel with a verdict; the whole text is in the shard's artifacts."""

SAMPLE_LIMIT = 20
"""Tests named in anything that passes through Temporal; the complete lists are artifacts."""


class SelectionMode(StrEnum):
    """How wide the selection is: ``direct`` after a downshift, ``all`` after an escalation."""

    DIRECT = "direct"
    STANDARD = "standard"
    ALL = "all"


class SelectionRule(StrEnum):
    """What a selection may do: leave tests to the night (``enforce``), rely on faults of public projects as long as the
    repository's own red builds are too few (``public``), only report what it would leave out while everything runs
    (``shadow``), or follow the import graph alone (``off``).
    """

    ENFORCE = "enforce"
    PUBLIC = "public"
    SHADOW = "shadow"
    OFF = "off"


class ReasonKind(StrEnum):
    CHANGED = "changed"
    AFFECTED = "affected"
    RECENTLY_FAILED = "recently_failed"
    ESCAPED = "escaped"
    CANNOT_JUDGE = "cannot_judge"
    ESCALATED = "escalated"
    NEW = "new"
    COVERED = "covered"
    NAMED = "named"
    LIKELY = "likely"
    EXPLORED = "explored"
    SHADOWED = "shadowed"


class SelectedTest(Model):
    """A test that runs. ``reason`` is a sentence; ``distance`` the number of imports between it and the change.

    ``fail_probability`` is the model's probability that this pull request makes it fail; None where no model was asked.
    """

    id: str
    kind: ReasonKind
    reason: str
    expected_seconds: float = Field(ge=0)
    distance: int = 0
    fail_probability: float | None = Field(default=None, ge=0, le=1)


class LeftOutTest(Model):
    """A test that is left to the nightly run."""

    id: str
    expected_seconds: float = Field(ge=0)
    fail_probability: float | None = Field(default=None, ge=0, le=1)


class TauTerm(Model):
    """One reason why τ is what it is: the bound is the tenant's, multiplied by every ``factor``, within the limits."""

    name: str
    factor: float = Field(gt=0)
    reason: str


class RiskStatement(Model):
    """What a plan promises: the probability of an escape *given that the pull request breaks something*.

    ``low`` and ``high`` are a 95 % interval of ``residual_risk``; ``unconditional_risk`` is the same per pull request,
    red or not. ``certified`` is False where ``red_builds`` are too few for ``tau``, and ``promise`` then says what is
    promised instead. ``model`` is the digest of the model file.
    """

    tau: float = Field(gt=0, lt=1)
    tau_terms: tuple[TauTerm, ...] = ()
    residual_risk: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    unconditional_risk: float = Field(ge=0, le=1)
    method: str
    certified: bool
    red_builds: int = Field(ge=0)
    promise: str
    model: str = ""


class Replay(Model):
    """The tests that a plan leaves out run after its decision all the same: why, and the stored list of their ids."""

    reason: str
    tests: ArtifactRef


class PlanBody(Model):
    """The whole plan; an artifact, never a Temporal payload. ``shards`` lists indices into ``selected``."""

    selected: tuple[SelectedTest, ...]
    left_out: tuple[LeftOutTest, ...]
    shards: tuple[tuple[int, ...], ...]
    changed_files: tuple[str, ...]
    collection_errors: tuple["TestOutcome", ...] = ()


class Problem(Model):
    """Why a runner could not give verdicts (missing, crashed, hung): what happened and the fix."""

    kind: str
    message: str
    fix: str = ""


class TestPlan(Model):
    """The plan in figures, with its body stored. ``applicable`` is False when no test is affected; ``reason`` is the
    sentence for the card in either case. ``round`` counts the plans of one pull request, from 0. ``problem`` says why
    the tests could not even be listed, where that is so. ``replay`` is set where the tests left out do not wait for the
    night. ``report`` is that of the calibration whose model was asked, where there is one.
    """

    __test__ = False

    applicable: bool
    reason: str
    mode: SelectionMode
    round: int = 0
    changed_file_count: int = 0
    selected_count: int = 0
    left_out_count: int = 0
    selected_seconds: float = 0.0
    left_out_seconds: float = 0.0
    shard_count: int = 0
    reasons: dict[str, int] = Field(default_factory=dict)
    sample: tuple[SelectedTest, ...] = ()
    body: ArtifactRef
    environment_key: str = ""
    isolation: str = ""
    problem: Problem | None = None
    risk: RiskStatement | None = None
    replay: Replay | None = None
    report: ArtifactRef | None = None


class Verdict(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"


class TestOutcome(Model):
    """The verdict of one test. ``message`` is the failure in at most ``MESSAGE_LIMIT`` characters."""

    __test__ = False

    test: str
    verdict: Verdict
    duration_seconds: float = Field(default=0.0, ge=0)
    message: str = ""


class ShardResult(Model):
    """One shard's verdicts in figures. ``resumed`` counts verdicts taken over from an earlier attempt.

    ``recording`` says what each test executed, where that was recorded.
    """

    ordinal: str
    region: str
    counts: dict[Verdict, int] = Field(default_factory=dict)
    failed: tuple[TestOutcome, ...] = ()
    missing_count: int = 0
    resumed: int = 0
    seconds: float = 0.0
    isolation: str = ""
    results: ArtifactRef | None = None
    log: ArtifactRef | None = None
    junit: ArtifactRef | None = None
    recording: ArtifactRef | None = None
    problem: Problem | None = None


class TestReport(Model):
    """All shards of one round together. ``missing_count`` is the number of selected tests without a verdict.

    ``flaky`` names tests (at most ``SAMPLE_LIMIT``) that failed first and passed when a reviewer retried them.
    ``quarantined`` are those (at most ``SAMPLE_LIMIT``) that failed in quarantine: they are in ``counts``, but neither
    in ``failed`` nor in ``failed_count``, so they stop nobody.
    """

    __test__ = False

    round: int = 0
    counts: dict[Verdict, int] = Field(default_factory=dict)
    failed: tuple[TestOutcome, ...] = ()
    failed_count: int = 0
    flaky: tuple[str, ...] = ()
    quarantined: tuple[Quarantine, ...] = ()
    quarantined_count: int = 0
    missing_count: int = 0
    resumed: int = 0
    test_seconds: float = 0.0
    isolation: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    results: tuple[ArtifactRef, ...] = ()
    logs: tuple[ArtifactRef, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def green(self) -> bool:
        """Every selected test has a verdict, none failed, and no runner had a problem."""
        return not (self.failed_count or self.missing_count or self.problems)
