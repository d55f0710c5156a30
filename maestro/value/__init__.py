"""Value: what Maestro did over a time, in figures that are computed from the ledger and from sealed cards alone.

Every figure says from how many rows it comes, out of how many it could have; what nobody recorded is None, never 0.
``docs/figures.md`` defines each one. The reader reads, the functions are pure: same rows, same figures.
"""

from maestro.value.cards import SealedCards
from maestro.value.figures import figures
from maestro.value.model import Figures
from maestro.value.period import DEFAULT_DAYS, days_of
from maestro.value.reader import Wanted, read

__all__ = ["DEFAULT_DAYS", "Figures", "SealedCards", "Wanted", "days_of", "figures", "read"]
