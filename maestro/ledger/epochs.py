"""Epochs: which cluster may act for a namespace. Raised in the ledger before a failover is asked for.

An acquisition or effect under an epoch either ends before ``raise_to`` does, and is seen by it, or is refused.
"""

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from maestro.errors import BadInput, Conflict, StaleEpoch
from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.region_tables import epochs
from maestro.ledger.schema import leases, now_seconds
from maestro.model.region import Epoch, Standing

Joins = Callable[[sa.Connection], object]
"""Writes that belong to a change of the epoch, such as the row and the record of a failover: in its transaction."""


class Epochs:
    """The epoch of each namespace. Its version only rises, but for a planned handover that is withdrawn."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self, namespace: str) -> Epoch | None:
        """The epoch as it is now, or None where the namespace has none yet."""
        with self._database.read() as connection:
            return _find(connection, namespace)

    def begin(self, namespace: str, version: int, cluster: str, *, reason: str = "the first epoch") -> Epoch:
        """Note the first epoch of a namespace. Where there is one already, that is returned unchanged."""
        statement = self._database.insert(epochs).values(
            namespace=namespace,
            version=version,
            cluster=cluster,
            leaving_cluster="",
            reason=reason,
            raised_at=now_seconds(),
        )
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_nothing())
            return _require(connection, namespace)

    def raise_to(
        self,
        namespace: str,
        *,
        version: int,
        cluster: str,
        reason: str,
        revoke_regions: Sequence[str] = (),
        keep_leaving: bool = False,
        also: Joins | None = None,
    ) -> Epoch:
        """From now on the cluster acts, under this version; ``also`` is run in the same transaction.

        Forced: what was given under another version is refused from here on, and every lease of ``revoke_regions``
        ends at once, so nothing that a frozen region holds can be committed any more. Planned (``keep_leaving``): the
        version that is left stays admitted until ``settle``, and no lease is touched.

        Raises StaleEpoch where the version is not newer, Conflict for a planned handover while another one is under
        way, BadInput for one that would revoke leases or where no epoch was begun.
        """
        if keep_leaving and revoke_regions:
            raise BadInput(
                "a planned handover leaves every lease as it is", field="revoke_regions", fix="name no regions"
            )
        with self._database.write() as connection:
            _stop_everybody(connection, self._database.dialect)
            before = _require(connection, namespace)
            _require_newer(before, version)
            if keep_leaving and before.leaving is not None:
                raise Conflict(
                    f"a planned handover to {before.cluster} is under way",
                    field=namespace,
                    fix="settle or withdraw it first",
                )
            after = self._set(
                connection,
                before,
                version=version,
                cluster=cluster,
                leaving=before.version if keep_leaving else None,
                leaving_cluster=before.cluster if keep_leaving else "",
                reason=reason,
                raised_at=now_seconds(),
            )
            _revoke(connection, revoke_regions)
            if also is not None:
                also(connection)
            return after

    def settle(self, namespace: str, *, also: Joins | None = None) -> Epoch:
        """End a planned handover: what the cluster that was left gave is not admitted any more. Again is as once.

        Leases that are held stay as they are: work in flight goes on to its end.
        """
        with self._database.write() as connection:
            _stop_everybody(connection, self._database.dialect)
            before = _require(connection, namespace)
            after = self._set(connection, before, leaving=None, leaving_cluster="")
            if also is not None:
                also(connection)
            return after

    def withdraw(self, namespace: str, *, reason: str, also: Joins | None = None) -> Epoch:
        """Give a planned handover up: the cluster that was to be left acts on, under its version.

        Raises Conflict where no planned handover is under way.
        """
        with self._database.write() as connection:
            _stop_everybody(connection, self._database.dialect)
            before = _require(connection, namespace)
            if before.leaving is None:
                raise Conflict(
                    f"no planned handover is under way; {before.cluster} acts under {before.version}",
                    field=namespace,
                    fix="raise the epoch to a newer version instead",
                )
            after = self._set(
                connection,
                before,
                version=before.leaving,
                cluster=before.leaving_cluster,
                leaving=None,
                leaving_cluster="",
                reason=reason,
                raised_at=now_seconds(),
            )
            if also is not None:
                also(connection)
            return after

    def _set(self, connection: sa.Connection, before: Epoch, **values: object) -> Epoch:
        mine = epochs.c.namespace == before.namespace
        connection.execute(sa.update(epochs).where(mine).values(**values))
        return _require(connection, before.namespace)


def require_admitted(connection: sa.Connection, standing: Standing) -> None:
    """Hold the epoch as it is until the transaction ends. Raises StaleEpoch where it does not admit the standing.

    A standing without an epoch is always admitted. Without the shared row lock an epoch could be raised between this
    check and the commit on PostgreSQL; on SQLite the write transaction keeps everyone else out.
    """
    if standing.epoch is None:
        return
    found = sa.select(epochs).where(epochs.c.namespace == standing.namespace).with_for_update(read=True)
    row = connection.execute(found).one_or_none()
    if row is None or not _epoch(row).admits(standing.epoch):
        raise stale_epoch(standing, None if row is None else _epoch(row))


def stale_epoch(standing: Standing, current: Epoch | None) -> StaleEpoch:
    """Why a standing is refused."""
    now = f"{current.cluster} acts now, under {current.version}" if current else "the ledger knows no epoch of it"
    return StaleEpoch(
        f"epoch {standing.epoch} of {standing.region or 'this process'} is not admitted: {now}",
        field=standing.namespace,
        fix="stop and publish nothing; take the ledger's epoch before you go on",
    )


def _stop_everybody(connection: sa.Connection, dialect: str) -> None:
    """Wait for whoever acts under an epoch in a transaction now, and keep others from it until this one ends.

    The hazard is an acquisition that read the old epoch and commits after the raise has looked for leases to revoke:
    its lease would be one that nobody ended. Every such transaction holds a shared lock on its epoch's row, and with
    it ROW SHARE on the table, which conflicts with this. Two more things matter under READ COMMITTED:

    - The leases are revoked by a later statement, which sees what those transactions committed before this lock came.
    - A lock on the row would not do: shared locks of others are let in past one that waits for it, so a busy ledger
      could keep the raise out for ever. Locks on tables stand in line.

    On SQLite a write transaction is alone anyhow.
    """
    if dialect == "postgresql":
        connection.exec_driver_sql("LOCK TABLE epochs IN EXCLUSIVE MODE")


def _revoke(connection: sa.Connection, regions: Sequence[str]) -> None:
    """End every lease of the regions, without a look at whether the clock ended it already.

    With such a look, a lease that expires while its holder's commit or renewal is under way would be passed over
    without waiting for that, and the effect would come after the raise. So this waits for each row of the regions.
    """
    if regions:
        ends_at = sa.case((leases.c.expires_at < now_seconds(), leases.c.expires_at), else_=now_seconds())
        # The second condition is the index's own, word for word: neither database infers it from the first.
        theirs = sa.and_(leases.c.region.in_(list(regions)), leases.c.region != sa.literal_column("''"))
        connection.execute(sa.update(leases).where(theirs).values(expires_at=ends_at, region=""))


def _require_newer(before: Epoch, version: int) -> None:
    if version <= before.version:
        raise StaleEpoch(
            f"version {version} is not newer than {before.version}, under which {before.cluster} acts",
            field=before.namespace,
            fix="look at the ledger's epoch again and decide anew",
        )


def _require(connection: sa.Connection, namespace: str) -> Epoch:
    found = _find(connection, namespace)
    if found is None:
        raise BadInput("the ledger knows no epoch of this namespace", field=namespace, fix="begin the first one")
    return found


def _find(connection: sa.Connection, namespace: str) -> Epoch | None:
    row = connection.execute(sa.select(epochs).where(epochs.c.namespace == namespace)).one_or_none()
    return None if row is None else _epoch(row)


def _epoch(row: sa.Row[tuple[object, ...]]) -> Epoch:
    return Epoch(
        namespace=row.namespace,
        version=row.version,
        cluster=row.cluster,
        leaving=row.leaving,
        leaving_cluster=row.leaving_cluster,
        reason=row.reason,
        raised_at=moment(row.raised_at),
    )
