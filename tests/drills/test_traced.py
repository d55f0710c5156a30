"""An escape, end to end: decided green, merged, found at night, traced to its pull request, selected from then on."""

from dataclasses import replace
from pathlib import Path

from maestro.impact.knowledge.recording import Recording
from maestro.model.decision import DecisionState
from maestro.model.night import NightTaskResult
from maestro.model.record import RecordKind
from maestro.model.tests import PlanBody, ReasonKind
from maestro.model.tracing import FindingKind, Sight
from tests.drills.nights import night
from tests.drills.stand import Stand
from tests.execution.repositories import Files, Repository

ESCAPED = "tests/test_rules.py::test_every_rule_holds"

RULES = """
import json
from pathlib import Path

def test_every_rule_holds():
    for rule in json.loads(Path("rules.json").read_text()):
        names = {}
        exec(Path(*rule["where"]).read_text(), names)
        assert names[rule["what"]]() == rule["is"]
"""
"""What it runs stands in a data file, so no graph of imports leads to it."""

MAIN: Files = {
    "shop/__init__.py": "",
    "shop/price.py": "def price(): return 1\n",
    "shop/stock.py": "def stock(): return 5\n",
    "rules.json": '[{"where": ["shop", "price.py"], "what": "price", "is": 1}]',
    "tests/test_price.py": "from shop.price import price\ndef test_price(): assert price() > 0\n",
    "tests/test_stock.py": "from shop.stock import stock\ndef test_stock(): assert stock() == 5\n",
    "tests/test_rules.py": RULES,
}


def merge(repository: Repository, branch: str) -> str:
    repository.git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)
    return repository.git("rev-parse", "main")


async def test_what_escapes_is_traced_to_its_pull_request_and_runs_with_the_next_one(
    stand: Stand, tmp_path: Path
) -> None:
    repository = Repository(tmp_path / "rules")
    at = replace(stand, repository=repository)
    repository.commit(MAIN, message="a shop")
    before = at.propose("comment", {"shop/stock.py": "def stock(): return 5  # in boxes\n"})
    breaking = at.propose("dearer", {"shop/price.py": "def price(): return 2\n"})
    after = at.propose("readme", {"README.md": "a shop"})
    outcome = await at.ended(await at.start(breaking))
    for head in (before, after):
        await at.ended(await at.start(head))
    owed = outcome.pull_request
    assert outcome.decision.state is DecisionState.GREEN
    assert [row.test for row in at.rows(owed)] == ["tests/test_price.py::test_price"]
    merges = [merge(repository, branch) for branch in ("comment", "dearer", "readme")]

    report = await night(at)

    ours = [result for result in report.results if result.task.pull_request.repo == owed.repo]
    traced = {_name(result): result.trace.counts for result in ours if result.trace}
    assert traced == {owed.pr: {FindingKind.ESCAPE: 1}, "main": {FindingKind.ESCAPE: 1}}
    # Once, though two runs of the night found it: at the pull request's own head, and after it was merged.
    [escape] = at.ledger.escapes.list(owed.repo)
    assert (escape.test, escape.pr, escape.head_sha) == (ESCAPED, owed.pr, breaking)
    assert escape.first_bad_head in {breaking, merges[1]}
    assert escape.base_verdict is Sight.PASSED
    assert escape.changed_files == ("shop/price.py",)
    assert escape.left_out
    assert escape.false_green
    [stored] = at.ledger.records.list(repo=owed.repo, kind=RecordKind.ESCAPE)
    assert stored.record.outcome == f"{ESCAPED} escaped at {escape.owner}"
    assert "failed 3 times out of 3" in stored.record.reason

    recorded = at.ledger.recordings.latest(owed.repo)
    assert recorded is not None
    assert recorded.revision == merges[-1]
    recording = Recording.load(at.artifacts.get(recorded.ref))
    # No graph of imports knows it, and the recording does: what the escaped test reads.
    assert [recording.tests[test] for test in recording.opened_by("shop/price.py")] == [ESCAPED]

    later = at.propose("cheaper", {"shop/price.py": "def price(): return 3 - 2\n"})
    plan = (await at.ended(await at.start(later))).card.plan
    assert plan is not None
    chosen = {test.id: test for test in at.artifacts.read_model(plan.body, PlanBody).selected}
    assert chosen[ESCAPED].kind is ReasonKind.ESCAPED
    assert chosen[ESCAPED].reason == f"it escaped at {escape.owner}, which changed shop/price.py as this one does"


def _name(result: NightTaskResult) -> str:
    return result.task.settles.pr if result.task.settles else "main"
