"""Where the search for what broke a test begins: the line of revisions, and how far along it each test was good."""

from collections.abc import Collection, Mapping, Sequence

from maestro.execution.report import failures_of
from maestro.impact.tracing.search import SUSPECT_LIMIT
from maestro.model.pull_request import PullRequest
from maestro.model.tests import PlanBody, TestOutcome
from maestro.model.tracing import Suspect, TraceSubject


def failed_tests(body: PlanBody, outcomes: Sequence[TestOutcome]) -> tuple[str, ...]:
    """Every test of a run that failed, and every file that could not be collected, each once."""
    return tuple(dict.fromkeys(outcome.test for outcome in failures_of((*outcomes, *body.collection_errors))))


def of_pull_request(pull_request: PullRequest, failed: Sequence[str]) -> TraceSubject:
    """What fails at a pull request's own head: the pull request broke it, or it was broken where it begins."""
    why = f"pull request {pull_request.pr} begins"
    return _subject((pull_request.merge_base_sha, pull_request.head_sha), failed, dict.fromkeys(failed, (0, why)))


def of_main(
    line: Sequence[str], failed: Sequence[str], *, passes: Mapping[str, Collection[str]], begun: Collection[str]
) -> TraceSubject:
    """What fails at the end of a main branch: it broke after the newest revision at which it is known to have passed.

    ``line`` has the branch's revisions, oldest first; ``passes`` the revisions at which each test passed. A test of
    which none is on the line is searched from the oldest of ``begun``, where the conducted pull requests began.
    """
    index = {revision: number for number, revision in enumerate(line)}
    started = min((index[revision] for revision in begun if revision in index), default=0)
    goods = {}
    for test in failed:
        known = [index[revision] for revision in passes.get(test, ()) if revision in index]
        why = "it passed before" if known else "the oldest pull request that is remembered begins"
        goods[test] = (max(known, default=started), why)
    return _subject(line, failed, goods)


def _subject(line: Sequence[str], failed: Sequence[str], goods: Mapping[str, tuple[int, str]]) -> TraceSubject:
    traced = failed[:SUSPECT_LIMIT]
    first = min((goods[test][0] for test in traced), default=0)
    return TraceSubject(
        line=tuple(line[first:]),
        suspects=tuple(Suspect(test=test, good=goods[test][0] - first, why=goods[test][1]) for test in traced),
        skipped=tuple(failed[SUSPECT_LIMIT:]),
    )
