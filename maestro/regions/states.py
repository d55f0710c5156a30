"""The last judged state of each region, as the ledger keeps it for the router, the table and the next controller."""

import json

from maestro.ledger import Ledger
from maestro.regions.burn import RegionState

STALE_SECONDS = 60.0
"""A state that no controller has renewed for so long says nothing about now, for better or worse."""


def current_states(ledger: Ledger) -> tuple[RegionState, ...]:
    """The states that are fresh enough to place by."""
    now = ledger.now().timestamp()
    return tuple(state for state in known_states(ledger).values() if now - state.at < STALE_SECONDS)


def known_states(ledger: Ledger) -> dict[str, RegionState]:
    """The states by region; a region that no controller has judged is not among them."""
    found = (RegionState.model_validate_json(json.dumps(stored.body)) for stored in ledger.region_states.all())
    return {state.region: state for state in found}
