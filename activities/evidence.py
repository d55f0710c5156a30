"""render: seal the evidence of a decision into a bundle, and put it on record in the ledger."""

import asyncio

from temporalio import activity

from activities.heartbeat import heartbeating
from activities.services import Services
from maestro.evidence.sealing import Sealer
from maestro.home import keys_dir
from maestro.model.conduct import SealRequest
from maestro.model.decision import DecisionCard, Sealing
from maestro.model.progress import Progress
from maestro.resources import controls_dir
from maestro.signing.keys import open_evidence_keyring

CHECKPOINT_RECORDS = 100
CHECKPOINT_SECONDS = 3_600.0
"""How much of the chain may be without a signed checkpoint while pull requests are decided."""


class EvidenceActivities:
    """Makes what a stranger can check."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def seal(self, request: SealRequest) -> Sealing:
        """The bundle of a stored card. Whoever is second gets the bundle that is on record."""
        async with heartbeating(lambda: Progress(detail="sealing the evidence")):
            return await asyncio.to_thread(self._seal, request)

    def _seal(self, request: SealRequest) -> Sealing:
        services = self._services
        card = services.artifacts.read_model(request.card, DecisionCard)
        keys = open_evidence_keyring(keys_dir())
        sealer = Sealer(
            ledger=services.ledger,
            store=services.artifacts,
            catalogue=services.catalogue,
            controls=controls_dir(),
            policy_digest=services.policy.digest,
            keys=keys,
        )
        bundle = sealer.seal(card, request.evidence, ordinal=request.ordinal, at=request.at)
        checkpoints, now = services.ledger.checkpoints, services.ledger.now()
        if checkpoints.due(every_records=CHECKPOINT_RECORDS, every_seconds=CHECKPOINT_SECONDS, at=now):
            # Raises where the chain does not lead from the last checkpoint to here: nothing goes on over that.
            checkpoints.make(keys=keys, at=now, store=services.artifacts)
        name = f"{card.pull_request.repo}/{card.pull_request.pr}"
        return Sealing(done=True, detail=f"the evidence is sealed: maestro evidence export {name}", bundle=bundle)
