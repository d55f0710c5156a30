"""Where a search begins."""

from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.tracing.search import SUSPECT_LIMIT
from maestro.impact.tracing.subject import failed_tests, of_main, of_pull_request
from maestro.model.pull_request import PullRequest
from maestro.model.tests import PlanBody, TestOutcome, Verdict

LINE = tuple(f"{number:040x}" for number in range(6))

PULL_REQUEST = PullRequest(
    repository="/srv/shop", repo="acme/shop", pr="12", base_sha=LINE[0], merge_base_sha=LINE[0], head_sha=LINE[3]
)


def test_a_pull_request_is_searched_between_its_beginning_and_its_head() -> None:
    subject = of_pull_request(PULL_REQUEST, ["t"])
    assert subject.line == (LINE[0], LINE[3])
    assert (subject.suspects[0].good, subject.suspects[0].why) == (0, "pull request 12 begins")


def test_a_main_branch_is_searched_from_the_newest_pass_of_each_test() -> None:
    subject = of_main(LINE, ["t", "u"], passes={"t": {LINE[1], LINE[4]}, "u": {LINE[2]}}, begun=())
    assert subject.line == LINE[2:]
    assert [suspect.good for suspect in subject.suspects] == [2, 0]


def test_a_test_that_never_passed_is_searched_from_where_the_oldest_pull_request_began() -> None:
    subject = of_main(LINE, ["t"], passes={}, begun=[LINE[3], LINE[1], "f" * 40])
    assert subject.line == LINE[1:]
    assert subject.suspects[0].why == "the oldest pull request that is remembered begins"


@given(st.dictionaries(st.sampled_from("tuv"), st.sets(st.sampled_from(LINE))), st.sets(st.sampled_from(LINE)))
def test_every_search_begins_on_its_line(passes: dict[str, set[str]], begun: set[str]) -> None:
    subject = of_main(LINE, ["t", "u", "v"], passes=passes, begun=begun)
    assert subject.line[-1] == LINE[-1]
    assert min(suspect.good for suspect in subject.suspects) == 0
    assert all(suspect.good < len(subject.line) for suspect in subject.suspects)


def test_what_is_too_much_for_a_night_is_kept_by_name() -> None:
    failed = [f"t{number}" for number in range(SUSPECT_LIMIT + 2)]
    subject = of_pull_request(PULL_REQUEST, failed)
    assert len(subject.suspects) == SUSPECT_LIMIT
    assert subject.skipped == tuple(failed[SUSPECT_LIMIT:])


def test_a_file_that_cannot_be_collected_has_failed() -> None:
    broken = TestOutcome(test="tests/test_b.py", verdict=Verdict.ERROR)
    body = PlanBody(selected=(), left_out=(), shards=(), changed_files=(), collection_errors=(broken,))
    outcomes = [TestOutcome(test="t", verdict=Verdict.FAIL), TestOutcome(test="u", verdict=Verdict.PASS)]
    assert failed_tests(body, outcomes) == ("t", "tests/test_b.py")
