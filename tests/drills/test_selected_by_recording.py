"""What a night recorded and what calibration certified decide what a pull request runs, where the graph runs it all."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maestro.impact.judgement import OWN, PUBLIC
from maestro.model.conduct import Outcome
from maestro.model.decision import DecisionState
from maestro.model.record import RecordKind
from maestro.model.tests import PlanBody, ReasonKind
from tests.drills.nights import night
from tests.drills.stand import TRUSTING, Stand
from tests.execution.repositories import Files, Repository

PARTS = tuple(f"part{number}" for number in range(24))

MAIN: Files = {
    # The package imports everything, so that by the graph of imports every test needs every file.
    "shop/__init__.py": "".join(f"from shop.{part} import {part}\n" for part in PARTS),
    **{f"shop/{part}.py": f"def {part}():\n    return {number}\n" for number, part in enumerate(PARTS)},
    **{
        f"tests/test_{part}.py": f"import shop\n\ndef test_it(): assert shop.{part}() == {number}\n"
        for number, part in enumerate(PARTS)
    },
}

BUILDS = 204


def id_of(part: str) -> str:
    return f"tests/test_{part}.py::test_it"


async def conducted(stand: Stand, name: str, files: Files) -> Outcome:
    return await stand.ended(await stand.start(stand.propose(name, files), "--tenant", TRUSTING))


def chosen(stand: Stand, outcome: Outcome) -> dict[str, tuple[ReasonKind, str]]:
    assert outcome.card.plan is not None
    body = stand.artifacts.read_model(outcome.card.plan.body, PlanBody)
    assert len(body.selected) + len(body.left_out) == len(PARTS)
    return {test.id: (test.kind, test.reason) for test in body.selected}


def write_past(path: Path) -> None:
    """Builds of the same tests: each second one is red by the test of the part that it changes."""
    now = datetime.now(UTC)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("build", "time", "test", "verdict", "duration_seconds", "changed_files"))
        for build in range(BUILDS):
            broken = PARTS[build * 7 % len(PARTS)]
            at = (now - timedelta(hours=BUILDS - build)).isoformat()
            for part in PARTS:
                verdict = "fail" if part == broken and build % 2 else "pass"
                rows.writerow((f"b{build}", at, id_of(part), verdict, 1, f"shop/{broken}.py"))


async def test_what_was_recorded_and_calibrated_decides_what_runs(stand: Stand, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "parts")
    at = replace(stand, repository=repository)
    repository.commit(MAIN, message="a shop of parts")

    # Before anything is known, the graph decides, and by the graph everything is affected.
    unknown = await conducted(at, "first", {"shop/part2.py": "def part2():\n    return 1 + 1\n"})
    assert len(chosen(at, unknown)) == len(PARTS)

    await night(at)
    recorded = await conducted(at, "second", {"shop/part5.py": "def part5():\n    return 4 + 1\n"})
    assert recorded.decision.state is DecisionState.GREEN
    reasons = chosen(at, recorded)
    assert reasons[id_of("part5")] == (
        ReasonKind.COVERED,
        "it executed the changed statement, in part5 in shop/part5.py",
    )
    assert len(reasons) < len(PARTS) / 2
    assert recorded.card.plan is not None
    risk = recorded.card.plan.risk
    assert risk is not None
    assert (risk.method, risk.certified) == (PUBLIC, False)
    assert 0 < risk.low < risk.residual_risk < risk.high < 0.5
    [record] = at.ledger.records.list(head_sha=recorded.pull_request.head_sha, kind=RecordKind.SELECTION)
    assert {"recording", "change-model", "risk"} <= record.record.inputs.keys()

    repo = recorded.pull_request.repo
    write_past(tmp_path / "past.csv")
    asked = ("--repo", repo, "--tenant", TRUSTING)
    for command in (("import", str(tmp_path / "past.csv"), *asked), ("calibrate", *asked)):
        code, answer, remarks = await at.maestro("tests", *command)
        assert code == 0, answer + remarks
    certified = await conducted(at, "third", {"shop/part7.py": "def part7():\n    return 6 + 1\n"})
    assert certified.decision.state is DecisionState.GREEN
    assert id_of("part7") in chosen(at, certified)
    plan = certified.card.plan
    assert plan is not None
    assert plan.risk is not None
    assert (plan.risk.method, plan.risk.certified) == (OWN, True)
    assert plan.left_out_count > len(PARTS) / 2
    assert plan.report is not None
    assert b"Promise kept" in at.artifacts.get(plan.report)
    [record] = at.ledger.records.list(head_sha=certified.pull_request.head_sha, kind=RecordKind.SELECTION)
    assert record.record.inputs["model"] == plan.risk.model
