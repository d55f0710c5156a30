"""From changed files back to the tests: how far each file is from a change, and by which chain of imports."""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from maestro.impact.graph.imports import ImportGraph, folders_above
from maestro.impact.graph.links import Verb
from maestro.impact.names import module_name, shown

CHAIN_LINKS = 5
"""Links that a sentence names; the middle of a longer chain is counted."""


@dataclass(frozen=True, slots=True)
class Step:
    """One link towards the nearest change: ``distance`` links are left, the next one leads to ``towards``."""

    distance: int
    verb: Verb = Verb.USES
    towards: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Every file that a change can reach, with its step towards it; a changed file is at distance 0."""

    graph: ImportGraph
    steps: Mapping[str, Step]

    def of_test(self, test_file: str) -> Step | None:
        """The shortest way from a test's file, or from what pytest loads with it, to a change; None without one."""
        own = [self.steps[test_file]] if test_file in self.steps else []
        loaded = [file for file in self.graph.behind(test_file) if file in self.steps]
        ways = own + [Step(self.steps[file].distance + 1, Verb.USES, file) for file in loaded]
        return min(ways, key=lambda step: step.distance, default=None)

    def chain(self, test_file: str) -> str:
        """The way in words: ``tests/test_cart.py imports shop.cart, which imports shop.price, which is changed``."""
        step = self.of_test(test_file)
        links: list[str] = []
        while step is not None and step.distance:
            name = module_name(step.towards) if step.towards.endswith(".py") else step.towards
            links.append(f"{step.verb} {shown(name)}")
            step = self.steps.get(step.towards)
        if len(links) > CHAIN_LINKS:
            hidden = len(links) - CHAIN_LINKS
            links[CHAIN_LINKS - 1 : -1] = [f"leads on through {hidden} more"]
        return f"{shown(test_file)} {', which '.join((*links, 'is changed'))}"


def reach(graph: ImportGraph, changed: Collection[str]) -> Reach:
    """Walk the graph backwards from all changed files at once, nearest first, always in the same order."""
    steps = {file: Step(0) for file in sorted(changed)}
    waiting = deque(steps)
    loaded: set[str] = set()
    while waiting:
        file = waiting.popleft()
        distance = steps[file].distance + 1
        for importer in graph.referring_to(file):
            if importer.file not in steps:
                steps[importer.file] = Step(distance, importer.verb, file)
                waiting.append(importer.file)
        for folder in folders_above(file) if file.endswith(".py") else ():
            if folder in loaded:
                continue
            loaded.add(folder)
            for loader in graph.loaders.get(folder, ()):
                if loader not in steps:
                    steps[loader] = Step(distance, Verb.MAY_LOAD, file)
                    waiting.append(loader)
    return Reach(graph, steps)
