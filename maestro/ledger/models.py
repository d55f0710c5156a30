"""The registry of models: which one selects a repository's tests, since when and why, and which one did before.

A repository has at most one champion. A change of champion, its history and its decision record are one transaction.
"""

import json
from collections.abc import Mapping

import sqlalchemy as sa

from maestro.canonical import canonical_json
from maestro.errors import BadInput, Conflict
from maestro.ledger.build_tables import build_series
from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.model_tables import model_promotions, models
from maestro.ledger.records import Records
from maestro.ledger.schema import now_seconds, runs
from maestro.model.artifact import ArtifactRef
from maestro.model.calibration import ModelEntry, ModelStatus, Promise, Promotion, WalkFigures
from maestro.model.record import DecisionRecord

LIST_LIMIT = 100
"""Models in one answer: two years of weekly calibrations."""


class Models:
    """Models and promotions by repository and tenant."""

    def __init__(self, database: Database, records: Records) -> None:
        self._database = database
        self._records = records

    def champion(self, repo: str, *, tenant: str = "default") -> ModelEntry | None:
        """The model that selects now, or None."""
        with self._database.read() as connection:
            return _champion(connection, repo, tenant)

    def repositories(self) -> tuple[tuple[str, str], ...]:
        """Every (tenant, repository) with a test history, imported or of Maestro's own runs, in order."""
        imported = sa.select(build_series.c.tenant, build_series.c.repo)
        query = imported.union(sa.select(runs.c.tenant, runs.c.repo))
        with self._database.read() as connection:
            return tuple(sorted((row.tenant, row.repo) for row in connection.execute(query)))

    def find(self, digest: str, *, repo: str, tenant: str = "default") -> ModelEntry | None:
        """The model with this digest, or None."""
        with self._database.read() as connection:
            return _find(connection, digest, repo, tenant)

    def list(self, repo: str, *, tenant: str = "default", limit: int = LIST_LIMIT) -> tuple[ModelEntry, ...]:
        """The newest models, newest first."""
        query = (
            sa.select(models).where(*_of(models, repo, tenant)).order_by(models.c.created_at.desc(), models.c.digest)
        )
        with self._database.read() as connection:
            return tuple(_entry(row) for row in connection.execute(query.limit(limit)).mappings())

    def promotions(self, repo: str, *, tenant: str = "default") -> tuple[Promotion, ...]:
        """Every change of champion that a promotion made, oldest first, also those that were rolled back."""
        query = sa.select(model_promotions).where(*_of(model_promotions, repo, tenant))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(model_promotions.c.sequence)).mappings()
            return tuple(_promotion(row) for row in rows)

    def register(self, entry: ModelEntry, *, replacing: str | None, record: DecisionRecord) -> ModelEntry:
        """Add a model with its record. A champion takes the place of ``replacing``; any other leaves it there, and
        hands it promise and report.

        Again is the same as once: where the record's key is known, the model that came with it is returned as it
        stands. Raises Conflict where the champion is no longer the one that the model was held against.
        """
        repo, tenant = entry.repo, entry.tenant
        with self._database.write() as connection:
            # First, because it puts all who write records in one line: what is read below stays so until the end.
            recorded = self._records.append(record, within=connection).record.version
            known = _find(connection, recorded, repo, tenant)
            if known is not None:
                return known
            _require_champion(connection, replacing, repo=repo, tenant=tenant)
            promoted = entry.status is ModelStatus.CHAMPION
            if replacing is not None:
                row = _row(entry)
                retired = {"status": ModelStatus.RETIRED.value, "reason": f"replaced: {entry.reason}"}
                renewed = {"promise": row["promise"], "report": row["report"]}
                _update(connection, replacing, repo, tenant, retired if promoted else renewed)
            if promoted:
                _note_promotion(connection, entry, replaced=replacing, actor=record.actor)
            connection.execute(sa.insert(models).values(_row(entry)))
            return entry

    def roll_back(self, promotion: Promotion, *, actor: str, record: DecisionRecord) -> ModelEntry | None:
        """Undo a promotion: the model before it is champion again, with the promise that it had; None: no model was.

        Raises Conflict where that promotion is not the one that stands.
        """
        repo, tenant = promotion.repo, promotion.tenant
        with self._database.write() as connection:
            self._records.append(record, within=connection)
            _require_champion(connection, promotion.digest, repo=repo, tenant=tenant)
            undone = connection.execute(
                sa.update(model_promotions)
                .where(
                    model_promotions.c.sequence == promotion.sequence,
                    model_promotions.c.digest == promotion.digest,
                    model_promotions.c.rolled_back_by.is_(None),
                )
                .values(rolled_back_by=actor)
            )
            if undone.rowcount != 1:
                raise Conflict(
                    "that promotion was rolled back already", field=repo, fix="look at what stands now, then decide"
                )
            rejected = {"status": ModelStatus.REJECTED.value, "reason": record.reason}
            _update(connection, promotion.digest, repo, tenant, rejected)
            if promotion.replaced is None:
                return None
            again = {"status": ModelStatus.CHAMPION.value, "reason": record.reason}
            _update(connection, promotion.replaced, repo, tenant, again)
            return _champion(connection, repo, tenant)


def _champion(connection: sa.Connection, repo: str, tenant: str) -> ModelEntry | None:
    query = sa.select(models).where(*_of(models, repo, tenant), models.c.status == ModelStatus.CHAMPION.value)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _entry(row)


def _find(connection: sa.Connection, digest: str, repo: str, tenant: str) -> ModelEntry | None:
    query = sa.select(models).where(*_of(models, repo, tenant), models.c.digest == digest)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _entry(row)


def _require_champion(connection: sa.Connection, digest: str | None, *, repo: str, tenant: str) -> None:
    champion = _champion(connection, repo, tenant)
    found = champion.digest if champion else None
    if found != digest:
        raise Conflict(
            f"the champion is {found or 'no model'} now, not {digest or 'no model'}: somebody changed it meanwhile",
            field=repo,
            fix="calibrate again, so that models are held against the one that selects",
        )


def _update(connection: sa.Connection, digest: str, repo: str, tenant: str, values: Mapping[str, object]) -> None:
    statement = sa.update(models).where(*_of(models, repo, tenant), models.c.digest == digest)
    if connection.execute(statement.values(values)).rowcount != 1:
        raise BadInput("the registry has no such model", field=digest, fix="restore the ledger from a backup")


def _note_promotion(connection: sa.Connection, entry: ModelEntry, *, replaced: str | None, actor: str) -> None:
    connection.execute(
        sa.insert(model_promotions).values(
            tenant=entry.tenant,
            repo=entry.repo,
            digest=entry.digest,
            replaced=replaced,
            at=now_seconds(),
            actor=actor,
            reason=entry.reason,
        )
    )


def _of(table: sa.Table, repo: str, tenant: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.tenant == tenant, table.c.repo == repo


def _row(entry: ModelEntry) -> dict[str, object]:
    return {
        "tenant": entry.tenant,
        "repo": entry.repo,
        "digest": entry.digest,
        "created_at": entry.created_at.timestamp(),
        "status": entry.status.value,
        "reason": entry.reason,
        "promise": canonical_json(entry.promise),
        "figures": canonical_json(entry.figures),
        "file": canonical_json(entry.file),
        "report": None if entry.report is None else canonical_json(entry.report),
    }


def _entry(row: sa.RowMapping) -> ModelEntry:
    return ModelEntry(
        tenant=row["tenant"],
        repo=row["repo"],
        digest=row["digest"],
        created_at=moment(row["created_at"]),
        status=ModelStatus(row["status"]),
        reason=row["reason"],
        promise=Promise.model_validate(json.loads(row["promise"])),
        figures=WalkFigures.model_validate(json.loads(row["figures"])),
        file=ArtifactRef.model_validate(json.loads(row["file"])),
        report=None if row["report"] is None else ArtifactRef.model_validate(json.loads(row["report"])),
    )


def _promotion(row: sa.RowMapping) -> Promotion:
    return Promotion(
        sequence=row["sequence"],
        tenant=row["tenant"],
        repo=row["repo"],
        digest=row["digest"],
        replaced=row["replaced"],
        at=moment(row["at"]),
        actor=row["actor"],
        reason=row["reason"],
        rolled_back_by=row["rolled_back_by"],
    )
