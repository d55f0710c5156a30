"""The inputs and outputs of workflows and activities: one model in, one model out."""

from datetime import datetime

from pydantic import ConfigDict, Field

from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model
from maestro.model.decision import (
    ActionKind,
    ActionResult,
    Decision,
    DecisionCard,
    Incident,
    Links,
    Phase,
    Publication,
    Review,
    ReviewerAction,
    Sealing,
    TimelineEntry,
)
from maestro.model.evidence import EvidenceSet
from maestro.model.pull_request import PullRequest
from maestro.model.region import Placement
from maestro.model.tests import Problem, SelectionMode, ShardResult, TestPlan, TestReport


class Timings(Model):
    """The durations that one pull request is conducted under, fixed at its start so that replays agree."""

    heartbeat_timeout_seconds: float = 30.0
    schedule_to_start_timeout_seconds: float = 60.0
    prepare_timeout_seconds: float = 1_800.0
    shard_timeout_seconds: float = 3_600.0
    region_poll_seconds: float = 600.0
    placement_deadline_seconds: float = 86_400.0
    person_deadline_seconds: float = 259_200.0
    reminder_after_seconds: float = 86_400.0
    blocked_open_seconds: float = 86_400.0
    status_lasting_seconds: float = 86_400.0


class PlaceRequest(Model):
    """Ask for a region. ``lost`` maps regions that just failed this pull request to the sentence that says how.

    ``wait_seconds`` is how long the activity may wait for a healthy and allowed region before it answers "none".
    """

    pull_request: PullRequest
    ordinal: int = 0
    lost: dict[str, str] = Field(default_factory=dict)
    wait_seconds: float = 0.0


class SelectRequest(Model):
    """Ask for a plan. ``only`` names the artifact with a list of test ids where just those are wanted (the night)."""

    pull_request: PullRequest
    region: str
    mode: SelectionMode
    round: int = 0
    only: ArtifactRef | None = None


def shard_ordinal(plan: TestPlan, shard: int, *, attempt: int) -> str:
    """The last part of a shard's business key."""
    return f"{attempt}.{plan.round}.{shard}"


class ShardRequest(Model):
    """Ask for the verdicts of one shard of a plan. ``attempt`` rises with each retry that a reviewer asks for; what
    passed since ``first_attempt`` does not run again.
    """

    pull_request: PullRequest
    region: str
    plan: TestPlan
    shard: int
    attempt: int = 0
    first_attempt: int = 0
    heartbeat_timeout_seconds: float = 30.0

    @property
    def ordinal(self) -> str:
        return shard_ordinal(self.plan, self.shard, attempt=self.attempt)


class GatherRequest(Model):
    """Ask for the report and the evidence of a round."""

    pull_request: PullRequest
    region: str
    placement: Placement
    plan: TestPlan
    shards: tuple[ShardResult, ...] = ()
    attempt: int = 0
    first_attempt: int = 0


class Gathered(Model):
    """The round in figures and the answers of the controls."""

    report: TestReport
    evidence: EvidenceSet


class DecideRequest(Model):
    """Everything that the decision rules may look at."""

    pull_request: PullRequest
    placement: Placement | None = None
    plan: TestPlan | None = None
    report: TestReport | None = None
    evidence: EvidenceSet | None = None
    problem: Problem | None = None
    reviews: tuple[Review, ...] = ()
    incidents: tuple[Incident, ...] = ()
    attempt: int = 0
    expired: bool = False
    ordinal: int = 0
    at: datetime


class RenderRequest(Model):
    """Ask for the narrative and the stored card."""

    card: DecisionCard


class CommentRequest(Model):
    """Ask for the comment on a head to say what the card says.

    ``version`` counts the comments of a head, and ``at`` tells two of one version apart, of which one was lost with an
    unreplicated tail: the later one stands.
    """

    card: DecisionCard
    version: int
    at: datetime


class StatusRequest(Model):
    """Ask for the status of a head to say what the card says. ``version`` and ``at`` as of a comment.

    ``final``: nothing follows, so it must not be left open. ``problem`` says why the pull request could not be
    conducted to its end, where that is so.
    """

    card: DecisionCard
    version: int
    at: datetime
    final: bool = False
    problem: str = ""


class MergeRequest(Model):
    """Ask for the tested head to become the newest commit of the base branch."""

    pull_request: PullRequest
    region: str


class RegionLeft(Model):
    """Word that a region is given up, in which epoch and why; nothing that runs there is waited for any longer."""

    region: str
    reason: str
    epoch: int


class ReassessRequest(Model):
    """Ask the controls again, on the stored facts and what came after: reviews, and what was merged."""

    pull_request: PullRequest
    evidence: EvidenceSet
    reviews: tuple[Review, ...] = ()
    merged: Publication | None = None
    ordinal: int = 0
    at: datetime


class SealRequest(Model):
    """Ask for the bundle of a card that is stored. ``evidence`` comes without findings, which the card has."""

    pull_request: PullRequest
    card: ArtifactRef
    evidence: EvidenceSet = EvidenceSet()
    ordinal: int = 0
    at: datetime


class ActionRecord(Model):
    """A reviewer's action with its result, for the ledger. ``incidents`` are those that it opens or answers."""

    pull_request: PullRequest
    kind: ActionKind
    action: ReviewerAction
    result: ActionResult
    incidents: tuple[Incident, ...] = ()
    at: datetime


class ReminderRequest(Model):
    """Remind that a person is waited for, until ``deadline``."""

    pull_request: PullRequest
    deadline: datetime
    ordinal: int = 0
    at: datetime


class ConductState(Model):
    """All that a pull request's workflow knows; mutable inside it, carried over when it continues as new.

    ``round`` counts plans, ``attempt`` the retries that a reviewer asked for (from ``first_attempt``), ``results``
    has the actions by their id. ``round_wanted`` asks for new tests, ``judge_wanted`` only for a new decision on what
    is known. ``replayed`` says that the left-out tests of this head were started after a decision.

    ``comments`` and ``statuses`` count those that were asked for, ``status_owed`` says that the newest could not be
    told before the workflow continued as new. ``closing`` says that the decision is published and nobody can change
    it. ``sealing`` is what became of the evidence, ``seals`` counts how often that was asked for. ``left`` has the
    newest epoch in which a region was left, ``gone`` those that the next placement has to avoid, with the reason.
    ``incidents`` are all of this head, also those that were answered.
    """

    model_config = ConfigDict(frozen=False, extra="ignore")

    mode: SelectionMode
    phase: Phase = Phase.PLACE
    round: int = 0
    attempt: int = 0
    first_attempt: int = 0
    card_version: int = 0
    decisions: int = 0
    placements: int = 0
    reminders: int = 0
    placement: Placement | None = None
    plan: TestPlan | None = None
    gathered: Gathered | None = None
    decision: Decision | None = None
    problem: Problem | None = None
    links: Links = Links()
    timeline: tuple[TimelineEntry, ...] = ()
    results: dict[str, ActionResult] = Field(default_factory=dict)
    reviews: tuple[Review, ...] = ()
    incidents: tuple[Incident, ...] = ()
    cancelled_by: str = ""
    expired: bool = False
    deadline: datetime | None = None
    round_wanted: bool = True
    judge_wanted: bool = False
    replayed: bool = False
    comments: int = 0
    statuses: int = 0
    status_owed: bool = False
    closing: bool = False
    publications: tuple[Publication, ...] = ()
    sealing: Sealing | None = None
    seals: int = 0
    left: dict[str, int] = Field(default_factory=dict)
    gone: dict[str, str] = Field(default_factory=dict)

    @property
    def rejected(self) -> bool:
        """Whether a reviewer has said no; a rejection stands for the head it was given to."""
        return any(review.kind == "reject" for review in self.reviews)


class ConductRequest(Model):
    """Conduct one pull request.

    ``state`` is set by the workflow itself when it continues as new, and by ``Outcome.again`` for a head that was
    conducted before: the counters go on, so that every effect of the new run has a business key of its own.
    """

    pull_request: PullRequest
    mode: SelectionMode = SelectionMode.STANDARD
    timings: Timings = Timings()
    temporal_ui: str = ""
    card_page: str = ""
    state: ConductState | None = None


class Outcome(Model):
    """How a pull request ended."""

    pull_request: PullRequest
    decision: Decision
    card: DecisionCard
    state: ConductState

    def again(self, mode: SelectionMode) -> ConductState:
        """The state to conduct the same head with once more: how far the counters got, which action ids acted, and the
        incidents, because starting again answers none.
        """
        return ConductState(
            mode=mode,
            round=self.state.round + 1,
            attempt=self.state.attempt + 1,
            first_attempt=self.state.attempt + 1,
            card_version=self.state.card_version,
            decisions=self.state.decisions,
            placements=self.state.placements,
            comments=self.state.comments,
            statuses=self.state.statuses,
            seals=self.state.seals,
            results=self.state.results,
            incidents=self.state.incidents,
        )
