"""One history of a repository's tests: what was imported and what Maestro ran itself."""

from datetime import datetime

from maestro.impact.history.builds import History
from maestro.ledger.ledger import Ledger


def history_of(
    ledger: Ledger,
    repo: str,
    *,
    tenant: str = "default",
    last: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> History:
    """Imported builds and own ones in time order: the ``last`` of those from ``since`` and before ``until``.

    Runs of the same head are one build; a test that failed in one and passed in a retry is flaky there.
    """
    ledger.own_builds.catch_up(repo, tenant=tenant)
    return ledger.builds.history(repo, tenant=tenant, last=last, since=since, until=until)
