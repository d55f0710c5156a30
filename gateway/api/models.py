"""What the API takes and gives, beside the domain's own models. Bodies are strict: a wrong type is never guessed at."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from maestro.model.decision import ActionKind, DecisionCard, DecisionState

WORKFLOW_ID = r"^pr/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*/[A-Za-z0-9._-]+/[0-9a-f]{40}([0-9a-f]{24})?$"

WorkflowId = Annotated[str, Field(pattern=WORKFLOW_ID, max_length=600)]
Text = Annotated[str, Field(max_length=2_000, pattern=r"^[^\x00]*$")]


def _whole(value: object) -> object:
    """JSON knows no difference between 1 and 1.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


CardVersion = Annotated[Annotated[int, Field(ge=0, le=2**31)], BeforeValidator(_whole)]


class Body(BaseModel):
    """What somebody sends. An unknown field is a typo and is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Answer(BaseModel):
    """What is answered."""

    model_config = ConfigDict(frozen=True)


class ActionBody(Body):
    """An action. ``card_version`` is the version that was looked at: an action on an older card is refused. ``visit``
    is the opening of the card in which it was taken, where that is counted.
    """

    pull_request: WorkflowId
    card_version: CardVersion
    reason: Text = ""
    visit: Annotated[UUID | None, Field(strict=False)] = None


class TestsBody(ActionBody):
    """Which tests are wanted: all of them, only those closest to the change, or those that did not pass once more."""

    __test__ = False

    mode: Literal["all", "direct", "retry"]


class AltBody(ActionBody):
    arm: Annotated[str, Field(min_length=1, max_length=100)]


class BudgetBody(ActionBody):
    usd: Annotated[float, Field(ge=0, le=1e9)]


class QuarantineBody(ActionBody):
    plugin: Annotated[str, Field(min_length=1, max_length=200)]


class ActionAnswer(Answer):
    """What an action changed. The same ``Idempotency-Key`` gives the same answer, and acts once."""

    action_id: str
    action: ActionKind
    changed: str
    card_version: int
    state: DecisionState


class ActionView(Answer):
    """An action that the pull request takes now, and whether this caller may; ``why_not`` where not."""

    kind: ActionKind
    label: str
    effect: str
    url: str
    allowed: bool
    why_not: str = ""
    needs_reason: bool = False


class UnavailableView(Answer):
    action: str
    label: str
    why: str


class You(Answer):
    name: str
    kind: str


class CardView(Answer):
    """A card for one reader. ``links`` are addresses, absent where there is nothing."""

    workflow_id: str
    card: DecisionCard
    running: bool
    actions: tuple[ActionView, ...]
    unavailable: tuple[UnavailableView, ...]
    you: You
    temporal_ui: str
    links: dict[str, str]


class PullRequestRow(Answer):
    workflow_id: str
    repo: str
    pr: str
    head_sha: str
    tenant: str
    phase: str
    decision: str
    region: str
    author: str
    running: bool
    started_at: datetime
    card_url: str
    temporal_ui: str


class PullRequests(Answer):
    """A page of the list; ``next`` is the cursor of the following one."""

    items: tuple[PullRequestRow, ...]
    next: str | None


class TestRow(Answer):
    __test__ = False

    test: str
    reason: str
    detail: str = ""
    probability: float | None = None
    expected_seconds: float | None = None


class TestRows(Answer):
    """A page of a plan's tests; ``total`` counts all of this side."""

    __test__ = False

    items: tuple[TestRow, ...]
    total: int
    next: str | None
