"""Tables of the listing commands: cells are literal and neutralised, and nothing is squeezed outside a terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from maestro.render.untrusted import line

PIPED_WIDTH = 240
"""Columns where the output is no terminal: a log is searched, not looked at."""


def print_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of plain text under their titles."""
    console = Console()
    (console if console.is_terminal else Console(width=PIPED_WIDTH)).print(table(titles, rows))


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Rows of plain text under their titles."""
    made = Table(box=None, header_style="dim")
    for title in titles:
        made.add_column(title, overflow="fold")
    for row in rows:
        made.add_row(*(Text(line(cell)) for cell in row))
    return made
