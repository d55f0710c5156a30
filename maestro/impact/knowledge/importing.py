"""Which tests use something that their file imports from a changed module: known without any recording."""

import math
import posixpath
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from maestro.impact.graph.modules import INIT
from maestro.impact.knowledge.listing import Listing
from maestro.impact.knowledge.units import Units

Floats = NDArray[np.float32]


def module_rarity(changed: Iterable[str], listing: Listing) -> Floats:
    """For each source, the rarity in nats of the rarest changed module that it uses; 0 where it uses none.

    A module is recognised by its last name, in whichever way it is imported: what is bound by a statement that says
    the name stands for the module, and so does the name itself.
    """
    count = len(listing.sources)
    rarest = np.zeros(count, dtype=np.float32)
    files = listing.file_of_source.tolist()
    for module in sorted({_last_name(path) for path in changed if path.endswith(".py")}):
        standing = [_standing_for(module, units) for units in listing.readings]
        using = [
            place
            for place, (unit, file) in enumerate(zip(listing.sources, files, strict=True))
            if standing[file] and not (standing[file].isdisjoint(unit.late) and standing[file].isdisjoint(unit.early))
        ]
        if using:
            rarest[using] = np.maximum(rarest[using], math.log((count + 1) / len(using)))
    return rarest


def _last_name(path: str) -> str:
    folder, name = posixpath.split(path)
    return posixpath.basename(folder) if name == INIT else name.removesuffix(".py")


def _standing_for(module: str, units: Units | None) -> frozenset[str]:
    if units is None or module not in units.words:
        return frozenset()
    bound = (unit.binds for unit in units.all if not unit.name and module in unit.early)
    return frozenset({module}).union(*bound)
