"""``maestro tests select`` and ``maestro tests explain``: which tests a change needs, and why, without a stack."""

import asyncio
import difflib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.explaining import explanation, told
from gateway.revisions import default_base
from gateway.selecting import Selected, Wish, open_selector
from maestro.errors import BadInput
from maestro.execution.places import Places
from maestro.execution.resolve import resolve_pull_request
from maestro.home import home
from maestro.impact.shadow import in_shadow
from maestro.impact.shards import ShardLimits
from maestro.model.pull_request import PullRequest
from maestro.model.tests import SelectionMode, SelectionRule
from maestro.render.untrusted import line
from maestro.words import count, duration
from workers.stack.plan import prepare_home

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

NEAR = 3
"""Tests with similar names that are shown for one that there is not."""


@dataclass(frozen=True)
class Named:
    """The change and the way to select, as they were named on the command line."""

    repo: str
    base: str
    head: str
    tenant: str
    mode: str
    tau: float | None
    rule: str | None
    python: Path | None

    def wish(self) -> Wish:
        rule = SelectionRule(self.rule) if self.rule else None
        return Wish(mode=SelectionMode(self.mode), tau=self.tau, rule=rule, python=self.python)

    def resolve(self) -> PullRequest:
        """The change as a pull request; what is left aside is said. ``BadInput`` names what is wrong."""
        prepare_home(home())
        base = self.base or default_base(self.repo, self.head)
        found = resolve_pull_request(
            self.repo, base=base, head=self.head, places=Places.under(home()), tenant=self.tenant
        )
        for note in found.notes:
            _say(note)
        return found


def naming(command: CommandT) -> CommandT:
    """Add the options of ``Named``."""
    options = (
        click.option("--repo", default=".", show_default=True, help="A clone, or an address that git can fetch."),
        click.option("--base", default="", help="What is merged into. [default: the default branch, else HEAD^]"),
        click.option("--head", default="HEAD", show_default=True, help="What is merged."),
        click.option("--tenant", default="default", show_default=True, help="Whose policy and past hold."),
        click.option(
            "--mode",
            type=click.Choice([mode.value for mode in SelectionMode]),
            default=SelectionMode.STANDARD.value,
            show_default=True,
            help="How widely tests are selected.",
        ),
        click.option(
            "--tau",
            type=click.FloatRange(0, 1, min_open=True, max_open=True),
            help="The risk to keep to. [default: what policy and the change make it]",
        ),
        click.option(
            "--rule",
            type=click.Choice([rule.value for rule in SelectionRule]),
            help="What a selection may rely on and leave out. [default: what policy says]",
        ),
        click.option(
            "--python",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="An interpreter with all that the tests need; they run in it unprotected. [default: one is built]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@naming
@click.option("--shadow", is_flag=True, help="Select and report, and say that everything is to be run.")
@click.option("--record", is_flag=True, help="First run the suite of the base once and keep what each test executes.")
@click.option("--json", "as_json", is_flag=True, help="The whole selection as JSON.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the tests to run, one a line: pytest @FILE."
)
def select(*, shadow: bool, record: bool, as_json: bool, out: Path | None, **named: Any) -> None:
    """Select the tests of a change under a risk bound. Commits count, uncommitted changes do not."""
    selected = _selected(Named(**named), record=record)
    if shadow or selected.appetite.mode is SelectionRule.SHADOW:
        selected = selected.running(in_shadow(selected.selection, limits=ShardLimits()))
    if out is not None:
        _write(out, selected)
    if as_json:
        click.echo(json.dumps(told(selected), indent=2))
    else:
        _show(selected)


@click.command()
@click.argument("test")
@naming
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def explain(test: str, *, as_json: bool, **named: Any) -> None:
    """Say why one test is selected or left out: what is known of it and the change, and its past."""
    selected = _selected(Named(**named), record=False)
    body = selected.selection.body
    listed = [*(each.id for each in body.selected), *(each.id for each in body.left_out)]
    if test not in listed:
        near = difflib.get_close_matches(test, listed, n=NEAR, cutoff=0.4)
        raise BadInput(
            f"the head has no test {test!r}",
            field="TEST",
            fix=f"did you mean {line(' or '.join(near))}?" if near else "take an id of `maestro tests select --json`",
        )
    found = explanation(selected, test)
    if as_json:
        click.echo(found.model_dump_json(indent=2))
        return
    for sentence in found.sentences():
        click.echo(line(sentence))


def _selected(named: Named, *, record: bool) -> Selected:
    pull_request = named.resolve()

    async def selecting() -> Selected:
        with open_selector(named.wish(), _say) as selector:
            if record:
                await selector.record(pull_request)
            return await selector.select(pull_request)

    return asyncio.run(selecting())


def _write(out: Path, selected: Selected) -> None:
    text = "".join(f"{test.id}\n" for test in selected.selection.body.selected)
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"it cannot be written: {error.strerror}", field="--out", fix="name another place") from error
    if not text:
        _say("no test has to run, so the file is empty: pytest @FILE would take that for all of them")


def _show(selected: Selected) -> None:
    body, risk = selected.selection.body, selected.risk
    run, saved = (sum(test.expected_seconds for test in tests) for tests in (body.selected, body.left_out))
    click.echo(line(selected.selection.reason))
    every = count(len(body.selected) + len(body.left_out), "test")
    click.echo(f"run {len(body.selected):,} of {every}, {duration(run)}; left out {duration(saved)}")
    # What runs in shadow carries no risk; what is told is that of the selection which it is the shadow of.
    where = "out of shadow: " if risk.residual_risk and not body.left_out else ""
    click.echo(
        f"{where}residual risk {risk.residual_risk:.3g} (95 %: {risk.low:.3g} to {risk.high:.3g}) by {risk.method}"
    )
    click.echo(f"  {line(risk.promise)}")
    click.echo(f"τ {risk.tau:.3g}")
    for term in risk.tau_terms:
        click.echo(f"  {line(term.name)} × {term.factor:.3g}: {line(term.reason)}")  # noqa: RUF001 - a multiplication sign
    for error in body.collection_errors:
        click.echo(f"cannot be collected: {line(error.test)}")
    for test in body.selected:
        click.echo(f"  {line(test.id)}: {line(test.reason)}")


def _say(text: str) -> None:
    click.echo(line(text), err=True)
