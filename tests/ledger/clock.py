"""Waiting for the ledger's own clock."""

import time
from contextlib import suppress

from maestro.errors import StaleFence
from maestro.ledger import Lease, Ledger
from maestro.ledger.leases import require_valid


def wait_until_expired(ledger: Ledger, lease: Lease) -> None:
    """Returns once the database itself counts the lease as over."""
    with suppress(StaleFence):
        while True:
            with ledger._database.write() as connection:
                require_valid(connection, lease)
            time.sleep(0.001)
