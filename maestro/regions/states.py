"""The last judged state of each region, as the ledger keeps it for the router, the table and the next controller."""

import json

from maestro.ledger import Ledger
from maestro.regions.burn import RegionState


def known_states(ledger: Ledger) -> dict[str, RegionState]:
    """The states by region; a region that no controller has judged is not among them."""
    found = (RegionState.model_validate_json(json.dumps(stored.body)) for stored in ledger.region_states.all())
    return {state.region: state for state in found}
