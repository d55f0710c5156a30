"""The population statement of a release: every change, its bundle, every gap by name, and which controls held.

A change is what one bundle covers, or one commit that none covers. Counts and lists are of the whole range; nothing is
left out or sampled, so that a reader can ask git the same question and compare.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from maestro.attestations.names import PAYLOAD_TYPE
from maestro.attestations.statement import SUBJECTS_LIMIT, make_statement
from maestro.canonical import DIGEST_PREFIX
from maestro.evidence.merges import History, Named
from maestro.evidence.population import Accounted, Candidate
from maestro.model.base import Model
from maestro.model.evidence import FindingState
from maestro.signing.envelope import seal
from maestro.signing.keys import Keyring

POPULATION: Final = "urn:maestro-conductor:attestation:release-population:v1"


class LandedCommit(Model):
    """A commit that a bundle covers, and why they belong together."""

    commit: str
    tree: str
    subject: str
    at: str
    because: str


class Change(Model):
    """What one bundle covers. ``index`` is the digest of the bundle's index; ``found`` says where it was."""

    pr: str
    title: str
    head: str
    index: str
    found: str
    decided_by: str
    commits: tuple[LandedCommit, ...]


class Gap(Model):
    """A commit that no bundle covers, and why. ``brings`` counts what came in beside the first parents with it,
    ``beside`` is True for what came in so with a bundle that did not test it.
    """

    commit: str
    tree: str
    author: str
    at: str
    subject: str
    reason: str
    brings: int = 0
    beside: bool = False


class ControlCoverage(Model):
    """In how many changes a control was answered how. The numbers add up to all changes."""

    control: str
    title: str
    tier: int
    passed: int
    failed: int
    not_evaluated: int
    not_applicable: int
    not_asked: int
    no_bundle: int


class Source(Model):
    """Where bundles were looked for. ``problems`` are those of the ledger's chain, each a sentence."""

    query: str
    found: int
    problems: tuple[str, ...] = ()
    ledger_head: str = ""
    checkpoint: str = ""
    unreadable: tuple[str, ...] = ()


class Release(Model):
    """Everything that the statement says. ``complete`` is True where nothing is missing."""

    repo: str
    tag: Named
    previous: Named | None
    chosen: str
    branch: Named | None
    git_query: tuple[str, ...]
    source: Source
    commits: int
    first_parents: int
    changes: tuple[Change, ...]
    gaps: tuple[Gap, ...]
    elsewhere: tuple[str, ...]
    controls: tuple[ControlCoverage, ...]
    maestro_version: str
    at: datetime

    @property
    def population(self) -> int:
        """All changes: those that a bundle covers, and those that none does."""
        return len(self.changes) + len(self.gaps)

    @property
    def complete(self) -> bool:
        return not (self.gaps or self.elsewhere or self.source.problems)


def release_of(
    history: History,
    accounted: Sequence[Accounted],
    *,
    repo: str,
    source: Source,
    elsewhere: Sequence[str] = (),
    version: str,
    at: datetime,
) -> Release:
    """What was found, put together. ``elsewhere`` are bundles whose landing the branch does not have."""
    changes = tuple(_changes(accounted))
    gaps = tuple(_gap(each) for each in accounted if each.gap)
    bundles = [each.bundle for each in _first_of_each(accounted) if each.bundle is not None]
    return Release(
        repo=repo,
        tag=history.tag,
        previous=history.previous,
        chosen=history.chosen,
        branch=history.branch,
        git_query=history.asked,
        source=source,
        commits=len(history.commits),
        first_parents=len(history.line),
        changes=changes,
        gaps=gaps,
        elsewhere=tuple(elsewhere),
        controls=_coverage(bundles, gaps=len(gaps)),
        maestro_version=version,
        at=at,
    )


def signed_release(release: Release, *, keys: Keyring) -> bytes:
    """The signed statement, as a DSSE envelope. Its subjects are the tag's commit and the index of every bundle.

    Of a release with more bundles than a statement may have subjects, the commit alone is one; the bundles stand in the
    predicate in any case.
    """
    commit: dict[str, JsonValue] = {"name": f"{release.repo}@{release.tag.name}"}
    commit["digest"] = {"gitCommit": release.tag.commit}
    subjects = [commit]
    if len(release.changes) < SUBJECTS_LIMIT:
        subjects += [
            {"name": f"bundle of {one.pr} at {one.head}", "digest": {"sha256": one.index.removeprefix(DIGEST_PREFIX)}}
            for one in release.changes
        ]
    statement = make_statement(subjects, predicate_type=POPULATION, predicate=predicate_of(release))
    return seal(statement.payload, payload_type=PAYLOAD_TYPE, keys=keys)


def predicate_of(release: Release) -> dict[str, JsonValue]:
    """What the statement says of its subjects."""
    plain: dict[str, JsonValue] = release.model_dump(mode="json")
    counts: dict[str, JsonValue] = {
        "commits": release.commits,
        "first_parents": release.first_parents,
        "population": release.population,
        "covered": len(release.changes),
        "gaps": len(release.gaps),
        "bundles_found": release.source.found,
    }
    return plain | {"complete": release.complete, "counts": counts, "not_checked": list(not_checked(release))}


def not_checked(release: Release) -> Iterator[str]:
    """What this does not show, in sentences."""
    yield "whether the tag is the one that was published: it is pinned by its commit, as this clone has it"
    yield "whether what git has is all that was built: only commits are counted, no builds and no deployments"
    yield "whether dates and authors of commits are true: git takes them from whoever commits"
    yield "the trees of commits that lead up to a head: the head was tested, each step to it was not"
    if release.branch is None:
        yield "whether something that landed was taken out of the branch again (give --branch)"
    if not release.source.ledger_head:
        yield "whether a later bundle of the same head was withheld: only the ledger has all of them, in one chain"
    elif not release.source.checkpoint:
        yield "whether the ledger was rewritten as a whole: no checkpoint covers its bundles"


def _first_of_each(accounted: Sequence[Accounted]) -> Iterator[Accounted]:
    """One of the covered commits for each bundle."""
    seen: set[str] = set()
    for each in accounted:
        if each.how is not None and each.bundle is not None and each.bundle.name not in seen:
            seen.add(each.bundle.name)
            yield each


def _changes(accounted: Sequence[Accounted]) -> Iterator[Change]:
    commits: dict[str, list[LandedCommit]] = {}
    for each in accounted:
        if each.how is not None and each.bundle is not None:
            landed = LandedCommit(
                commit=each.commit.sha,
                tree=each.commit.tree,
                subject=each.commit.subject,
                at=each.commit.at,
                because=each.how.value,
            )
            commits.setdefault(each.bundle.name, []).append(landed)
    for each in _first_of_each(accounted):
        bundle = each.bundle
        if bundle is not None and bundle.index is not None:
            yield Change(
                pr=bundle.pr,
                title=bundle.index.subject.title,
                head=bundle.head,
                index=bundle.index_digest,
                found=bundle.name,
                decided_by=bundle.index.decided_by,
                commits=tuple(commits[bundle.name]),
            )


def _gap(each: Accounted) -> Gap:
    commit = each.commit
    return Gap(
        commit=commit.sha,
        tree=commit.tree,
        author=commit.author,
        at=commit.at,
        subject=commit.subject,
        reason=each.gap,
        brings=each.brings,
        beside=each.beside,
    )


def _coverage(bundles: Sequence[Candidate], *, gaps: int) -> tuple[ControlCoverage, ...]:
    answers: dict[str, Counter[FindingState]] = {}
    known: dict[str, tuple[str, int]] = {}
    for bundle in bundles:
        for control in bundle.index.controls if bundle.index else ():
            answers.setdefault(control.control, Counter())[control.state] += 1
            known[control.control] = control.title, control.tier
    return tuple(
        ControlCoverage(
            control=control,
            title=known[control][0],
            tier=known[control][1],
            passed=states[FindingState.PASS],
            failed=states[FindingState.FAIL],
            not_evaluated=states[FindingState.NOT_EVALUATED],
            not_applicable=states[FindingState.NOT_APPLICABLE],
            not_asked=len(bundles) - states.total(),
            no_bundle=gaps,
        )
        for control, states in sorted(answers.items(), key=lambda each: (known[each[0]][1], each[0]))
    )
