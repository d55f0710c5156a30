"""Selects the tests of a pull request on this machine, without a stack: from what was named to plan, promise, evidence.

The same sources and the same rules as the conductor's; nothing is run but the listing, and with ``record`` the base.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from maestro.artifacts import ArtifactStore
from maestro.config.topology import Topology, load_topology
from maestro.errors import BadInput
from maestro.execution.mirror import fetch
from maestro.execution.places import Places
from maestro.execution.runners import Listing
from maestro.execution.settings import ExecutionSettings
from maestro.execution.tree import Tree, open_tree
from maestro.home import artifacts_dir, home, keys_dir, ledger_url
from maestro.impact.calibration.registry import Registry
from maestro.impact.changes import Change, changed_files
from maestro.impact.escaped import why_again
from maestro.impact.gathering import PAST_BUILDS, Asked, Gathered, gather
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.history.builds import History
from maestro.impact.knowledge.units import Library
from maestro.impact.nearest import nearest_recording
from maestro.impact.risk.appetite import RiskAppetite, appetite_for
from maestro.impact.risk.facts import red_builds_among
from maestro.impact.risk.tau import HISTORY_DAYS
from maestro.impact.selection import Known, Selection, select
from maestro.impact.texts import texts_of
from maestro.ledger import Ledger
from maestro.ledger.all_builds import history_of
from maestro.ledger.recordings import MEDIA_TYPE
from maestro.model.pull_request import PullRequest
from maestro.model.tests import Problem, RiskStatement, SelectionMode, SelectionRule, TauTerm, TestOutcome, Verdict
from maestro.policy.engine import RegorusEngine
from maestro.policy.network import rule_on_network
from maestro.render.untrusted import line
from maestro.resources import policies_dir
from maestro.signing.keys import open_keyring
from maestro.words import count, duration

Say = Callable[[str], None]

NAMED = 3
"""Tests named in one line."""


@dataclass(frozen=True)
class Wish:
    """How to select. ``tau`` and ``rule`` replace what policy says; ``python`` is an interpreter with all that the
    tests need, which then run in it unprotected; without it an environment is built and a sandbox used.
    """

    mode: SelectionMode = SelectionMode.STANDARD
    tau: float | None = None
    rule: SelectionRule | None = None
    python: Path | None = None


@dataclass(frozen=True, eq=False)
class Selected:
    """What was selected for ``pull_request``, what may be promised for it, and all that it rests on."""

    pull_request: PullRequest
    selection: Selection
    appetite: RiskAppetite
    risk: RiskStatement
    gathered: Gathered
    history: History

    def running(self, selection: Selection) -> Self:
        """The same with another selection in its place, and what was promised for the first one."""
        return replace(self, selection=selection)


class Selector:
    """Selects for pull requests of one home. ``say`` is told what takes long."""

    def __init__(self, registry: Registry, wish: Wish, say: Say) -> None:
        self.registry = registry
        self._wish = wish
        self._say = say
        self._topology: Topology = load_topology()
        self._policy = RegorusEngine(policies_dir())
        self._places = Places.under(home())

    async def record(self, pull_request: PullRequest) -> None:
        """Run the suite of the merge base once, and keep what each test executes.

        Raises BadInput where it cannot be listed, run or recorded.
        """
        sha = pull_request.merge_base_sha
        red: list[str] = []

        async def note(fresh: Sequence[TestOutcome]) -> None:
            red.extend(outcome.test for outcome in fresh if outcome.verdict in {Verdict.FAIL, Verdict.ERROR})

        async with self._opened(pull_request, sha) as (tree, folder):
            listing = await _listed(tree, folder / "list", field="--base")
            self._say(f"recording {count(len(listing.tests), 'test')} of the base {sha[:12]}")
            output, recording = await tree.record(listing.tests, on_outcomes=note, workdir=folder / "run")
            environment = tree.environment.key if tree.environment else ""
        if recording is None:
            raise _unusable(output.problem, "nothing was recorded while its tests ran", field="--record")
        stored = self.registry.artifacts.put(recording.dump(), media_type=MEDIA_TYPE, name="recording")
        self.registry.ledger.recordings.put(
            stored, repo=pull_request.repo, revision=sha, environment=environment, tenant=pull_request.tenant
        )
        self._say(f"recorded {count(len(recording.tests), 'test')} in {duration(output.seconds)}")
        if red:
            self._say(f"on the base already, {count(len(red), 'test')} failed: {line(', '.join(red[:NAMED]))}")

    async def select(self, pull_request: PullRequest) -> Selected:
        """Select among the tests of the head. Raises BadInput where they cannot be listed."""
        shas = (pull_request.merge_base_sha, pull_request.head_sha)
        mirror = fetch(pull_request.repository, pull_request.repo, shas, places=self._places)
        changes = changed_files(mirror, *shas)
        self._say(f"listing the tests of the head {pull_request.head_sha[:12]}")
        async with self._opened(pull_request, pull_request.head_sha) as (tree, folder):
            listing = await _listed(tree, folder, field="--head")
            graph = ImportGraph.of(tree.source, gone=[change.gone for change in changes if change.gone])
        return self._selected(pull_request, mirror, changes, listing, graph)

    def _selected(
        self, pull_request: PullRequest, mirror: Path, changes: tuple[Change, ...], listing: Listing, graph: ImportGraph
    ) -> Selected:
        ledger, repo, tenant = self.registry.ledger, pull_request.repo, pull_request.tenant
        history = history_of(ledger, repo, tenant=tenant, last=PAST_BUILDS)
        appetite = self._appetite(pull_request, mirror, changes, history)
        nearest = nearest_recording(
            ledger, self.registry.artifacts, mirror, pull_request.merge_base_sha, repo=repo, tenant=tenant
        ).recording
        recorded = dict(zip(nearest.tests, nearest.seconds.tolist(), strict=True)) if nearest else {}
        durations = recorded | ledger.history.durations(repo, tenant=tenant)
        gathered = Gathered()
        if self._wish.mode is SelectionMode.STANDARD:
            with texts_of(mirror, pull_request.head_sha) as new:
                asked = Asked(
                    repo=repo,
                    tenant=tenant,
                    repository=mirror,
                    base=pull_request.merge_base_sha,
                    changes=changes,
                    tests=listing.tests,
                    new=new,
                    graph=graph,
                    history=history,
                    appetite=appetite,
                    durations=durations,
                    at=datetime.now(UTC),
                )
                days = self._topology.run.recording_limit_days
                gathered = gather(asked, registry=self.registry, library=Library(), recording_days=days)
        selection = select(
            listing.tests,
            changes,
            graph,
            mode=self._wish.mode,
            known=Known(
                failed=ledger.history.recent_failures(repo, tenant=tenant),
                escaped=why_again(ledger.escapes.of(repo, tenant=tenant), changes),
                durations=durations,
                judgement=gathered.judgement,
            ),
            collection_errors=listing.errors,
        )
        risk = gathered.judgement.statement(
            appetite,
            left_out=len(selection.body.left_out),
            narrowed=self._wish.mode is SelectionMode.DIRECT,
            red_builds=sum(bool(build.failed.size) for build in history.builds),
        )
        return Selected(pull_request, selection, appetite, risk, gathered, history)

    def _appetite(
        self, pull_request: PullRequest, mirror: Path, changes: Sequence[Change], history: History
    ) -> RiskAppetite:
        since = (datetime.now(UTC) - timedelta(days=HISTORY_DAYS)).timestamp()
        builds = (build for build in history.builds if build.time >= since)
        red_builds = red_builds_among(builds, changes, head=pull_request.head_sha)
        found = appetite_for(pull_request, changes, mirror=mirror, policy=self._policy, red_builds=red_builds)
        wished: dict[str, object] = {}
        if self._wish.tau is not None:
            terms = (TauTerm(name="asked", factor=1, reason=f"τ is {self._wish.tau:g}, as asked"),)
            wished |= {"tau": self._wish.tau, "terms": terms}
        if self._wish.rule is not None:
            wished["mode"] = self._wish.rule
        return found.model_copy(update=wished)

    @asynccontextmanager
    async def _opened(self, pull_request: PullRequest, sha: str) -> AsyncIterator[tuple[Tree, Path]]:
        """The tree of a commit, and an empty folder; both are gone after the block."""
        run = self._topology.run
        settings = ExecutionSettings(
            isolation=run.isolation if self._wish.python is None else "none",
            shard_timeout_seconds=run.shard_timeout_seconds,
            hang_timeout_seconds=run.hang_timeout_seconds,
            output_limit_bytes=run.output_limit_bytes,
            network=rule_on_network(tenant=pull_request.tenant, wanted=True, policy=self._policy).allowed,
            protected_ports=self._topology.own_ports(),
        )
        with TemporaryDirectory(prefix="maestro-select-") as folder:
            async with open_tree(pull_request, sha, home=home(), settings=settings, python=self._wish.python) as tree:
                yield tree, Path(folder)


@contextmanager
def open_selector(wish: Wish, say: Say) -> Iterator[Selector]:
    """A selector on the ledger and the stores of this home."""
    with Ledger.open(ledger_url()) as ledger:
        yield Selector(Registry(ledger, ArtifactStore(artifacts_dir()), open_keyring(keys_dir())), wish, say)


async def _listed(tree: Tree, folder: Path, *, field: str) -> Listing:
    listing = await tree.list_tests(workdir=folder)
    if listing.problem is not None or not (listing.tests or listing.errors):
        raise _unusable(listing.problem, "no test was found", field=f"{field} {tree.sha[:12]}")
    return listing


def _unusable(problem: Problem | None, otherwise: str, *, field: str) -> BadInput:
    if problem is not None:
        return BadInput(problem.message, field=field, fix=problem.fix)
    return BadInput(otherwise, field=field, fix="see whether its tests run by hand, with pytest")
