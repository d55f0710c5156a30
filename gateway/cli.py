"""The ``maestro`` command. Exit codes: 0 decided green, 1 red, blocked, rejected or cancelled, 2 wrong use or bad
input, 3 the platform could not do it, 130 interrupted.
"""

from typing import NoReturn

import click

from gateway.lazy import LazyGroup
from maestro import __version__
from workers.exit import Leave

PULL_REQUESTS = {
    "start": ("gateway.commands.pr_start:start", "Conduct a pull request on a running stack; for CI."),
    "show": ("gateway.commands.pr_show:show", "Show the Decision Card of a pull request as it stands."),
    "watch": ("gateway.commands.pr_show:watch", "Watch a pull request until it is decided, also by a person."),
    "act": (
        "gateway.commands.pr_act:act",
        "Approve, reject, report an incident, retry, cancel, or change what is tested.",
    ),
    "list": ("gateway.commands.pr_list:list_", "List pull requests, newest first."),
}
REGIONS = {
    "status": ("gateway.commands.regions:status", "Show the regions with their measured health."),
    "route": ("gateway.commands.regions_route:route", "Say where a pull request would run now, and why."),
    "failover": ("gateway.commands.regions_move:failover", "Make another cluster the active one."),
    "failback": ("gateway.commands.regions_move:failback", "Make the home cluster the active one again."),
    "drill": ("gateway.commands.regions_drill:drill", "Hurt two clusters of one's own, and see what holds."),
}
LEDGER = {
    "show": ("gateway.commands.ledger:show", "Show decision records, oldest first."),
    "verify": ("gateway.commands.ledger:verify", "Check that no decision record was changed, dropped or inserted."),
    "checkpoint": ("gateway.commands.ledger_checkpoint:checkpoint", "Sign the head of the chain of records now."),
}
EVIDENCE = {
    "show": ("gateway.commands.evidence:show", "Show stored artifacts, or what is in a bundle."),
    "export": ("gateway.commands.evidence_export:export", "Write the sealed evidence of a pull request."),
    "verify": ("gateway.commands.evidence_verify:verify", "Verify a bundle, offline and without any service."),
    "release": ("gateway.commands.evidence_release:release", "Hold every change since the last tag to its evidence."),
}
TESTS = {
    "import": ("gateway.commands.tests_import:import_", "Import test history: JUnit XML, CSV, a forge's check runs."),
    "select": ("gateway.commands.tests_select:select", "Select the tests of a change under a risk bound."),
    "explain": ("gateway.commands.tests_select:explain", "Say why one test is selected or left out."),
    "evaluate": ("gateway.commands.tests_evaluate:evaluate", "Walk a history forward: what would have been promised."),
    "evaluate-cases": ("gateway.commands.tests_cases:evaluate_cases", "Measure known faults of a repository."),
    "calibrate": ("gateway.commands.tests_calibrate:calibrate", "Refit the model; promote it only if it is better."),
    "report": ("gateway.commands.tests_calibrate:report", "Write the calibration report as one HTML file."),
    "rollback": ("gateway.commands.tests_calibrate:rollback", "Put the model before the last promotion back."),
}
KEYS = {
    "list": ("gateway.commands.keys:list_", "List the own keys and the trusted ones."),
    "create": ("gateway.commands.keys:create", "Make the key of a purpose by an algorithm of your choice."),
    "rotate": ("gateway.commands.keys:rotate", "Make a new key the active one; old statements stay believed."),
    "revoke": ("gateway.commands.keys:revoke", "Stop believing a key, from a time on or altogether."),
    "export": ("gateway.commands.keys:export", "Write the trust roots for an auditor."),
    "trust": ("gateway.commands.keys:trust", "Believe another one's keys."),
}
CONTROLS = {
    "check": ("gateway.commands.controls:check", "Check that a control catalogue can be used."),
    "coverage": ("gateway.commands.controls:coverage_", "Show what answers each requirement, or why nothing can."),
}
ADVISORIES = {
    "import": ("gateway.commands.advisories:import_", "Import advisories in OSV form, with the day they are of."),
    "status": ("gateway.commands.advisories:status", "Show the snapshot of advisories: date, age, counts, digest."),
}
TOKENS = {
    "create": ("gateway.commands.tokens:create", "Make a service token for CI or another program, and show it once."),
    "list": ("gateway.commands.tokens:list_", "List the service tokens: for whom, for what, until when."),
    "revoke": ("gateway.commands.tokens:revoke", "End a service token now, at every gateway."),
}
HOOKS = {
    "install": ("gateway.commands.hooks:install", "Let pushes to refs/for/BRANCH of a bare repository be conducted."),
    "check": ("gateway.commands.hooks:check", "Look whether such pushes can be conducted."),
    "remove": ("gateway.commands.hooks:remove", "Take the hooks away again."),
}
COMMANDS = {
    "up": ("gateway.commands.stack:up", "Start the local stack: Temporal, a worker per region, the gateway."),
    "down": ("gateway.commands.stack:down", "Stop the local stack."),
    "status": ("gateway.commands.stack:status", "Show the local stack: its processes, addresses and logs."),
    "run": ("gateway.commands.run:run", "Conduct a pull request and watch it; starts the stack if none is up."),
    "pr": ("gateway.cli:pr", "Start, show, watch, act on and list pull requests."),
    "tests": ("gateway.cli:tests", "Import history, select, explain and calibrate: also without a stack."),
    "regions": ("gateway.cli:regions", "See where pull requests can run."),
    "ledger": ("gateway.cli:ledger", "See and check what was decided, by whom and why."),
    "figures": ("gateway.commands.figures:figures", "Show what was conducted, saved, kept, asked and taken."),
    "controls": ("gateway.cli:controls", "Check the control catalogue, and see what it answers."),
    "hooks": ("gateway.cli:hooks", "Conduct what is pushed to a bare repository for review."),
    "tokens": ("gateway.cli:tokens", "Make, list and revoke the tokens by which programs come in."),
    "keys": ("gateway.cli:keys", "Make, rotate, revoke and trust the keys that sign evidence."),
    "sbom": ("gateway.commands.sbom:sbom", "Show what a head depends on, and which advisories affect it."),
    "advisories": ("gateway.cli:advisories", "Import and see the advisories that heads are held against."),
    "evidence": ("gateway.cli:evidence", "See the stored artifacts that a decision rests on."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, prog_name="maestro")
def cli(debug: bool) -> None:
    """Conducts pull requests as durable workflows: placed, tested under a stated risk, proven, decided."""


@click.group(cls=LazyGroup, lazy=PULL_REQUESTS)
def pr() -> None:
    """Start, show, watch, act on and list pull requests."""


@click.group(cls=LazyGroup, lazy=TESTS)
def tests() -> None:
    """Import history, select, explain and calibrate: also without a stack."""


@click.group(cls=LazyGroup, lazy=REGIONS)
def regions() -> None:
    """See where pull requests can run."""


@click.group(cls=LazyGroup, lazy=LEDGER)
def ledger() -> None:
    """See and check what was decided, by whom and why."""


@click.group(cls=LazyGroup, lazy=CONTROLS)
def controls() -> None:
    """Check the control catalogue, and see what it answers."""


@click.group(cls=LazyGroup, lazy=EVIDENCE)
def evidence() -> None:
    """See the stored artifacts that a decision rests on."""


@click.group(cls=LazyGroup, lazy=HOOKS)
def hooks() -> None:
    """Conduct what is pushed to a bare repository for review."""


@click.group(cls=LazyGroup, lazy=KEYS)
def keys() -> None:
    """Make, rotate, revoke and trust the keys that sign evidence."""


@click.group(cls=LazyGroup, lazy=ADVISORIES)
def advisories() -> None:
    """Import and see the advisories that heads are held against."""


@click.group(cls=LazyGroup, lazy=TOKENS)
def tokens() -> None:
    """Make, list and revoke the tokens by which programs come in."""


def main() -> NoReturn:
    """The console script."""
    leave = Leave()
    try:
        cli.main(prog_name="maestro")
    except SystemExit as ended:
        leave(ended.code if isinstance(ended.code, int) else 1)
    leave(0)
