"""Whatever was known, found and written: every format stays valid, and no state turns into another."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestro.assurance import Facts, GitFacts, TestsFacts
from maestro.evidence.contents import Dossier
from maestro.evidence.exports import Format
from maestro.model.artifact import ArtifactRef
from maestro.model.evidence import ControlFinding, Evidence, FindingState
from tests.evidence.exports.cases import exported, invalid

TEXT = st.text(alphabet=st.characters(), max_size=60)
"""Every character that a Python string can have, halves of surrogate pairs and controls among them."""

DIGESTS = st.sampled_from([f"sha256:{letter * 64}" for letter in "0123"])
REFS = st.builds(ArtifactRef, digest=DIGESTS, media_type=TEXT, bytes=st.integers(0, 9), name=TEXT)
TIMES = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2090, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
FINDINGS = st.lists(
    st.builds(
        ControlFinding,
        control=st.sampled_from(["MC-AC-01", "MC-AC-02", "MC-BR-02", "MC-QA-01", "MC-QA-03", "MC-ZZ-01"]) | TEXT,
        title=TEXT,
        tier=st.integers(0, 4),
        state=st.sampled_from(FindingState),
        reason=TEXT,
        fix=TEXT,
        evidence=st.lists(REFS, max_size=3).map(tuple),
    ),
    max_size=8,
).map(tuple)
EVIDENCE = st.lists(
    st.builds(Evidence, ref=REFS, summary=TEXT, kind=st.sampled_from(["git", "tests", ""]), at=st.none() | TIMES),
    max_size=4,
).map(tuple)
FILES = st.none() | st.lists(TEXT, max_size=4).map(tuple)
FACTS = st.builds(
    Facts,
    git=st.none() | st.builds(GitFacts, executables_added=FILES, private_keys_added=FILES, rule_files_changed=FILES),
    tests=st.none() | st.builds(TestsFacts, failed=st.none() | st.integers(0, 3)),
)

MANY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def changed(
    dossier: Dossier, findings: tuple[ControlFinding, ...], evidence: tuple[Evidence, ...], facts: Facts, title: str
) -> Dossier:
    card = dossier.contents.card
    pull_request = card.pull_request.model_copy(update={"title": title, "author": title, "repository": title})
    contents = dossier.contents.model_copy(
        update={
            "card": card.model_copy(update={"findings": findings, "pull_request": pull_request}),
            "evidence": evidence,
            "facts": facts,
        }
    )
    return Dossier(contents=contents, catalogue=dossier.catalogue)


@MANY
@given(findings=FINDINGS, evidence=EVIDENCE, facts=FACTS, title=TEXT)
def test_every_format_stays_valid(
    green: Dossier, findings: tuple[ControlFinding, ...], evidence: tuple[Evidence, ...], facts: Facts, title: str
) -> None:
    dossier = changed(green, findings, evidence, facts, title)
    assert {form: problems for form in Format if (problems := invalid(dossier, form))} == {}


@MANY
@given(findings=FINDINGS)
def test_every_format_has_the_same_numbers(green: Dossier, findings: tuple[ControlFinding, ...]) -> None:
    dossier = changed(green, findings, (), Facts(), "a title")
    root = exported(dossier, Format.JUNIT)
    tests, failures, errors, skipped = (int(root.attrib[name]) for name in ("tests", "failures", "errors", "skipped"))
    [result] = exported(dossier, Format.OSCAL)["assessment-results"]["results"]
    states = [one["target"]["status"]["state"] for one in result.get("findings", [])]
    assert states.count("not-satisfied") == len(result.get("risks", [])) == failures
    assert states.count("satisfied") == tests - failures - errors - skipped
    assert len(result["observations"]) == tests
    [attestation] = exported(dossier, Format.CYCLONEDX)["declarations"]["attestations"]
    scores = [one["conformance"].get("score") for one in attestation["map"]]
    assert (scores.count(0), scores.count(None)) == (failures, errors + skipped)
    [run] = exported(dossier, Format.SARIF)["runs"]
    assert len([one for one in run["results"] if one["kind"] == "open"]) == errors
    assert len({one["ruleId"] for one in run["results"] if one["kind"] == "fail"}) == failures
