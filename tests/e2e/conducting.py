"""Conducting a repository as a CI job does it, and what came back: exit code, card, and what was said beside it."""

import json
from dataclasses import dataclass
from pathlib import Path

import jsonschema

from maestro.model.decision import DecisionCard
from maestro.model.tests import TestOutcome
from maestro.resources import resource_dir
from tests.execution.repositories import Files
from tests.localstack import LocalStack

BASE: Files = {
    "calc.py": "def double(x):\n    return 2 * x\n",
    "tests/test_calc.py": "from calc import double\n\n\ndef test_double():\n    assert double(2) == 4\n",
    "tests/test_other.py": "def test_other():\n    assert True\n",
}
"""A project with one test that uses its module and one that does not; pytest, nothing to install."""

SCHEMA = json.loads((resource_dir("templates") / "decision-card.schema.json").read_bytes())


@dataclass(frozen=True)
class Conducted:
    """How one call ended. Standard output held one card by its schema and nothing else, or it would not be here."""

    exit_code: int
    card: DecisionCard

    @property
    def reasons(self) -> str:
        return "\n".join(self.card.decision.reasons)

    @property
    def failed(self) -> dict[str, TestOutcome]:
        assert self.card.report is not None, "no test was run"
        return {outcome.test: outcome for outcome in self.card.report.failed}


def conduct(stack: LocalStack, folder: Path, *options: str) -> Conducted:
    """Conduct the last commit of ``folder`` against its parent up to the verdict."""
    done = stack.maestro(
        *("pr", "start", "--repo", str(folder), "--base", "HEAD^"),
        *("--wait", "--no-wait-for-person", "--json", *options),
    )
    assert done.returncode in {0, 1}, done.stderr
    assert "Traceback" not in done.stderr
    jsonschema.validate(json.loads(done.stdout), SCHEMA)
    return Conducted(done.returncode, DecisionCard.model_validate_json(done.stdout))
