"""The decision, the Decision Card, and what a reviewer can do."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Field

from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model
from maestro.model.evidence import Bundle, ControlFinding
from maestro.model.pull_request import AuthorKind, Publishing, PullRequest
from maestro.model.region import Placement
from maestro.model.tests import TestPlan, TestReport


class Phase(StrEnum):
    """The phases in their order; ``waiting_for_region`` and ``waiting_for_person`` can be seen from outside."""

    PLACE = "place"
    WAITING_FOR_REGION = "waiting_for_region"
    SELECT = "select"
    RUN = "run"
    GATHER = "gather"
    RENDER = "render"
    DECIDE = "decide"
    PUBLISH = "publish"
    WAITING_FOR_PERSON = "waiting_for_person"
    DONE = "done"


class DecisionState(StrEnum):
    PENDING = "pending"
    GREEN = "green"
    NEEDS_PERSON = "needs_person"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


class ActionKind(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    ESCALATE_TESTS = "escalate_tests"
    DOWNSHIFT = "downshift"
    RETRY = "retry"
    CANCEL = "cancel"
    INCIDENT = "incident"


class NextStep(Model):
    """The smallest safe next step: what to do, what it costs, what it buys, and where it may run and why."""

    action: str
    description: str
    cost_usd: Decimal = Decimal(0)
    cost_seconds: float = 0.0
    value: str = ""
    residency: str = ""


class Decision(Model):
    """What was decided and why; ``actor`` is ``policy`` or the reviewer who decided."""

    state: DecisionState
    reasons: tuple[str, ...]
    next_step: NextStep | None = None
    actor: str = "policy"
    policy_digest: str = ""


class ReviewerAction(Model):
    """What a reviewer asks for. ``action_id`` makes it idempotent: the same id acts once.

    ``card_version`` is the version of the card that the reviewer saw; None skips that check. ``via`` is the way on
    which the actor was authenticated (``cli``, ``api``, ``forge:github``) and ``role`` the role that they had there;
    both are empty for an action that was sent to Temporal itself, which authenticates nobody for us. ``repeated`` marks
    one that the ledger has and a failover may have taken from the workflow: the card that it was taken on is gone.
    """

    action_id: str = Field(min_length=1, max_length=200)
    actor: str = Field(min_length=1, max_length=200)
    actor_kind: AuthorKind = AuthorKind.HUMAN
    reason: str = Field(default="", max_length=2_000)
    card_version: int | None = None
    via: str = Field(default="", max_length=100)
    role: str = Field(default="", max_length=100)
    repeated: bool = False


class Review(Model):
    """A reviewer's word on this head. A later word of the same person replaces the earlier one."""

    kind: Literal["approve", "reject"]
    actor: str = Field(min_length=1)
    actor_kind: AuthorKind = AuthorKind.HUMAN
    reason: str = ""


class IncidentAnswer(Model):
    """The approval that answered an incident: whose, and why it may go on all the same."""

    actor: str
    actor_kind: AuthorKind = AuthorKind.HUMAN
    reason: str
    at: datetime


class Incident(Model):
    """A reviewer's word that something is wrong with the pull request, or with what it did.

    It holds the pull request back from its ``at`` until somebody other than the author answers it. ``ordinal`` counts
    the incidents of a head from 0.
    """

    ordinal: int = Field(ge=0)
    actor: str
    actor_kind: AuthorKind = AuthorKind.HUMAN
    reason: str
    at: datetime
    answer: IncidentAnswer | None = None


class ActionResult(Model):
    """What an action changed. ``accepted`` is False only for signals, which cannot be refused before they arrive.

    ``card_version`` is that of the card once the action is taken, ``state`` the decision as it stood before.
    """

    action_id: str
    kind: ActionKind
    accepted: bool
    changed: str
    card_version: int
    state: DecisionState


class TimelineEntry(Model):
    """Something that happened, who did it, and why."""

    at: datetime
    event: str
    actor: str = "maestro"
    detail: str = ""


class OfferedAction(Model):
    """An action that the reviewer can take now, and what it would do."""

    kind: ActionKind
    label: str
    effect: str


class Savings(Model):
    """Test time and cost not spent now because tests were left out; None where nothing is known."""

    seconds: float = 0.0
    share: float = Field(default=0.0, ge=0, le=1)
    cost_usd: Decimal = Decimal(0)
    carbon_g: float = 0.0


class Links(Model):
    """Where to look further. Refs are artifacts; ``temporal_ui`` is a web address."""

    temporal_ui: str = ""
    narrative_markdown: ArtifactRef | None = None
    narrative_html: ArtifactRef | None = None
    card_json: ArtifactRef | None = None
    card_html: ArtifactRef | None = None


class Publication(Model):
    """What became of the merge or the comment that was asked for. ``detail`` says it in a sentence, also why it was not
    ``done``; ``commit`` is the merged head, or the notes' commit that holds the comment. ``tree`` is the git tree of
    what was merged, as the repository has it.
    """

    kind: Publishing
    done: bool
    detail: str
    commit: str = ""
    tree: str = ""


class Sealing(Model):
    """What became of the evidence: sealed into a bundle, or not, and why. ``detail`` says it in a sentence."""

    done: bool
    detail: str
    bundle: Bundle | None = None


class DecisionCard(Model):
    """Everything a reviewer needs, verdict first. ``version`` rises with every change of the card.

    ``risk`` is a sentence on what was not run and why that is acceptable or not.
    """

    version: int = 0
    pull_request: PullRequest
    phase: Phase
    decision: Decision
    why: str = ""
    risk: str = ""
    placement: Placement | None = None
    plan: TestPlan | None = None
    report: TestReport | None = None
    findings: tuple[ControlFinding, ...] = ()
    savings: Savings = Savings()
    actions: tuple[OfferedAction, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    links: Links = Links()
    publications: tuple[Publication, ...] = ()
    sealing: Sealing | None = None
    incidents: tuple[Incident, ...] = ()
    generated_at: datetime
