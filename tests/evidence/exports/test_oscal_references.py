"""References that lead nowhere are found, and no document makes the check itself fall over."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.evidence.contents import Dossier
from maestro.evidence.exports import Format, export_one, oscal_problems
from maestro.evidence.exports.oscal_references import PROBLEMS_LIMIT, SIZE_LIMIT_BYTES
from tests.evidence.exports.cases import oscal_schema_problems

NOWHERE = "00000000-0000-4000-8000-000000000000"


def result(document: Any) -> Any:
    return document["assessment-results"]["results"][0]


def _observation(document: Any) -> None:
    result(document)["findings"][0]["related-observations"][0]["observation-uuid"] = NOWHERE


def _risk(document: Any) -> None:
    result(document)["risks"].pop(0)


def _subject(document: Any) -> None:
    result(document)["observations"][0]["subjects"][0]["subject-uuid"] = NOWHERE


def _subject_of_another_kind(document: Any) -> None:
    result(document)["observations"][0]["subjects"][0]["type"] = "party"


def _tool(document: Any) -> None:
    result(document)["local-definitions"]["assessment-assets"]["components"][0]["uuid"] = NOWHERE


def _party(document: Any) -> None:
    document["assessment-results"]["metadata"]["parties"].pop(0)


def _role(document: Any) -> None:
    document["assessment-results"]["metadata"]["roles"].pop(0)


def _plan(document: Any) -> None:
    document["assessment-results"]["import-ap"]["href"] = f"#{NOWHERE}"


def _resource(document: Any) -> None:
    document["assessment-results"]["back-matter"]["resources"].pop()


def _control(document: Any) -> None:
    result(document)["findings"][0]["target"]["target-id"] = "MC-ZZ-99_obj"


def _unanswered(document: Any) -> None:
    chosen = result(document)["reviewed-controls"]["control-selections"][0]["include-controls"]
    chosen.append({"control-id": "MC-ZZ-99"})


def _twice(document: Any) -> None:
    observations = result(document)["observations"]
    observations[1]["uuid"] = observations[0]["uuid"]


def _digest(document: Any) -> None:
    document["assessment-results"]["back-matter"]["resources"][-1]["rlinks"][0]["hashes"][0]["value"] = "0" * 64


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(_observation, "none of the observations has this identifier", id="an observation is missing"),
        pytest.param(_risk, "none of the risks has this identifier", id="a risk is missing"),
        pytest.param(_subject, "none of the components has this identifier", id="a subject is missing"),
        pytest.param(_subject_of_another_kind, "none of the parties has", id="a subject is of another kind"),
        pytest.param(_tool, "none of the components has this identifier", id="the tool is missing"),
        pytest.param(_party, "none of the parties has this identifier", id="a party is missing"),
        pytest.param(_role, "none of the roles has this identifier", id="a role is missing"),
        pytest.param(_plan, "import-ap.href names", id="the plan is missing"),
        pytest.param(_resource, "no resource of the back matter has this UUID", id="a resource is missing"),
        pytest.param(_control, "of no control that was reviewed", id="a finding is about no reviewed control"),
        pytest.param(
            _unanswered, "reviews the control MC-ZZ-99, and nothing answers it", id="nothing answers a control"
        ),
        pytest.param(_twice, "which results[0].observations[0] has already", id="a UUID is used twice"),
        pytest.param(_digest, "the digest beside it is another", id="a digest is not that of the artifact"),
    ],
)
def test_what_the_schema_lets_pass_is_found(spoil: Callable[[Any], None], says: str, blocked: Dossier) -> None:
    document = json.loads(export_one(blocked, Format.OSCAL).content)
    spoil(document)
    content = json.dumps(document).encode()
    assert oscal_schema_problems(content) == []
    problems = oscal_problems(content)
    assert any(says in problem for problem in problems), problems


@pytest.mark.parametrize("href", ["../artifacts/none", "../../etc/passwd", "/etc/passwd", "//host/file", "a%2Fb", ""])
def test_a_file_that_the_bundle_does_not_have_is_found(href: str, green: Dossier) -> None:
    document = json.loads(export_one(green, Format.OSCAL).content)
    result(document)["observations"][0]["relevant-evidence"][0]["href"] = href
    problems = oscal_problems(json.dumps(document).encode(), paths=())
    assert any("observations[0].relevant-evidence[0].href" in problem for problem in problems)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "no JSON", id="nothing"),
        pytest.param(b"\xff\xfe{}", "no JSON", id="no UTF-8"),
        pytest.param(b"[]", "no assessment-results", id="a list"),
        pytest.param(b'{"assessment-results": 1}', "no assessment-results", id="a number for the document"),
        pytest.param(b'{"assessment-results": NaN}', "NaN", id="a number that JSON does not have"),
        pytest.param(b'{"assessment-results": ' + b"9" * 9_999 + b"}", "no JSON", id="a number too long to read"),
        pytest.param(b'{"assessment-results": {}, "assessment-results": {}}', "same key twice", id="a key twice"),
        pytest.param(b"[" * 200_000, "nested deeper", id="brackets without end"),
        pytest.param(
            b'{"assessment-results": {"a": ' + b"[" * 90 + b"]" * 90 + b"}}", "nested deeper", id="nested too deep"
        ),
        pytest.param(
            b'{"assessment-results": {"a": [' + b"[]," * 600_000 + b"[]]}}", "more than", id="a flood of lists"
        ),
        pytest.param(b" " * (SIZE_LIMIT_BYTES + 1), "are the limit", id="too large"),
    ],
)
def test_a_document_that_cannot_be_read_is_a_problem_and_no_crash(content: bytes, says: str) -> None:
    [problem] = oscal_problems(content)
    assert says in problem


def test_a_flood_of_problems_is_cut() -> None:
    flood = {"assessment-results": {"results": [{"related": [{"risk-uuid": NOWHERE}] * 1_000}]}}
    assert len(oscal_problems(json.dumps(flood).encode())) == PROBLEMS_LIMIT


KEYS = st.sampled_from(
    ["uuid", "href", "observation-uuid", "type", "actor-uuid", "results", "findings", "target", "target-id",
     "reviewed-controls", "control-selections", "include-controls", "control-id", "props", "name", "value", "hashes"]
)  # fmt: skip
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=5),
    max_leaves=40,
)


@given(ANY_JSON)
def test_no_document_makes_the_check_fall_over(value: Any) -> None:
    for document in (value, {"assessment-results": value}):
        problems = oscal_problems(json.dumps(document).encode(), paths=("a",))
        assert all(problem and "\n" not in problem for problem in problems)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_check_fall_over(content: bytes) -> None:
    assert oscal_problems(content)
