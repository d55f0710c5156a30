"""What activities work with: the topology, the ledger, the artifact store, the policies, one set per process."""

from dataclasses import dataclass, field

from temporalio.client import Client

from maestro.artifacts import ArtifactStore
from maestro.assurance import catalogue as controls
from maestro.config.topology import Topology
from maestro.execution.places import Places
from maestro.forges.choosing import Forges
from maestro.home import artifacts_dir, home, keys_dir
from maestro.impact.calibration.registry import Registry
from maestro.impact.knowledge.units import Library
from maestro.ledger import Ledger
from maestro.model.region import Standing
from maestro.policy.engine import PolicyEngine, RegorusEngine
from maestro.render.trial import try_templates
from maestro.resources import controls_dir, policies_dir
from maestro.signing.keys import open_keyring


class Reach:
    """The client by which activities reach Temporal. It is exchanged when the namespace moves to another cluster, also
    under an activity that runs; ``standing`` is that of the process as it is then.
    """

    def __init__(self, client: Client, standing: Standing | None = None) -> None:
        self.client = client
        self.standing = standing or Standing()


@dataclass(frozen=True)
class Services:
    """The adapters that a worker process opens once and its activities share. All of them are thread-safe.

    ``library`` keeps what was read of source texts from one pull request to the next. ``forges`` have connections;
    ``close`` lets go of them.
    """

    topology: Topology
    places: Places
    ledger: Ledger
    artifacts: ArtifactStore
    policy: PolicyEngine
    catalogue: controls.Catalogue
    reach: Reach
    library: Library = field(default_factory=Library)
    forges: Forges = field(default_factory=lambda: Forges.from_config((), Places.under(home())))

    @property
    def client(self) -> Client:
        """The client as it is now; ask anew for each call."""
        return self.reach.client

    async def close(self) -> None:
        await self.forges.close()

    def registry(self) -> Registry:
        """The models of test selection, with the keys as they are now: one that was added is believed at once."""
        return Registry(self.ledger, self.artifacts, open_keyring(keys_dir()))


def open_services(topology: Topology, client: Client, ledger: Ledger, standing: Standing | None = None) -> Services:
    """Open everything beside the ledger, or raise the ``MaestroError`` of what cannot be opened."""
    try_templates()
    places = Places.under(home())
    return Services(
        topology=topology,
        places=places,
        ledger=ledger,
        artifacts=ArtifactStore(artifacts_dir()),
        policy=RegorusEngine(policies_dir()),
        catalogue=controls.load(controls_dir()),
        reach=Reach(client, standing),
        forges=Forges.from_config(topology.forges, places),
    )
