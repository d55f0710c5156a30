"""What activities work with: the topology, the ledger, the artifact store, the policies, one set per process."""

from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from maestro.artifacts import ArtifactStore
from maestro.config.topology import Topology
from maestro.ledger import Ledger
from maestro.policy.engine import PolicyEngine


@dataclass(frozen=True)
class Services:
    """The adapters that a worker process opens once and its activities share. All of them are thread-safe."""

    topology: Topology
    home: Path
    ledger: Ledger
    artifacts: ArtifactStore
    policy: PolicyEngine
    client: Client
