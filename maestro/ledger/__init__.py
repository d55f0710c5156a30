"""The ledger: who may act (leases), what happened once (effects), why (records), and what tests did (history).

It promises: a fence only rises; an effect is recorded once for its key, under a valid lease or in the one transaction
that checks its epoch; what a raised epoch revoked records nothing more; a verdict is recorded once for its run; records
form a chain that shows every change. Time is the database's, never a host's.
"""

from maestro.ledger.chain import ChainHead, ChainProblem
from maestro.ledger.effect_rows import Effect
from maestro.ledger.effects import Intent
from maestro.ledger.failovers import FailoverKind, FailoverRow
from maestro.ledger.history import TestRun
from maestro.ledger.leases import Lease
from maestro.ledger.ledger import Ledger
from maestro.ledger.once import Turn, once_at_remote, performing
from maestro.ledger.probes import ProbeFinding, ProbeRow, RegionState
from maestro.ledger.starts import Start

__all__ = [
    "ChainHead",
    "ChainProblem",
    "Effect",
    "FailoverKind",
    "FailoverRow",
    "Intent",
    "Lease",
    "Ledger",
    "ProbeFinding",
    "ProbeRow",
    "RegionState",
    "Start",
    "TestRun",
    "Turn",
    "once_at_remote",
    "performing",
]
