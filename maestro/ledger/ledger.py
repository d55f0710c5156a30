"""The ledger as the other rooms use it: one url, one object, a member for each thing it keeps."""

from datetime import datetime
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from maestro.ledger.builds import Builds
from maestro.ledger.checkpoints import Checkpoints
from maestro.ledger.clock import moment
from maestro.ledger.effects import Effects
from maestro.ledger.engine import PATIENCE_SECONDS, Database, open_database
from maestro.ledger.epochs import Epochs
from maestro.ledger.escapes import Escapes
from maestro.ledger.failovers import Failovers
from maestro.ledger.figure_rows import FigureRows
from maestro.ledger.flips import Flips
from maestro.ledger.history import History
from maestro.ledger.leases import Leases
from maestro.ledger.migrate import bring_up_to_date, require_current
from maestro.ledger.models import Models
from maestro.ledger.night import NightDebts
from maestro.ledger.own_builds import OwnBuilds
from maestro.ledger.probes import Probes, RegionStates
from maestro.ledger.quarantines import Quarantines
from maestro.ledger.recordings import Recordings
from maestro.ledger.records import Records
from maestro.ledger.samples import Samples
from maestro.ledger.schema import now_seconds
from maestro.ledger.spent import SpentIds
from maestro.ledger.starts import Starts
from maestro.ledger.tokens import ServiceTokens
from maestro.ledger.usage import Usage
from maestro.ledger.wishes import Wishes


class Ledger:
    """Leases, effects, decision records, and what is known of tests, models, regions and usage, in one database.

    Calls block, and are safe from many threads and processes at once; do not carry an open ledger over a fork.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.leases = Leases(database)
        self.effects = Effects(database)
        self.epochs = Epochs(database)
        self.starts = Starts(database)
        self.wishes = Wishes(database)
        self.failovers = Failovers(database)
        self.probes = Probes(database)
        self.region_states = RegionStates(database)
        self.records = Records(database)
        self.checkpoints = Checkpoints(database)
        self.history = History(database)
        self.night = NightDebts(database)
        self.escapes = Escapes(database)
        self.flips = Flips(database)
        self.quarantines = Quarantines(database)
        self.models = Models(database, self.records)
        self.recordings = Recordings(database)
        self.samples = Samples(database)
        self.builds = Builds(database)
        self.own_builds = OwnBuilds(database, self.builds)
        self.service_tokens = ServiceTokens(database, self.records)
        self.spent_ids = SpentIds(database)
        self.usage = Usage(database)
        self.figures = FigureRows(database)

    @classmethod
    def open(cls, url: str, *, migrate: bool = True, patience_seconds: float = PATIENCE_SECONDS) -> Self:
        """Open ``sqlite:////absolute/path.db`` or ``postgresql://user@host/database`` and bring its tables up to date.

        With ``migrate=False`` the tables must be those of this release already. A call waits ``patience_seconds`` for
        other transactions. Raises BadInput for a url that cannot be used, PlatformUnavailable where the database
        cannot be reached, is no ledger, is newer than this release, or would not be safe.
        """
        database = open_database(url, patience_seconds=patience_seconds)
        try:
            (bring_up_to_date if migrate else require_current)(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def now(self) -> datetime:
        """The ledger's clock, by which every lease ends and every row is dated."""
        with self._database.read() as connection:
            return moment(connection.execute(sa.select(now_seconds())).scalar_one())

    def close(self) -> None:
        """Give every connection back. The ledger can be opened again."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
