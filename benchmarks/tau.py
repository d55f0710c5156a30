"""How τ spreads over the pull requests of real repositories: ``python -m benchmarks.tau CLONE…``.

Each of the last commits of the first-parent line counts as one pull request onto the commit before it, by the author of
what it brought. A base that is right for most pull requests should be near the middle of what comes out.
"""

import statistics
import sys
import time
from pathlib import Path

from maestro.execution.git import tell
from maestro.impact.changes import changed_files
from maestro.impact.risk.facts import change_facts
from maestro.impact.risk.tau import ChangeFacts, TauLimits, adaptive_tau
from maestro.model.pull_request import PullRequest

PULL_REQUESTS = 150
LIMITS = TauLimits(base=0.05, floor=0.01, ceiling=0.1, reason="the shipped bounds")


def facts_of(mirror: Path, head: str, parents: list[str]) -> ChangeFacts:
    author = tell(mirror, "log", "-1", "--format=%an <%ae>", parents[1] if len(parents) == 2 else head)
    asked = PullRequest(
        repository=str(mirror), repo=mirror.name, pr="0", author=author, base_sha=parents[0],
        merge_base_sha=parents[0], head_sha=head,
    )  # fmt: skip
    return change_facts(mirror, asked, changed_files(mirror, parents[0], head))


def main(clones: list[str]) -> None:
    print(f"{'repository':32}{'lines':>7}{'files':>7}{'commits':>9}{'τ 10 %':>9}{'50 %':>7}{'90 %':>7}{'ms each':>9}")
    for clone in clones:
        mirror = Path(tell(Path(clone), "rev-parse", "--absolute-git-dir"))
        log = tell(mirror, "log", "--first-parent", f"--max-count={PULL_REQUESTS}", "--format=%H %P").splitlines()
        started = time.perf_counter()
        found = [facts_of(mirror, head, parents) for head, *parents in map(str.split, log) if parents]
        each = (time.perf_counter() - started) / len(found) * 1_000
        taus = statistics.quantiles((adaptive_tau(facts, LIMITS)[0] for facts in found), n=10)
        lines, files, commits = (
            statistics.median(getattr(facts, name) for facts in found) for name in ("lines", "files", "earlier_commits")
        )
        name = "/".join(mirror.parts[-2:])[-31:]
        print(f"{name:32}{lines:7.0f}{files:7.0f}{commits:9.0f}{taus[0]:9.3f}{taus[4]:7.3f}{taus[8]:7.3f}{each:9.0f}")


if __name__ == "__main__":
    main(sys.argv[1:])
