"""The card in a terminal of 80 columns or more: the same view, with words and shapes beside every colour."""

import textwrap
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from maestro.model.decision import DecisionCard
from maestro.render.card import card_view
from maestro.render.view import CardView, Pair, PlaceView, RegionRow, TestsView, Tone

_STYLES: Final[dict[Tone, str]] = {
    "green": "green",
    "amber": "yellow",
    "red": "red",
    "blue": "cyan",
    "grey": "bright_black",
}
_MARKS: Final[dict[Tone, str]] = {"green": "+", "amber": "!", "red": "x", "blue": ">", "grey": "-"}

COMMAND_WIDTH: Final = 76
"""Leaves room in 80 columns for the backslash."""


def card_terminal(card: DecisionCard) -> RenderableType:
    """The card for ``rich.console.Console.print``. Every text is literal: nothing is parsed as console markup."""
    view = card_view(card)
    sections: list[RenderableType | None] = [
        _verdict(view),
        _section(view.heading, _why(view)),
        _section("Risk", _risk(view)) if view.risk else None,
        _section("Region", _place(view.place)) if view.place else None,
        _section("Tests", _tests(view.tests)) if view.tests else None,
        _section("Saved by leaving tests to the night", _pairs(view.saved)) if view.saved else None,
        _section(f"Controls: {view.controls_summary}", _controls(view)) if view.controls else None,
        _section("Timeline", _timeline(view)) if view.timeline else None,
        _section("What you can do now" if view.actions else "Where to look further", _actions(view)),
    ]
    return Group(*(section for section in sections if section is not None))


def _verdict(view: CardView) -> Panel:
    style = _STYLES[view.tone]
    subject = "  ".join(pair.value for pair in view.subject)
    headline = Text.assemble((f"{_MARKS[view.tone]} {view.verdict}", f"bold {style}"), "\n", (view.title, "bold"))
    return Panel(Group(headline, Text(subject, style="dim")), border_style=style, padding=(0, 1))


def _section(title: str, content: RenderableType) -> Group:
    """Without a margin: it would pad every line, and a blank after a backslash breaks a copied command."""
    return Group(Text(), Text(title, style="bold underline"), content)


def _why(view: CardView) -> Group:
    parts: list[RenderableType] = [Text(view.why), *(_bullet("-", reason) for reason in view.reasons)]
    parts += [Text(note, style="dim") for note in view.notes]
    if view.next_step:
        step = Group(Text(view.next_step.description), _pairs(view.next_step.facts))
        parts.append(Panel(step, title=Text("The smallest safe next step"), title_align="left", box=box.SQUARE))
    return Group(*parts)


def _risk(view: CardView) -> Group:
    parts: list[RenderableType] = [Text(view.risk)]
    if view.promise:
        parts.append(_pairs(view.promise.facts))
        parts += [_bullet("-", f"{term.label}: {term.value}", "dim") for term in view.promise.terms]
    return Group(*parts)


def _place(place: PlaceView) -> Group:
    chosen = Text(place.reason)
    residency = [Text(place.residency, style="dim")] if place.residency else []
    return Group(chosen, *residency, *([_regions(place.rows)] if place.rows else []))


def _regions(rows: tuple[RegionRow, ...]) -> Group:
    terms = [cost.label for cost in max(rows, key=lambda row: len(row.costs)).costs]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False, header_style="dim")
    table.add_column("Region")
    table.add_column("")
    for column in (*terms, "Total", "CO2e"):
        table.add_column(column, justify="right")
    remarks: list[RenderableType] = []
    for row in rows:
        costs = {cost.label: cost.value for cost in row.costs}
        table.add_row(
            Text(row.region),
            Text(row.state, style=_STYLES[row.tone]),
            *(Text(costs.get(term, "")) for term in terms),
            Text(row.total, style="bold"),
            Text(row.carbon),
        )
        remarks += [_bullet(_MARKS[row.tone], f"{row.region}: {reason}", _STYLES[row.tone]) for reason in row.reasons]
    return Group(table, *remarks)


def _tests(tests: TestsView) -> Group:
    parts: list[RenderableType] = [Text(f"{tests.outcome} {tests.left_out}"), Text(tests.reason, style="dim")]
    parts += [_bullet("x", f"{problem.label} {problem.value}", "red") for problem in tests.problems]
    for test in tests.failed:
        parts.append(_bullet("x", f"{test.test} {test.verdict}", "red"))
        parts.append(Padding(Text(test.message, style="dim"), (0, 0, 0, 4)))
    if tests.more_failed:
        parts.append(Text(f"{tests.more_failed} more in the stored results."))
    parts.append(_pairs(tests.facts))
    return Group(*parts)


def _controls(view: CardView) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=16, no_wrap=True)
    table.add_column(ratio=1)
    for row in view.controls:
        style = _STYLES[row.tone]
        told = Text.assemble((row.title, "bold"), f" ({row.control}, tier {row.tier})")
        if row.tone != "green":
            told.append(f"\n{row.reason}")
        if row.fix:
            told.append(f"\nFix: {row.fix}", style=style)
        table.add_row(Text(f"{_MARKS[row.tone]} {row.state}", style=style), told)
    return table


def _timeline(view: CardView) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(ratio=1)
    for moment in view.timeline:
        if moment.day:
            table.add_row(Text(moment.day), Text("UTC", style="dim"))
        detail = f": {moment.detail}" if moment.detail else ""
        table.add_row(Text(moment.clock), Text(f"{moment.event} ({moment.actor}){detail}"))
    return table


def _actions(view: CardView) -> Group:
    parts: list[RenderableType] = []
    for action in view.actions:
        parts.append(Text.assemble((action.label, "bold"), f"  {action.effect}"))
        parts.append(Text(_continued(action.command), style="cyan", overflow="fold"))
    if view.temporal_ui:
        parts.append(Text(f"Workflow in Temporal: {view.temporal_ui}", overflow="fold"))
    return Group(*parts or [Text("Nothing is asked of you.")])


def _continued(command: str) -> str:
    """The command on lines that a shell joins again when they are copied."""
    return " \\\n".join(
        textwrap.wrap(
            command,
            COMMAND_WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def _pairs(pairs: tuple[Pair, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=1)
    for pair in pairs:
        table.add_row(Text(pair.label), Text(pair.value))
    return table


def _bullet(mark: str, text: str, style: str = "") -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_row(Text(mark, style=style), Text(text))
    return table
