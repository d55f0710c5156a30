"""What is known of each case before anything of it runs: the tests of the patched tree, and the evidence for each."""

import hashlib
import posixpath
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from maestro.errors import BadInput
from maestro.execution.tree import Tree
from maestro.impact.evaluation.base import Base, keep_file, with_broken
from maestro.impact.evaluation.casefile import Case
from maestro.impact.evaluation.overlay import Overlay
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.graph.modules import CONFTEST
from maestro.impact.knowledge.evidence import Evidence, evidence_of
from maestro.impact.knowledge.patch import apply_patch
from maestro.impact.knowledge.units import Library

_TESTS = TypeAdapter(tuple[str, ...])


@dataclass(frozen=True, eq=False)
class Judged:
    """A case with its evidence. ``failing`` marks the tests of the evidence that the patch is known to break.

    ``texts`` are the files that it changes. ``red_before`` are failing tests that fail without it as well, ``unknown``
    those that the patched tree does not list: neither can tell whether the selection caught anything.
    """

    case: Case
    evidence: Evidence
    failing: NDArray[np.bool_]
    texts: dict[str, str | None]
    red_before: tuple[str, ...]
    unknown: tuple[str, ...]


class Judge:
    """Judges the cases of one base in its own ``tree``, in which the patches are laid one after the other."""

    def __init__(self, tree: Tree, base: Base, *, workdir: Path) -> None:
        self.tree = tree
        self.base = base
        self.overlay = Overlay(tree.source)
        self.workdir = workdir
        self._library = Library()

    async def judged(self, case: Case) -> Judged:
        """Runs nothing of the case; lists its tests anew only where the patch changes files of tests.

        ``BadInput`` when the patch does not apply, or no test is left that it is known to break.
        """
        old = self.overlay.read
        texts = apply_patch(case.patch, old)

        def new(path: str) -> str | None:
            return texts[path] if path in texts else old(path)

        gone = [change.gone for change in (file.change() for file in case.patch.files) if change.gone]
        with self.overlay.laid(texts):
            tests = await self._tests(case, tuple(texts))
            graph = ImportGraph.of(self.tree.source, gone=gone)
        evidence = evidence_of(
            case.patch,
            old=old,
            new=new,
            tests=tests,
            recording=self.base.recording,
            graph=graph,
            library=self._library,
        )
        return self._with_failing(case, evidence, texts)

    def _with_failing(self, case: Case, evidence: Evidence, texts: dict[str, str | None]) -> Judged:
        red, listed = frozenset(self.base.run.red), frozenset(evidence.tests)
        judged = Judged(
            case=case,
            evidence=evidence,
            failing=marked(evidence.tests, frozenset(case.failing) - red),
            texts=texts,
            red_before=tuple(test for test in case.failing if test in red),
            unknown=tuple(test for test in case.failing if test not in red | listed),
        )
        if not judged.failing.any():
            raise BadInput(
                f"none of its {len(case.failing)} failing tests can tell anything: {len(judged.red_before)} fail on "
                f"the base as well, {len(judged.unknown)} are not listed",
                field="failing",
                fix="name tests, by the ids that pytest lists, that pass on the base and fail with the patch",
            )
        return judged

    async def _tests(self, case: Case, changed: tuple[str, ...]) -> tuple[str, ...]:
        """The tests of the tree as it is now, with the patch in it."""
        files = {test.partition("::")[0] for test in self.base.run.tests}
        if not any(path in files or _holds_tests(path) for path in changed):
            return self.base.run.tests
        kept = self.base.kept / f"tests-{hashlib.sha256(case.text.encode()).hexdigest()[:32]}.json"
        if kept.is_file():
            return _TESTS.validate_json(kept.read_bytes())
        listing = await self.tree.list_tests(workdir=self.workdir / f"line-{case.line}")
        tests = with_broken(listing, known=self.base.run.tests)
        keep_file(kept, _TESTS.dump_json(tests))
        return tests


def marked(tests: Sequence[str], those: Collection[str]) -> NDArray[np.bool_]:
    """Which of the tests are among ``those``; give a set where there are many."""
    return np.fromiter((test in those for test in tests), np.bool_, count=len(tests))


def _holds_tests(path: str) -> bool:
    """A file that may hold tests, or decide which there are, though the base lists none in it."""
    name = posixpath.basename(path)
    return name == CONFTEST or (name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")))
