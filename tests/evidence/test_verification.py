"""A bundle verified by a stranger: whole ones hold, and whatever was done to one is named."""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestro.canonical import canonical_json, digest
from maestro.errors import BadInput
from maestro.evidence.contents import INDEX, SUMMARY
from maestro.evidence.verdict import Result, Verification
from maestro.evidence.verification import verify
from maestro.model.decision import DecisionState
from maestro.signing.envelope import seal
from maestro.signing.roots import TrustRoots
from maestro.signing.trusted import Reason
from tests.evidence.bundles import A_PATH, PAYLOAD_TYPE, Sealed, sealed, sealed_in
from tests.evidence.samples import SEALED_AT

NOW = SEALED_AT + timedelta(days=30)
DECISION = "statements/decision.dsse.json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle as a folder; whoever changes it puts it back."""
    return sealed().folder(tmp_path_factory.mktemp("verified") / "bundle")


def verified(made: Sealed, tmp_path: Path, **asked: Any) -> Verification:
    return verify(made.folder(tmp_path / "bundle"), trust=made.trust, **({"now": NOW} | asked))


def broken(verification: Verification, *, file: str = "") -> dict[str, str]:
    """The checks that did not hold, with the reasons; ``file`` has to be among those that are named."""
    assert not verification.holds
    assert not file or file in {problem.file for problem in verification.problems}, verification.problems
    return {
        check.name: "; ".join(f"{problem.file}: {problem.reason}" for problem in check.problems)
        for check in verification.checks
        if check.result is not Result.HOLDS
    }


@contextmanager
def changed(path: Path, content: bytes | None) -> Iterator[None]:
    before = path.read_bytes()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("state", [DecisionState.GREEN, DecisionState.BLOCKED, DecisionState.NEEDS_PERSON])
def test_a_bundle_holds_as_folder_and_as_archive_whatever_was_decided(tmp_path: Path, state: DecisionState) -> None:
    made = sealed_in(tmp_path, state=state)
    for path in (made.folder(tmp_path / "b"), made.archive(tmp_path / "b.tar.gz")):
        found = verify(path, trust=made.trust, now=NOW, expected_head=made.contents.card.pull_request.head_sha)
        assert found.problems == ()
        assert found.holds
        assert (found.decision, found.signed_by) == (state, "evidence")
        assert any("tests were run" in sentence for sentence in found.not_checked)


def test_the_same_contents_give_the_same_bundle(tmp_path: Path) -> None:
    made = sealed_in(tmp_path / "one")
    shutil.copytree(tmp_path / "one" / "keys", tmp_path / "two" / "keys")
    assert sealed_in(tmp_path / "two").files == made.files


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=A_PATH, place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_changed_byte_anywhere_is_found_and_the_file_is_named(
    folder: Path, path: str, place: float, flip: int
) -> None:
    content = bytearray(sealed().files[path])
    content[int(place * len(content))] ^= flip
    with changed(folder / path, bytes(content)):
        broken(verify(folder, trust=sealed().trust, now=NOW), file=path)


def test_a_bit_of_the_summary_outside_its_payload_is_found(folder: Path) -> None:
    whole = sealed().files[SUMMARY]
    for place in (*range(0, 30, 3), *range(len(whole) - 140, len(whole), 2)):
        for bit in (0x01, 0x20):
            content = whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :]
            with changed(folder / SUMMARY, content):
                broken(verify(folder, trust=sealed().trust, now=NOW), file=SUMMARY)


def test_a_file_that_was_cut_removed_renamed_or_added_to_is_named(folder: Path) -> None:
    for path, content in sealed().files.items():
        for other in (content[: len(content) // 2], b"", content + b"\n", None):
            with changed(folder / path, other):
                broken(verify(folder, trust=sealed().trust, now=NOW), file=path)
        (folder / path).rename(folder / "renamed")
        try:
            found = broken(verify(folder, trust=sealed().trust, now=NOW), file=path)
            assert path == INDEX or "renamed" in found["files"]
        finally:
            (folder / "renamed").rename(folder / path)


@pytest.mark.parametrize("path", ["notes.txt", ".hidden", "artifacts/x", "statements/other.dsse.json", "INDEX.json"])
def test_a_file_more_is_named(folder: Path, path: str) -> None:
    (folder / path).write_bytes(b"{}")
    try:
        assert path in str(broken(verify(folder, trust=sealed().trust, now=NOW)))
    finally:
        (folder / path).unlink()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(A_PATH, min_size=2, max_size=2, unique=True))
def test_two_files_that_were_swapped_are_named(folder: Path, pair: list[str]) -> None:
    one, other = pair
    files = sealed().files
    if files[one] != files[other]:
        with changed(folder / one, files[other]), changed(folder / other, files[one]):
            found = verify(folder, trust=sealed().trust, now=NOW)
            # What an index that is none says of others, nobody can know.
            for path in {one, other} & ({INDEX} if INDEX in pair else {one, other}):
                broken(found, file=path)


def test_all_problems_are_told_and_not_the_first_alone(folder: Path) -> None:
    with changed(folder / "card.json", b"{}"), changed(folder / "records.jsonl", None):
        found = verify(folder, trust=sealed().trust, now=NOW)
    assert {"card.json", "records.jsonl"} <= {problem.file for problem in found.problems}


def test_parts_of_another_bundle_are_refused(tmp_path: Path) -> None:
    made = sealed_in(tmp_path / "one")
    shutil.copytree(tmp_path / "one" / "keys", tmp_path / "two" / "keys")
    other = sealed_in(tmp_path / "two", head="ab" * 20)
    for number, path in enumerate((SUMMARY, INDEX, DECISION)):
        found = verified(made.put(path, other.files[path]), tmp_path / str(number))
        broken(found, file=INDEX if path == SUMMARY else path)


def test_the_bundle_of_another_commit_is_refused_where_a_commit_is_asked_for(tmp_path: Path) -> None:
    other = sealed_in(tmp_path, head="ab" * 20)
    assert verified(other, tmp_path).holds
    assert set(broken(verified(other, tmp_path, expected_head="cd" * 20), file=SUMMARY)) == {"as asked"}
    assert set(broken(verified(other, tmp_path, expected_repo="shop/other"))) == {"as asked"}
    assert verified(other, tmp_path, expected_repo="shop/checkout", expected_head="ab" * 20).holds


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    refused = broken(verify_with(sealed_in(tmp_path / "stranger").trust, tmp_path))
    assert "does not trust" in refused["signature"]
    assert "does not trust" in refused["statements"]


def verify_with(trust: TrustRoots, tmp_path: Path, *, now: datetime = NOW) -> Verification:
    return verify(sealed().folder(tmp_path / "bundle"), trust=trust, now=now)


def bounded(**bounds: Any) -> TrustRoots:
    trust = sealed().trust
    return TrustRoots(keys=tuple(key.model_copy(update=bounds) for key in trust.keys))


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        pytest.param({"not_after": SEALED_AT - timedelta(days=1)}, "ended", id="an expired key"),
        pytest.param({"not_before": SEALED_AT + timedelta(days=1)}, "begins", id="a key that is not yet valid"),
        pytest.param(
            {"revoked_at": SEALED_AT - timedelta(days=1), "revocation_reason": Reason.SUPERSEDED},
            "revoked",
            id="a key that was revoked before",
        ),
        pytest.param(
            {"revoked_at": SEALED_AT + timedelta(days=9), "revocation_reason": Reason.COMPROMISED},
            "compromised",
            id="a key that was compromised, even later",
        ),
        pytest.param({"purposes": ()}, "trusted for", id="a key for another purpose"),
    ],
)
def test_a_key_that_is_not_believed_is_refused(tmp_path: Path, bounds: dict[str, Any], told: str) -> None:
    found = broken(verify_with(bounded(**bounds), tmp_path), file=SUMMARY)
    assert told in found["signature"]
    assert "statements" in found


def test_a_key_within_its_bounds_is_believed(tmp_path: Path) -> None:
    later = SEALED_AT + timedelta(days=1)
    trust = bounded(not_before=SEALED_AT, not_after=later, revoked_at=later, revocation_reason=Reason.SUPERSEDED)
    assert verify_with(trust, tmp_path).holds


def test_a_bundle_from_the_future_is_refused(tmp_path: Path) -> None:
    found = broken(verify_with(sealed().trust, tmp_path, now=SEALED_AT - timedelta(minutes=6)))
    assert {"signature", "time"} <= set(found)
    assert verify_with(sealed().trust, tmp_path, now=SEALED_AT - timedelta(minutes=4)).holds


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[" * 200_000, id="a list that never ends"),
        pytest.param(b'{"a":' * 50_000 + b"1" + b"}" * 50_000, id="a deep object"),
        pytest.param(b'{"payload":"","payload":""}', id="a key twice"),
        pytest.param(b"\xff\xfe{}", id="no UTF-8"),
        pytest.param(b'{"a":NaN}', id="no number"),
        pytest.param(b'{"a":1e999999}', id="a number without end"),
        pytest.param(b'{"a":' + b"9" * 5_000 + b"}", id="a number of 5,000 digits"),
        pytest.param(b"null", id="null"),
    ],
)
@pytest.mark.parametrize("path", [SUMMARY, INDEX, DECISION, "card.json", "exports/findings.sarif", "records.jsonl"])
def test_json_that_was_made_to_harm_is_refused_and_named(folder: Path, path: str, content: bytes) -> None:
    with changed(folder / path, content):
        found = verify(folder, trust=sealed().trust, now=NOW)
    broken(found, file=path)


def test_millions_of_values_are_not_read(folder: Path) -> None:
    with changed(folder / "facts.json", b"[" + b"0," * 4_000_001 + b"0]"):
        broken(verify(folder, trust=sealed().trust, now=NOW), file="facts.json")


def test_a_deep_statement_that_is_signed_is_refused(tmp_path: Path) -> None:
    made = sealed()
    payload = b'{"predicate":' + b"[" * 1_000 + b"]" * 1_000 + b"}"
    for path in (SUMMARY, DECISION):
        forged = made.put(path, seal(payload, payload_type=PAYLOAD_TYPE, keys=made.keys))
        assert re.search("nest(s|ed)", str(broken(verified(forged, tmp_path / path), file=path)))


def test_another_type_of_payload_is_refused(tmp_path: Path) -> None:
    made = sealed()
    payload = canonical_json(made.statement(SUMMARY)).encode()
    forged = made.put(SUMMARY, seal(payload, payload_type="application/json", keys=made.keys))
    assert "belongs" in broken(verified(forged, tmp_path), file=SUMMARY)["signature"]


def with_summary(**predicate: Any) -> Sealed:
    statement = sealed().statement(SUMMARY)
    statement["predicate"] |= predicate
    return sealed().resigned(SUMMARY, statement)


def with_subject(place: int, **said: Any) -> Sealed:
    statement = sealed().statement(SUMMARY)
    statement["subject"][place] |= said
    return sealed().resigned(SUMMARY, statement)


def with_index(**said: Any) -> Sealed:
    return sealed().reindexed(sealed().json(INDEX) | said)


def with_decision(**predicate: Any) -> Sealed:
    statement = sealed().statement(DECISION)
    statement["predicate"] |= predicate
    return sealed().replaced(DECISION, sealed().resigned(DECISION, statement).files[DECISION])


def subject(**said: Any) -> dict[str, Any]:
    found: dict[str, Any] = sealed().json(INDEX)["subject"]
    return found | said


@pytest.mark.parametrize(
    ("made", "check", "told"),
    [
        pytest.param(lambda: with_summary(verificationResult="FAILED"), "result", "the result", id="another result"),
        pytest.param(
            lambda: with_summary(verifiedLevels=["MC_QA_99"]),
            "result",
            "verified levels",
            id="levels that nobody found",
        ),
        pytest.param(lambda: with_summary(verifiedLevels=[]), "result", "verified levels", id="no levels"),
        pytest.param(lambda: with_summary(policy={}), "result", "policies", id="no policy"),
        pytest.param(lambda: with_summary(verifier={"id": "urn:me"}), "commit", "verifier", id="another verifier"),
        pytest.param(lambda: with_summary(resourceUri="pkg:x"), "commit", "resource", id="another resource"),
        pytest.param(lambda: with_summary(inputAttestations=[]), "inputs", "does not rest", id="no inputs"),
        pytest.param(
            lambda: with_summary(timeVerified="2026-11-23T09:41:00Z"), "time", "verification", id="another time"
        ),
        pytest.param(
            lambda: with_subject(0, digest={"gitCommit": "ab" * 20}), "commit", "not about", id="another commit"
        ),
        pytest.param(lambda: with_subject(1, digest={"sha256": "ab" * 32}), "index", "its digest", id="another index"),
        pytest.param(lambda: with_index(decision="blocked"), "card", "the decision", id="an index that blocks"),
        pytest.param(lambda: with_index(decided_by="eve"), "decision", "decided", id="an index by somebody else"),
        pytest.param(lambda: with_index(controls=[]), "result", "verified levels", id="an index without controls"),
        pytest.param(lambda: with_index(subject=subject(landing=None)), "decision", "landing", id="nothing landed"),
        pytest.param(
            lambda: with_index(subject=subject(landing={"base_ref": "main", "commit": "ab" * 20, "tree": "cd" * 20})),
            "decision",
            "landing",
            id="something else landed",
        ),
        pytest.param(lambda: with_index(subject=subject(head_sha="ab" * 20)), "commit", "not about", id="another head"),
        pytest.param(lambda: with_index(subject=subject(tested_tree="ab" * 20)), "card", "tree", id="another tree"),
        pytest.param(lambda: with_index(subject=subject(title="Other")), "card", "title", id="another title"),
        pytest.param(
            lambda: with_index(catalogue_digest="sha256:" + "0" * 64), "catalogue", "digest", id="a catalogue"
        ),
        pytest.param(lambda: with_index(sealed_at="2026-11-23T09:41:00Z"), "time", "verification", id="sealed later"),
        pytest.param(lambda: with_decision(state="blocked"), "decision", "the decision", id="a decision that blocks"),
        pytest.param(lambda: with_decision(reasons=["why not"]), "decision", "reasons", id="other reasons"),
        pytest.param(lambda: with_decision(findings=[]), "decision", "answers", id="a decision without findings"),
        pytest.param(lambda: with_decision(records=[]), "records", "records", id="a decision without records"),
    ],
)
def test_a_signer_who_contradicts_himself_is_found(made: Any, check: str, told: str, tmp_path: Path) -> None:
    found = broken(verified(made(), tmp_path))
    assert told in found[check]


def test_a_statement_about_another_commit_is_refused(tmp_path: Path) -> None:
    path = "statements/provenance.dsse.json"
    statement = sealed().statement(path)
    statement["subject"][0]["digest"] = {"gitCommit": "ab" * 20}
    forged = sealed().replaced(path, sealed().resigned(path, statement).files[path])
    assert set(broken(verified(forged, tmp_path), file=path)) == {"statements"}


def test_artifacts_without_a_reference_and_references_without_an_artifact_are_found(tmp_path: Path) -> None:
    index = sealed().json(INDEX)
    artifact = next(file for file in index["files"] if file["role"] == "artifact")
    index["files"].remove(artifact)
    lacking = sealed().reindexed(index).drop(artifact["path"])
    assert artifact["path"] in broken(verified(lacking, tmp_path / "lacking"))["references"]
    content = b"stray"
    name = f"artifacts/{digest_of(content)}"
    index = sealed().json(INDEX)
    index["files"].append(artifact | {"path": name, "digest": f"sha256:{digest_of(content)}", "bytes": 5})
    stray = sealed().reindexed(index).put(name, content)
    assert "nothing refers" in broken(verified(stray, tmp_path / "stray"), file=name)["references"]


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(lambda lines: lines[1:], "decision records", id="one is dropped"),
        pytest.param(lambda lines: [lines[1], lines[0], *lines[2:]], "does not follow", id="two are swapped"),
        pytest.param(lambda lines: [lines[0].replace("green", "grey!"), *lines[1:]], "its hash", id="one is changed"),
        pytest.param(lambda lines: [rehashed(lines[0]), *lines[1:]], "record before", id="one is changed and hashed"),
        pytest.param(lambda lines: [*lines, lines[-1]], "does not follow", id="one is there twice"),
        pytest.param(lambda lines: [*lines, "{}"], "no decision record", id="one is none"),
    ],
)
def test_records_that_are_not_those_of_the_chain_are_found(change: Any, told: str, tmp_path: Path) -> None:
    lines = sealed().files["records.jsonl"].decode().splitlines()
    forged = sealed().replaced("records.jsonl", "".join(f"{line}\n" for line in change(lines)).encode())
    assert told in broken(verified(forged, tmp_path))["records"]


def rehashed(line: str) -> str:
    record = json.loads(line.replace("green", "grey!"))
    del record["hash"]
    return canonical_json(record | {"hash": digest(record)})


def test_a_narrative_with_a_claim_without_a_link_is_found(tmp_path: Path) -> None:
    index = sealed().json(INDEX)
    content = b"# Why this passed\n\nEverything was fine.\n"
    entry = {"path": "narrative.md", "digest": f"sha256:{digest_of(content)}", "bytes": len(content)}
    index["files"].append(entry | {"media_type": "text/markdown", "role": "narrative", "refers_to": []})
    told = sealed().reindexed(index).put("narrative.md", content)
    assert "Everything was fine" in broken(verified(told, tmp_path), file="narrative.md")["narrative"]


def test_an_export_that_links_to_what_is_not_there_is_found(tmp_path: Path) -> None:
    path = "exports/cyclonedx-declarations.json"
    wrong = sealed().files[path].replace(b"../artifacts/", b"../artifacts/0")
    assert "which is not there" in broken(verified(sealed().replaced(path, wrong), tmp_path), file=path)["exports"]


@pytest.mark.parametrize("place", ["", "empty", "other.txt"])
def test_a_place_without_a_bundle_is_no_bundle(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "other.txt").write_text("hello")
    with pytest.raises(BadInput):
        verify(tmp_path / place, trust=sealed().trust, now=datetime.now(UTC))
