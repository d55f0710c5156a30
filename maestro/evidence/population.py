"""Which bundle covers which commit of a release, and by name those that none covers, with the reason.

A commit is covered by the bundle that was green for it: because the bundle says that it landed so, because it is the
head that was tested or leads up to it, because it merges that head and has the tested tree, or because it is the same
tree on the same base (squashed or rebased). A tree that merely looks alike on another base is no proof: a revert has
the tree of something that was tested once.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from maestro.evidence.index import Index
from maestro.evidence.merges import History
from maestro.evidence.merges_git import Commit
from maestro.evidence.population_reach import Reach
from maestro.model.decision import DecisionState
from maestro.model.evidence import FindingState

REBASED_LIMIT = 1_000
"""Commits of one pull request that are compared one by one."""

BLOCKING_TIER = 1
DECIDING_TIER = 2
"""Controls of tier 1 block when they fail; those up to tier 2 need a person when they fail or were not evaluated."""


class How(StrEnum):
    """How a commit and a bundle belong together."""

    LANDED = "the bundle says that it landed"
    HEAD = "it is the head that was tested"
    LEADS_UP = "it leads up to the head that was tested"
    MERGE = "it merges the head that was tested"
    SQUASHED = "it is the tested tree on the tested base"
    REBASED = "its trees are those of the pull request, one by one"


@dataclass(frozen=True)
class Candidate:
    """A bundle that was found. ``name`` says where, ``order`` which of two of one head is newer. ``index`` is None
    where it cannot be read, and ``missing`` says why. ``problems`` verifies the whole bundle, when it is asked.
    """

    name: str
    pr: str
    head: str
    order: tuple[float, int]
    index_digest: str
    index: Index | None
    problems: Callable[[], tuple[str, ...]]
    missing: str = ""


@dataclass(frozen=True)
class Accounted:
    """A commit of the range, and either the bundle that covers it, or the ``gap``. ``bundle`` is also there where it
    does not cover. ``beside`` tells what came in beside the first parents, and ``brings`` how many such commits a gap
    stands for.
    """

    commit: Commit
    bundle: Candidate | None = None
    how: How | None = None
    gap: str = ""
    beside: bool = False
    brings: int = 0


@dataclass(frozen=True)
class _Claim:
    candidate: Candidate
    how: How
    problem: str = ""


def account(history: History, candidates: Sequence[Candidate], *, base_ref: str = "") -> tuple[Accounted, ...]:
    """Every first parent of the range, newest first, then what came in beside them and belongs to no bundle's range.

    With ``base_ref``, a bundle that says that it landed on another branch covers nothing.
    """
    return _Account(history, candidates, base_ref).all()


class _Account:
    def __init__(self, history: History, candidates: Sequence[Candidate], base_ref: str) -> None:
        self._history = history
        self._base_ref = base_ref
        self._reach = Reach(history)
        self._by_head = _newest(candidates)
        self._by_landing: dict[str, list[Candidate]] = defaultdict(list)
        self._by_tree: dict[str, list[Candidate]] = defaultdict(list)
        for candidate in sorted(self._by_head.values(), key=lambda one: one.order, reverse=True):
            if candidate.index is not None:
                subject = candidate.index.subject
                self._by_tree[subject.tested_tree].append(candidate)
                if subject.landing is not None:
                    self._by_landing[subject.landing.commit].append(candidate)
        self._spans: dict[str, list[_Claim]] = defaultdict(list)
        self._judged: dict[str, str] = {}

    def all(self) -> tuple[Accounted, ...]:
        line = self._history.line
        for commit in line:
            self._note_spans(commit)
        found = [self._judge(commit) for commit in line]
        strays = self._strays(found)
        for commit in strays:
            self._note_spans(commit, beside=True)
        return (*found, *(self._judge(commit, beside=True) for commit in strays))

    def _judge(self, commit: Commit, *, beside: bool = False) -> Accounted:
        """The first claim that holds; where none does, the gap by the strongest one."""
        gap = ""
        claimed: Candidate | None = None
        for claim in (*self._direct(commit), *self._spans[commit.sha], *self._alike(commit)):
            problem = claim.problem or self._problem_of(claim.candidate)
            if not problem:
                return Accounted(commit=commit, bundle=claim.candidate, how=claim.how, beside=beside)
            if not gap:
                gap, claimed = problem, claim.candidate
        brings = 0 if beside else len(self._reach.beside(commit.sha))
        gap = gap or "no bundle names this commit: it came in around Maestro"
        return Accounted(commit=commit, bundle=claimed, gap=gap, beside=beside, brings=brings)

    def _direct(self, commit: Commit) -> Iterator[_Claim]:
        for candidate in self._by_landing.get(commit.sha, []):
            yield _Claim(candidate, How.LANDED, self._landed_otherwise(candidate, commit))
        if commit.sha in self._by_head:
            candidate = self._by_head[commit.sha]
            yield _Claim(candidate, How.HEAD, self._other_tree(candidate, commit) or self._other_branch(candidate))
        merged = [self._by_head[parent] for parent in commit.parents[1:] if parent in self._by_head]
        for candidate in merged:
            yield _Claim(candidate, How.MERGE, self._merged_otherwise(candidate, commit))

    def _alike(self, commit: Commit) -> Iterator[_Claim]:
        """Bundles that tested this very tree under another commit."""
        for candidate in self._by_tree.get(commit.tree, []) if len(commit.parents) == 1 else []:
            assert candidate.index is not None, "only readable bundles are known by their tree"  # noqa: S101
            subject = candidate.index.subject
            if subject.head_sha == commit.sha:
                continue
            if commit.parents[0] in {subject.base_sha, subject.merge_base_sha}:
                yield _Claim(candidate, How.SQUASHED, self._other_branch(candidate))
            elif not self._spans[commit.sha]:
                yield _Claim(
                    candidate,
                    How.SQUASHED,
                    f"no bundle names this commit: its tree is the one that {candidate.name} (pull request"
                    f" {candidate.pr}) tested, but on another base, and not commit by commit",
                )

    def _note_spans(self, commit: Commit, *, beside: bool = False) -> None:
        """Claims of the commits before this one, where it ends what a bundle tested as a whole."""
        own = self._by_head.get(commit.sha)
        if own is not None and own.index is not None and self._reach.known(own.index.subject.merge_base_sha):
            within = self._reach.range_to(commit.sha, own.index.subject.merge_base_sha, first_parents=not beside)
            for sha in within - {commit.sha}:
                self._spans[sha].append(_Claim(own, How.LEADS_UP, self._other_branch(own)))
        for candidate in self._by_tree.get(commit.tree, []):
            if candidate.head != commit.sha:
                for sha in self._rebased(commit, candidate):
                    self._spans[sha].append(_Claim(candidate, How.REBASED, self._other_branch(candidate)))
        for parent in commit.parents[1:] if beside else ():
            merged = self._by_head.get(parent)
            if merged is not None and merged.index is not None:
                for sha in self._reach.range_to(parent, merged.index.subject.merge_base_sha, first_parents=False):
                    problem = self._merged_otherwise(merged, commit)
                    self._spans[sha].append(_Claim(merged, How.LEADS_UP, problem))

    def _rebased(self, last: Commit, candidate: Candidate) -> list[str]:
        """The commits that end at ``last`` and have the trees of the pull request's own, one by one, on its base."""
        assert candidate.index is not None, "only readable bundles are known by their tree"  # noqa: S101
        subject = candidate.index.subject
        found: list[str] = []
        here, theirs = last, candidate.head
        while len(found) < REBASED_LIMIT and theirs != subject.merge_base_sha:
            other = self._reach.commit(theirs)
            if other is None or len(other.parents) != 1 or len(here.parents) != 1 or other.tree != here.tree:
                return []
            found.append(here.sha)
            theirs = other.parents[0]
            below = self._history.commits.get(here.parents[0])
            if below is None or theirs == subject.merge_base_sha:
                break
            here = below
        rests_on = self._history.commits[found[-1]].parents[0] if found else ""
        whole = theirs == subject.merge_base_sha and rests_on in {subject.base_sha, subject.merge_base_sha}
        # One commit alone on the base is the same as a squashed one.
        return found if whole and len(found) > 1 else []

    def _strays(self, found: Sequence[Accounted]) -> list[Commit]:
        """What came in beside the first parents with a bundle that did not test it: it was in the bundle's base."""
        strays: dict[str, None] = {}
        for each in found:
            beside = self._reach.beside(each.commit.sha)
            if not each.how or each.bundle is None or each.bundle.index is None or not beside:
                continue
            base = each.bundle.index.subject.merge_base_sha
            within = self._reach.reached_from(base)
            strays |= dict.fromkeys(sha for sha in beside if within(sha))
        return [self._history.commits[sha] for sha in strays]

    def _landed_otherwise(self, candidate: Candidate, commit: Commit) -> str:
        assert candidate.index is not None, "a landing stands in an index"  # noqa: S101
        landing = candidate.index.subject.landing
        assert landing is not None, "it was found by it"  # noqa: S101
        if landing.tree != commit.tree:
            return f"{candidate.name} says that the tree {landing.tree} landed, and this commit has {commit.tree}"
        others = [parent for parent in commit.parents[1:] if parent != candidate.head]
        if others and commit.sha != candidate.head:
            return _joins(candidate, others)
        return self._other_tree(candidate, commit) or self._other_branch(candidate)

    def _merged_otherwise(self, candidate: Candidate, commit: Commit) -> str:
        if candidate.index is None:
            return ""
        if len(commit.parents) > 2:
            return _joins(candidate, [parent for parent in commit.parents[1:] if parent != candidate.head])
        if not self._reach.known(candidate.index.subject.merge_base_sha):
            return f"the merge base that {candidate.name} names is not in this history"
        return self._other_tree(candidate, commit) or self._other_branch(candidate)

    def _other_tree(self, candidate: Candidate, commit: Commit) -> str:
        tested = candidate.index.subject.tested_tree if candidate.index else commit.tree
        if tested == commit.tree:
            return ""
        return (
            f"what landed is not what was tested: this commit has the tree {commit.tree}, and {candidate.name}"
            f" (pull request {candidate.pr}) tested {tested or 'none'}"
        )

    def _other_branch(self, candidate: Candidate) -> str:
        landing = candidate.index.subject.landing if candidate.index else None
        if not self._base_ref or landing is None or landing.base_ref.removeprefix("refs/heads/") == self._base_ref:
            return ""
        return f"{candidate.name} says that it landed on {landing.base_ref}, not on {self._base_ref}"

    def _problem_of(self, candidate: Candidate) -> str:
        """Why a bundle covers nothing, whatever it names; judged once."""
        if candidate.name not in self._judged:
            self._judged[candidate.name] = _why_not(candidate)
        return self._judged[candidate.name]


def _newest(candidates: Sequence[Candidate]) -> dict[str, Candidate]:
    """One bundle for each head: the newest that says how it landed, else the newest, also where it cannot be read."""
    found: dict[str, Candidate] = {}
    for candidate in sorted(candidates, key=lambda one: (_has_landed(one), one.order)):
        found[candidate.head] = candidate
    return found


def _has_landed(candidate: Candidate) -> bool:
    return candidate.index is not None and candidate.index.subject.landing is not None


def _why_not(candidate: Candidate) -> str:
    where = f"{candidate.name} (pull request {candidate.pr})"
    index = candidate.index
    if index is None:
        return f"the bundle's artifacts are missing or damaged: {where}: {candidate.missing}"
    if index.decision is not DecisionState.GREEN:
        return f"it landed, and {where} was not green but {index.decision.value.replace('_', ' ')}"
    failed = _controls_against(index)
    if failed:
        return f"the decision was green, and the control {failed} in the bundle sealed afterwards: {where}"
    problems = candidate.problems()
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return f"the bundle does not verify: {where}: {problems[0]}{more}"
    return ""


def _controls_against(index: Index) -> str:
    """A control that the decision could not have been green with; what a person accepted is not among them."""
    for control in index.controls:
        by_policy = index.decided_by == "policy" and control.tier <= DECIDING_TIER
        if control.state is FindingState.FAIL and (control.tier <= BLOCKING_TIER or by_policy):
            return f"{control.control} fails"
        if control.state is FindingState.NOT_EVALUATED and by_policy:
            return f"{control.control} was not evaluated"
    return ""


def _joins(candidate: Candidate, others: Sequence[str]) -> str:
    listed = ", ".join(parent[:12] for parent in others[:5])
    return f"it joins more than the head that {candidate.name} (pull request {candidate.pr}) tested: also {listed}"
