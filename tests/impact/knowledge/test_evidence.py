"""Each way in which a change reaches a test is seen, and told in words."""

from collections.abc import Callable

import pytest

from maestro.errors import BadInput
from maestro.impact.knowledge.evidence import Evidence, evidence_of
from maestro.impact.knowledge.patch import FilePatch, Patch
from maestro.impact.knowledge.recording import LOST, Recording
from maestro.impact.knowledge.since import Since
from maestro.model.tests import ReasonKind

Gather = Callable[..., Evidence]
Record = Callable[..., Recording]

SHOP = """import re
from functools import cache

RATE = 3
DOUBLE = RATE * 2
PATTERN = re.compile("a+")


def total(prices, factor=1):
    result = 0
    for price in prices:
        if price > 0:
            result += price
    return result * factor


@cache
def table():
    return build()


def build():
    return {}


def lookup(key):
    return table()[key]


def scaled(value):
    return value * DOUBLE


def matches(word):
    return PATTERN.match(word)


class Cart:
    def add(self, item):
        self.items.append(item)


class Basket(Cart):
    def weigh(self):
        return 1
"""
TESTS = """import pytest
from shop import total, lookup


@pytest.fixture
def prices():
    return [total([1])]


def test_total():
    assert total([1]) == 1


def test_lookup():
    assert lookup("a") == 1


def test_other(prices):
    assert prices


@pytest.mark.parametrize("word", ["total", "nothing"])
def test_words(word):
    assert word
"""
TREE = {"shop.py": SHOP, "test_shop.py": TESTS}
LINE = {text: number for number, text in enumerate(SHOP.splitlines(), start=1)}
TOTAL, OTHER, LOOKUP = "test_shop.py::test_total", "test_shop.py::test_other", "test_shop.py::test_lookup"
EXECUTED = {
    TOTAL: {"shop.py": [10, 11, 12, 13, 14]},
    LOOKUP: {"shop.py": [LINE["    return table()[key]"]]},
    OTHER: {"shop.py": [LINE["        self.items.append(item)"]]},
}


def changed(old: str, new: str, file: str = "shop.py") -> dict[str, str]:
    assert old in TREE[file]
    return TREE | {file: TREE[file].replace(old, new, 1)}


def seen(evidence: Evidence, feature: str) -> list[str]:
    """The tests for which a feature is not 0."""
    return [test for test, value in zip(evidence.tests, evidence.column(feature).tolist(), strict=True) if value]


@pytest.fixture
def recording(record: Record) -> Recording:
    return record(TREE, EXECUTED, outside={"shop.py": [1, 2, 4, 5, 6]})


def test_a_test_that_executed_the_changed_line_is_seen_and_told(gather: Gather, recording: Recording) -> None:
    evidence = gather(TREE, changed("price > 0", "price >= 0"), EXECUTED, recording)

    assert seen(evidence, "line_executed") == [TOTAL]
    assert evidence.reason(0) == (ReasonKind.COVERED, "it executed the changed statement, in total in shop.py")
    assert evidence.forced == {}
    assert evidence.unjudged == ()


def test_an_inserted_line_is_seen_by_its_neighbours(gather: Gather, recording: Recording) -> None:
    evidence = gather(TREE, changed("    return result *", "    check()\n    return result *"), EXECUTED, recording)

    assert seen(evidence, "line_executed") == [TOTAL]


def test_a_changed_default_is_seen_by_who_executed_the_function(gather: Gather, recording: Recording) -> None:
    evidence = gather(TREE, changed("factor=1", "factor=2"), EXECUTED, recording)

    assert seen(evidence, "symbol_entered") == [TOTAL]
    assert seen(evidence, "contract") == [TOTAL]


@pytest.mark.parametrize(
    ("old", "new", "test", "line"),
    [
        pytest.param("return {}", "return {1: 2}", LOOKUP, 0, id="below a cache, filled by another test"),
        pytest.param('"a+"', '"b+"', "test_shop.py::test_words", "    return PATTERN.match(word)", id="a pattern"),
        pytest.param(
            "RATE = 3", "RATE = 4", "test_shop.py::test_words", "    return value * DOUBLE", id="two values on"
        ),
    ],
)
def test_a_value_made_at_import_or_cached_is_seen_by_its_users(
    gather: Gather, record: Record, old: str, new: str, test: str, line: str | int
) -> None:
    executed = EXECUTED | ({test: {"shop.py": [LINE[line]]}} if isinstance(line, str) else {})

    evidence = gather(TREE, changed(old, new), executed, record(TREE, executed))

    assert seen(evidence, "use_executed") == [test]
    assert "it executed code that uses" in evidence.reason(evidence.tests.index(test))[1]


def test_a_new_override_is_seen_by_who_executed_the_method_of_the_base(gather: Gather, recording: Recording) -> None:
    after = changed("    def weigh(self):", "    def add(self, item):\n        pass\n\n    def weigh(self):")

    assert seen(gather(TREE, after, EXECUTED, recording), "use_executed") == [OTHER]


def test_names_in_the_source_count_also_through_a_fixture_and_in_parameters(gather: Gather) -> None:
    tests = [*EXECUTED, "test_shop.py::test_words[total]", "test_shop.py::test_words[nothing]"]

    evidence = gather(TREE, changed("price > 0", "price >= 0"), tests)

    assert TOTAL in seen(evidence, "names_symbol")
    assert LOOKUP not in seen(evidence, "names_symbol")
    assert OTHER in seen(evidence, "helper_rarity")
    assert seen(evidence, "id_word_share") == [TOTAL, "test_shop.py::test_words[total]"]
    assert "nothing is recorded" in evidence.notes[0]


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("from shop import total as sum_of", id="a name out of it"),
        pytest.param("import shop as sum_of", id="the module under another name"),
        pytest.param("from . import shop\nsum_of = shop.total", id="a value made of it"),
    ],
)
def test_a_test_that_uses_what_comes_from_a_changed_module_is_seen_without_a_recording(
    gather: Gather, how: str
) -> None:
    texts = {"shop.py": SHOP, "test_a.py": f"{how}\n\n\ndef test_a():\n    sum_of()\n\n\ndef test_b():\n    pass\n"}
    after = texts | {"shop.py": SHOP.replace("RATE = 3", "RATE = 4")}

    evidence = gather(texts, after, ["test_a.py::test_a", "test_a.py::test_b"])

    assert seen(evidence, "uses_module") == ["test_a.py::test_a"]


def test_new_and_changed_tests_are_forced_and_their_neighbours_are_not(gather: Gather, recording: Recording) -> None:
    new = "test_shop.py::test_new"
    after = changed('lookup("a") == 1', 'lookup("a") == 2', "test_shop.py")
    after["test_shop.py"] += "\n\ndef test_new():\n    pass\n"

    evidence = gather(TREE, after, [*EXECUTED, new], recording)

    assert {test: kind for test, (kind, _) in evidence.forced.items()} == {
        LOOKUP: ReasonKind.CHANGED,
        new: ReasonKind.NEW,
    }


@pytest.mark.parametrize(
    ("old", "new", "forced"),
    [
        pytest.param("return [total([1])]", "return [2]", {OTHER}, id="a fixture"),
        pytest.param("import total, lookup", "import total, lookup as lookup", set(), id="nothing"),
        pytest.param('["total", "nothing"]', '["total"]', {"test_shop.py::test_words[total]"}, id="parameters"),
        pytest.param("from shop import total, lookup", "from shop import *", set(EXECUTED), id="a star"),
    ],
)
def test_what_a_test_uses_of_its_own_file_counts_as_its_source(
    gather: Gather, record: Record, old: str, new: str, forced: set[str]
) -> None:
    executed = EXECUTED | {"test_shop.py::test_words[total]": {}}

    evidence = gather(TREE, changed(old, new, "test_shop.py"), executed, record(TREE, executed))

    assert forced <= set(evidence.forced)
    assert forced or not evidence.forced


def test_a_test_that_took_the_recorder_away_always_runs(gather: Gather, record: Record) -> None:
    evidence = gather(TREE, changed("price > 0", "price >= 0"), EXECUTED, record(TREE, EXECUTED, flags={OTHER: LOST}))

    assert set(evidence.forced) == {OTHER}


@pytest.mark.parametrize(
    ("file", "said"),
    [
        pytest.param("requirements.txt", "dependencies", id="what is installed"),
        pytest.param("pyproject.toml", "configures", id="settings"),
        pytest.param("data/unknown.json", "any test may use", id="a data file that nobody is known to open"),
        pytest.param("data/early.json", "while modules are imported", id="a data file that is read at import"),
    ],
)
def test_what_nobody_can_judge_makes_everything_run(gather: Gather, record: Record, file: str, said: str) -> None:
    recording = record(TREE, EXECUTED, opened={"pyproject.toml": [TOTAL]}, opened_at_import=["data/early.json"])

    evidence = gather(TREE | {file: "1"}, TREE | {file: "2"}, EXECUTED, recording)

    assert said in evidence.unjudged[0]
    assert file in evidence.unjudged[0]


def test_a_data_file_is_seen_by_who_opened_it_or_listed_its_folder(gather: Gather, record: Record) -> None:
    recording = record(TREE, EXECUTED, opened={"data/a.json": [TOTAL], "data/": [OTHER]})

    evidence = gather(TREE | {"data/a.json": "1"}, TREE | {"data/a.json": "2"}, EXECUTED, recording)

    assert seen(evidence, "data_opened") == [TOTAL, OTHER]
    assert evidence.unjudged == ()


def test_a_file_that_cannot_be_parsed_makes_everything_run(gather: Gather, recording: Recording) -> None:
    evidence = gather(TREE, changed("def total(", "def total(("), EXECUTED, recording)

    assert evidence.unjudged[0].startswith("shop.py cannot be parsed (line 9: ")


def test_a_recording_of_another_text_is_in_doubt(gather: Gather, record: Record) -> None:
    older = record(changed("price > 0", "price > 1"), EXECUTED)

    assert seen(gather(TREE, changed("price > 0", "price >= 0"), EXECUTED, older), "doubt") == [*EXECUTED]


def test_lines_are_looked_up_where_they_were_when_they_were_recorded(record: Record) -> None:
    then = "LATER = 0\n" * 30 + SHOP.replace("    result = 0\n", "").replace("price > 0", "price != 0")
    recording = record(
        {"shop.py": then}, {TOTAL: {"shop.py": range(30 + 9, 30 + 14)}, OTHER: {"shop.py": range(9, 15)}}
    )
    patch = Patch((FilePatch("shop.py", "shop.py"),))
    after = changed("price > 0", "price >= 0")

    evidence = evidence_of(
        patch,
        old=TREE.get,
        new=after.get,
        tests=recording.tests,
        recording=recording,
        since=Since(lambda file: then if file == "shop.py" else None, patch),
    )

    assert seen(evidence, "line_executed") == [TOTAL]
    assert seen(evidence, "doubt") == [TOTAL, OTHER]


def test_a_patch_of_nothing_but_comments_says_nothing_of_any_test(gather: Gather, recording: Recording) -> None:
    evidence = gather(TREE, TREE | {"shop.py": f"# A comment.\n{SHOP}"}, EXECUTED, recording)

    assert (evidence.edits, evidence.forced, evidence.unjudged) == ((), {}, ())
    assert not evidence.column("line_rarity").any()


def test_a_deleted_module_that_is_still_imported_is_an_edit_of_all_of_it(gather: Gather, recording: Recording) -> None:
    evidence = gather(TREE, {"test_shop.py": TESTS}, EXECUTED, recording)

    assert seen(evidence, "line_executed") == [*EXECUTED]


def test_the_same_test_listed_twice_is_refused(gather: Gather) -> None:
    with pytest.raises(BadInput, match="twice"):
        gather(TREE, TREE, [TOTAL, TOTAL])
