"""The ledger: who may act (leases), what happened once (effects), why (records), and what tests did (history).

It promises: a fence only rises; an effect is recorded once for its key and only under a valid lease; a verdict is
recorded once for its run; records form a chain that shows every change. Time is the database's, never a host's.
"""

from maestro.ledger.chain import ChainHead, ChainProblem
from maestro.ledger.effects import Effect, Intent
from maestro.ledger.history import TestRun
from maestro.ledger.leases import Lease
from maestro.ledger.ledger import Ledger

__all__ = ["ChainHead", "ChainProblem", "Effect", "Intent", "Lease", "Ledger", "TestRun"]
