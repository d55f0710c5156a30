"""The night on a real stack: it finds what a pull request left out and broke, and pays every debt."""

from maestro.model.decision import DecisionState
from maestro.model.record import RecordKind
from tests.drills.nights import night
from tests.drills.stand import Stand
from tests.execution.repositories import Files

ESCAPE = "tests/test_hidden.py::test_price_by_name"

PRICE = "def price(): return {value}\n"

MAIN: Files = {
    "shop/__init__.py": "",
    "shop/price.py": PRICE.format(value=1),
    "shop/stock.py": "def stock(): return 5\n",
    "tests/test_price.py": "from shop.price import price\ndef test_price(): assert price() > 0\n",
    "tests/test_stock.py": "from shop.stock import stock\ndef test_stock(): assert stock() == 5\n",
    # It takes the source by a name that is put together at run time: no static graph sees that.
    "tests/test_hidden.py": (
        "from pathlib import Path\n"
        "def test_price_by_name():\n"
        "    names = {}\n"
        "    exec(Path('shop', 'pri' + 'ce.py').read_text(), names)\n"
        "    assert names['price']() == 1\n"
    ),
}


async def test_the_night_finds_what_was_left_out_and_broken_and_pays_the_debts(stand: Stand) -> None:
    stand.repository.commit(MAIN, message="a shop")
    stand.repository.git("checkout", "--quiet", "-b", "dearer")
    head = stand.repository.commit({"shop/price.py": PRICE.format(value=2)}, message="dearer")
    stand.repository.git("checkout", "--quiet", "main")
    handle = await stand.start(head)
    outcome = await stand.ended(handle)
    pull_request = outcome.pull_request
    assert outcome.decision.state is DecisionState.GREEN
    assert [row.test for row in stand.rows(pull_request)] == ["tests/test_price.py::test_price"]
    assert ESCAPE in stand.ledger.night.owed(pull_request.repo)
    known_before = set(stand.ledger.history.durations(pull_request.repo))

    report = await night(stand)

    [left_out] = [result for result in report.results if result.task.settles and result.task.settles == pull_request]
    assert left_out.escapes == (ESCAPE,)
    assert left_out.report is not None
    assert left_out.report.counts == {"pass": 1, "fail": 1}
    # Other drills conducted copies of the repository, which have main branches of their own.
    mains = [result for result in report.results if result.task.settles is None]
    [main] = [result for result in mains if result.task.pull_request.repository == str(stand.repository.folder)]
    assert main.report is not None
    assert main.report.green
    assert main.report.counts == {"pass": 3}
    assert main.task.pull_request.head_sha == stand.repository.git("rev-parse", "main")
    assert stand.ledger.night.owed(pull_request.repo) == {}
    assert set(stand.ledger.history.durations(pull_request.repo)) > known_before
    recorded = stand.ledger.records.list(repo=pull_request.repo, head_sha=head, kind=RecordKind.NIGHTLY)
    assert [stored.record.outcome for stored in recorded] == ["1 escaped"]
    assert ESCAPE in recorded[0].record.reason
