"""A past to compute figures from: decided heads in a real ledger, with sealed cards in a real store."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from maestro.artifacts import ArtifactStore
from maestro.canonical import canonical_json, digest_of_bytes
from maestro.evidence.contents import Role
from maestro.evidence.gathered import CARD
from maestro.evidence.index import Index, IndexedFile, Subject
from maestro.ledger import Ledger
from maestro.ledger.usage import VisitEvent, Visitor
from maestro.model.artifact import ArtifactRef
from maestro.model.decision import Decision, DecisionCard, DecisionState, Phase, Savings, TimelineEntry
from maestro.model.pull_request import AuthorKind, PullRequest
from maestro.model.record import DecisionRecord, RecordKind
from maestro.model.region import CostTerm, Placement, RegionAssessment
from maestro.model.tests import RiskStatement, SelectionMode, TestPlan
from maestro.model.tracing import Escape, Sight
from maestro.value import Figures, SealedCards, Wanted, figures, read

NOW = datetime.now(UTC).replace(microsecond=0)
NOWHERE = ArtifactRef(digest="sha256:" + "0" * 64, media_type="application/json", bytes=0)


def pull_request(
    number: int, *, repo: str = "acme/shop", tenant: str = "default", author_kind: AuthorKind = AuthorKind.HUMAN
) -> PullRequest:
    return PullRequest(
        repository="/srv/git/shop",
        repo=repo,
        pr=str(number),
        base_sha="0" * 40,
        merge_base_sha="0" * 40,
        head_sha=f"{number:040x}",
        tenant=tenant,
        author_kind=author_kind,
    )


def plan(*, left_out: int = 8, promised: float | None = 0.01, left_out_seconds: float = 300.0) -> TestPlan:
    """A plan of 100 s; ``promised`` is its certified bound, None for a selection without one."""
    risk = RiskStatement(
        tau=0.05,
        residual_risk=promised or 1.0,
        low=0.0,
        high=1.0,
        unconditional_risk=promised or 1.0,
        method="test",
        certified=promised is not None,
        red_builds=40,
        promise="a promise",
    )
    return TestPlan(
        applicable=True,
        reason="2 tests",
        mode=SelectionMode.STANDARD,
        selected_count=2,
        left_out_count=left_out,
        selected_seconds=100.0,
        left_out_seconds=left_out_seconds if left_out else 0.0,
        body=NOWHERE,
        risk=risk,
    )


def placement(at: datetime) -> Placement:
    term = CostTerm(name="compute", amount_usd=Decimal("0.02"), how="100 s")
    chosen = RegionAssessment(region="north", healthy=True, allowed=True, terms=(term,), carbon_g=3.0)
    return Placement(region="north", reason="cheapest", assessments=(chosen,), expected_seconds=100.0, decided_at=at)


@dataclass
class Past:
    """Writes what happened."""

    ledger: Ledger
    store: ArtifactStore
    cards: SealedCards = field(init=False)

    def __post_init__(self) -> None:
        self.cards = SealedCards(self.store)

    @classmethod
    def within(cls, folder: Path) -> "Past":
        file = folder / "ledger.sqlite"
        file.write_bytes(_new_ledger())
        return cls(Ledger.open(f"sqlite:///{file}"), ArtifactStore(folder / "artifacts"))

    def decided(
        self, found: PullRequest, *outcomes: str, ago: timedelta = timedelta(hours=1), took: float = 60.0
    ) -> None:
        """Policy decided one after the other; the first verdict came ``ago``, ``took`` seconds after the start."""
        self.ledger.night.leave_out(found, ())
        self._record(found, RecordKind.PLACEMENT, "0", outcome="north", at=NOW - ago - timedelta(seconds=took))
        for number, outcome in enumerate(outcomes):
            at = NOW - ago + timedelta(seconds=number)
            self._record(found, RecordKind.DECISION, f"{number}.abc", outcome=outcome, at=at)

    def sealed(
        self,
        found: PullRequest,
        outcome: DecisionState = DecisionState.GREEN,
        *,
        planned: TestPlan | None = None,
        priced: bool = True,
        ago: timedelta = timedelta(hours=1),
        took: float = 60.0,
    ) -> str:
        """The evidence was sealed; the digest of the bundle's index."""
        at = NOW - ago + timedelta(seconds=10)
        card = DecisionCard(
            pull_request=found,
            phase=Phase.DONE,
            decision=Decision(state=outcome, reasons=("so",)),
            placement=placement(at) if priced else None,
            plan=planned,
            savings=Savings(
                seconds=planned.left_out_seconds if planned else 0.0,
                cost_usd=Decimal("0.06") if planned and priced else Decimal(0),
                carbon_g=9.0 if planned and priced else 0.0,
            ),
            timeline=(TimelineEntry(at=NOW - ago - timedelta(seconds=took), event="started"),),
            generated_at=at,
        )
        content = canonical_json(card).encode()
        ref = self.store.put(content, media_type="application/json", name=CARD)
        file = IndexedFile(
            path=CARD, digest=digest_of_bytes(content), bytes=ref.bytes, media_type=ref.media_type, role=Role.CARD
        )
        index = self.store.put_model(_index(found, outcome, file, at=at), name="index.json")
        self._record(
            found, RecordKind.EVIDENCE, str(uuid4()), outcome=outcome.value, at=at, inputs={"index": index.digest}
        )
        return index.digest

    def acted(self, found: PullRequest, action: str, kind: str = "approve", *, ago: timedelta = timedelta(0)) -> None:
        """Somebody took an action."""
        self._record(found, RecordKind.ACTION, action, outcome=f"{kind}: it changed", at=NOW - ago)

    def visited(self, found: PullRequest, *, who: str = "ada@example.org", seconds: float = 30.0) -> str:
        """Somebody had the card open until now; the id of the visit."""
        visit = str(uuid4())

        def note(event: VisitEvent, open_seconds: float) -> None:
            self.ledger.usage.visited(
                visit,
                event,
                pull_request=found.workflow_id,
                tenant=found.tenant,
                visitor=Visitor(name=who, role="reviewer"),
                card_version=1,
                open_seconds=open_seconds,
                source="page",
            )

        note(VisitEvent.OPENED, 0.0)
        with self.ledger._database.write() as connection:
            connection.exec_driver_sql(f"UPDATE visits SET opened_at = opened_at - {seconds} WHERE visit = '{visit}'")
        note(VisitEvent.HIDDEN, seconds)
        return visit

    def escaped(self, found: PullRequest, test: str, *, left_out: bool = True) -> None:
        """A test turned out to have been broken by this head."""
        self.ledger.escapes.add(
            Escape(
                test=test,
                repo=found.repo,
                tenant=found.tenant,
                pr=found.pr,
                head_sha=found.head_sha,
                first_bad_head=found.head_sha,
                base_verdict=Sight.PASSED,
                evidence=("it failed",),
                changed_files=("shop.py",),
                left_out=left_out,
                false_green=True,
            )
        )

    def figures(self, *, days: float = 30.0, repo: str | None = None, tenants: frozenset[str] | None = None) -> Figures:
        """What the figures are now."""
        since = NOW - timedelta(days=days)
        wanted = Wanted(since=since, repo=repo, tenants=tenants, namespace="maestro")
        rows = read(self.ledger, self.cards, wanted)
        return figures(rows, since=since, until=NOW, repo=repo, tenants=tenants)

    def _record(
        self,
        found: PullRequest,
        kind: RecordKind,
        ordinal: str,
        *,
        outcome: str,
        at: datetime,
        inputs: dict[str, str] | None = None,
    ) -> None:
        self.ledger.records.append(
            DecisionRecord(
                key=found.key(kind.value, ordinal),
                kind=kind,
                repo=found.repo,
                pr=found.pr,
                head_sha=found.head_sha,
                actor="policy",
                outcome=outcome,
                reason="so",
                inputs=inputs or {},
                at=at,
            )
        )


@cache
def _new_ledger() -> bytes:
    """A ledger in which nothing has happened, made once: its migrations take most of a second."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.sqlite"
        Ledger.open(f"sqlite:///{file}").close()
        return file.read_bytes()


def _index(found: PullRequest, outcome: DecisionState, file: IndexedFile, *, at: datetime) -> Index:
    subject = Subject(
        repository=found.repository,
        repo=found.repo,
        pr=found.pr,
        base_sha=found.base_sha,
        merge_base_sha=found.merge_base_sha,
        head_sha=found.head_sha,
        tested_tree="",
    )
    return Index(
        subject=subject,
        decision=outcome,
        decided_by="policy",
        reasons=("so",),
        controls=(),
        files=(file,),
        catalogue_digest="",
        policy_digest="",
        maestro_version="1",
        sealed_at=at,
    )
