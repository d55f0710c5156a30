"""What we use of GitHub's webhooks. Strict in that, and blind to everything else in them."""

from pydantic import BaseModel, ConfigDict


class Payload(BaseModel):
    """No text passes for a number here, and no number for a truth."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class User(Payload):
    login: str
    id: int
    type: str = "User"


class SideRepository(Payload):
    id: int


class Repository(SideRepository):
    full_name: str
    clone_url: str


class Side(Payload):
    ref: str
    sha: str
    repo: SideRepository | None = None


class Label(Payload):
    name: str


class Pull(Payload):
    number: int
    state: str
    title: str
    user: User | None
    head: Side
    base: Side
    labels: list[Label] = []
    draft: bool = False
    merged: bool | None = None
    merge_commit_sha: str | None = None


class BaseChange(Payload):
    ref: dict[str, str]


class Changes(Payload):
    base: BaseChange | None = None


class Installation(Payload):
    id: int


class Envelope(Payload):
    """What is the same in every event that is looked into."""

    action: str = ""
    sender: User | None = None
    installation: Installation | None = None


class PullEvent(Envelope):
    # The number stands there of this event alone, so that no other event passes for it.
    number: int
    pull_request: Pull
    repository: Repository
    changes: Changes = Changes()
    label: Label | None = None


class Review(Payload):
    state: str
    user: User | None
    commit_id: str | None
    author_association: str = ""


class ReviewEvent(Envelope):
    review: Review
    pull_request: Pull
    repository: Repository


class App(Payload):
    id: int


class PullNumber(Payload):
    number: int


class Suite(Payload):
    head_sha: str
    pull_requests: list[PullNumber] = []
    app: App | None = None


class SuiteEvent(Envelope):
    check_suite: Suite
    repository: Repository


class Run(Payload):
    head_sha: str
    external_id: str | None = None
    pull_requests: list[PullNumber] = []
    app: App | None = None


class RequestedAction(Payload):
    identifier: str


class RunEvent(Envelope):
    check_run: Run
    repository: Repository
    requested_action: RequestedAction | None = None


class MergeGroup(Payload):
    head_sha: str
    head_ref: str
    base_sha: str
    base_ref: str


class GroupEvent(Envelope):
    merge_group: MergeGroup
    repository: Repository
    reason: str = ""


class PushEvent(Envelope):
    ref: str
    before: str
    after: str
    forced: bool
    repository: Repository


class InstalledRepository(Payload):
    full_name: str


class InstallationDetail(Payload):
    id: int
    account: User | None = None


class InstallationEvent(Payload):
    action: str
    installation: InstallationDetail
    repositories: list[InstalledRepository] | None = None
    sender: User | None = None
