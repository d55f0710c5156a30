"""What holds for all patches: evidence is total, one more edit takes nothing away, and renames are followed."""

from collections.abc import Callable, Mapping

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestro.impact.knowledge.evidence import Evidence, evidence_of
from maestro.impact.knowledge.features import FEATURES
from maestro.impact.knowledge.patch import FilePatch, Patch
from maestro.impact.knowledge.recording import Recording

Gather = Callable[..., Evidence]
Record = Callable[..., Recording]

PIECES = (
    "",
    "import os, sys as s\nfrom . import *\nfrom .a import (b,\n    c as d)\n",
    "x: int = 1; y, *z = f'{x!r:>{x}}', 2\n",
    "if x:\n    def f(): return 1\nelse:\n    f = lambda: (yield)\n",
    """match x:
    case [1, *rest] if rest:
        pass
    case {'a': y, **more} | y:
        del y
    case _:
        ...
""",
    """@a.b(1)
@c
class C(B[int], metaclass=M):
    "doc"
    e = 1
    class D:
        def m(self, /, a, *, b=1, **c) -> 'x': 'only a docstring'
""",
    """async def g():
    async for i in x:
        await i
    else:
        return
    async with x as (y, z): pass
""",
    "try:\n    a.b.c[1].d = 2\nexcept* (E, F) as e:\n    raise X from e\nfinally:\n    global_ = 1\n",
    "while (n := n - 1):\n    continue\nelse:\n    assert n, 'é'\n",
    """def test_a(x=[i for i in range(9) if i], *a: int):
    nonlocal_ = x
    def inner():
        nonlocal x
        x = 1
""",
    """class TestC(TestBase):
    x = property(lambda self: 1)
    @x.setter
    def x(self, v): pass
    def test_m(self): return super().test_m()
""",
    "@lru_cache\ndef h(a): return k(a)\nVALUE = h(1)\n",
    "\x0c\ndef ünï(): return 'ﬁ'\n",
    "def (",
)
TEXT = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
TESTS = ("t/test_a.py::test_a", "t/test_a.py::TestC::test_m[a::b]", "t/test_b.py::test_gone", "other suite")
FILES = ("a.py", "t/test_a.py", "t/conftest.py", "p/b.py", "data.json")
TREE = st.fixed_dictionaries({}, optional=dict.fromkeys(FILES, TEXT))
RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def flags(evidence: Evidence) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    columns = [place for place, feature in enumerate(FEATURES) if feature.flag]
    return evidence.features[:, columns] > 0


def everywhere(record: Record, tree: Mapping[str, str]) -> Recording:
    """The first test executed everything, the second every third line."""
    lines = {file: range(1, text.count("\n") + 2) for file, text in tree.items() if file.endswith(".py")}
    executed = {TESTS[0]: lines, TESTS[1]: {file: found[::3] for file, found in lines.items()}, TESTS[2]: {}}
    return record(tree, executed)


@RELAXED
@given(before=TREE, after=TREE, recorded=st.booleans())
def test_every_patch_has_evidence_with_a_reason_for_each_test(
    gather: Gather, record: Record, before: dict[str, str], after: dict[str, str], recorded: bool
) -> None:
    recording = everywhere(record, before) if recorded else None

    evidence = gather(before, after, TESTS, recording)

    assert np.isfinite(evidence.features).all()
    assert evidence.features.shape == (len(TESTS), len(FEATURES))
    assert all(evidence.reason(test)[1] for test in range(len(TESTS)))


@RELAXED
@given(before=TREE, after=TREE, further=st.sampled_from(FILES), text=TEXT)
def test_one_more_edit_takes_no_flag_no_forced_test_and_no_doubt_away(
    gather: Gather, record: Record, before: dict[str, str], after: dict[str, str], further: str, text: str
) -> None:
    before |= {further: before.get(further, "x = 1\n")}
    after = {**after, further: before[further]}
    recording = everywhere(record, before)

    less = gather(before, after, TESTS, recording)
    # Of a file of tests the sources themselves differ, so that what they name may differ too.
    more = gather(
        before, after | {further: text if not further.startswith("t/") else before[further]}, TESTS, recording
    )

    assert (flags(less) <= flags(more)).all()
    assert set(less.forced) <= set(more.forced)
    assert set(less.unjudged) <= set(more.unjudged)


@RELAXED
@given(text=TEXT.filter(lambda text: "def (" not in text))
def test_a_renamed_file_is_known_by_its_old_name(record: Record, text: str) -> None:
    before, after = {"old.py": text}, {"new.py": text}
    recording = record(before, {TESTS[0]: {"old.py": range(1, text.count("\n") + 2)}, TESTS[1]: {}})

    evidence = evidence_of(
        Patch((FilePatch("old.py", "new.py"),)), old=before.get, new=after.get, tests=TESTS[:2], recording=recording
    )

    assert evidence.column("file_executed").tolist() == [1, 0]
