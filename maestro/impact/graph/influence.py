"""What the changes of one pull request mean for its tests, worked out once and asked for each test."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from maestro.impact.changes import Change, ChangeKind
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.graph.judging import is_documentation, why_not_judged
from maestro.impact.graph.reach import Reach, reach

DIRECT_DISTANCE = 1
"""Links between a change and the tests that see it directly: they import it themselves."""


@dataclass(frozen=True, slots=True)
class Influence:
    """``present`` are the changed paths that exist at the head. ``code`` are the changed paths but documentation,
    ``unjudged`` the sentences on what the graph cannot judge, ``nearest`` the test files that are closest to some
    changed file.
    """

    graph: ImportGraph
    present: frozenset[str]
    code: tuple[str, ...]
    unjudged: tuple[str, ...]
    reach: Reach
    nearest: frozenset[str]


def influence_of(changes: Sequence[Change], graph: ImportGraph, test_files: Iterable[str]) -> Influence:
    """Judge every change against the graph of the head."""
    files = frozenset(test_files)
    added = frozenset(change.path for change in changes if change.kind is ChangeKind.ADDED)
    unjudged = [why_not_judged(change, graph, added=added, test_files=files) for change in changes]
    touched = frozenset(path for change in changes for path in (change.path, change.gone) if path)
    return Influence(
        graph=graph,
        present=frozenset(change.path for change in changes if change.kind is not ChangeKind.DELETED),
        code=tuple(change.path for change in changes if not is_documentation(change, graph)),
        unjudged=tuple(filter(None, unjudged)),
        reach=reach(graph, touched),
        nearest=frozenset(near for path in sorted(touched) for near in _nearest(path, graph, files)),
    )


def _nearest(path: str, graph: ImportGraph, test_files: frozenset[str]) -> Iterable[str]:
    """The test files closest to one changed file, where none imports it directly.

    Taken for each changed file alone, so that another change cannot push the tests of this one out.
    """
    if path in test_files or any(importer.file in test_files for importer in graph.referring_to(path)):
        return ()
    way = reach(graph, (path,))
    distances = {file: step.distance for file in test_files if (step := way.of_test(file))}
    closest = min(distances.values(), default=0)
    return (file for file, distance in distances.items() if distance == closest)
