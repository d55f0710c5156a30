"""Whether what was signed says what the bundle says: about which commit, with which result, resting on what."""

import base64
import contextlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from maestro.attestations.names import (
    DECISION,
    PAYLOAD_TYPE,
    STATEMENT_TYPE,
    SUMMARY_TYPE,
    VERIFIER_ID,
)
from maestro.attestations.resource import instant, resource_uri
from maestro.attestations.statement import Statement
from maestro.attestations.summary import FAILED_LEVEL, level_of
from maestro.canonical import DIGEST_PREFIX, canonical_json
from maestro.evidence.case import Case, Unreadable, differing
from maestro.evidence.contents import INDEX, STATEMENTS, SUMMARY, Role
from maestro.evidence.verdict import Problem
from maestro.model.decision import DecisionState
from maestro.model.evidence import FindingState

CLOCK_SKEW = timedelta(minutes=5)
"""How far two clocks may differ; what was sealed later than that has not happened yet."""


def summary_signature(case: Case) -> Iterator[Problem]:
    """A trusted key, valid at that time and not revoked, signed the summary."""
    if SUMMARY not in case.opened.files:
        yield Problem(file=SUMMARY, reason="it is missing: nothing in the bundle is signed")
    elif SUMMARY in case.refused:
        yield Problem(file=SUMMARY, reason=case.refused[SUMMARY])
    elif case.content(SUMMARY) != _as_sealed(case):
        # Nothing is signed of an envelope but what it holds; a changed name of a field would go unseen.
        yield Problem(file=SUMMARY, reason="it was changed after it was sealed, around what is signed")


def about_the_commit(case: Case) -> Iterator[Problem]:
    """The summary is a SLSA verification summary of the commit that the bundle is about, and of nothing else."""
    body, subject = case.statement(SUMMARY).body, case.index.subject
    yield from differing(SUMMARY, "the statement's type", found=body.type, wanted=STATEMENT_TYPE)
    yield from differing(SUMMARY, "the predicate's type", found=body.predicate_type, wanted=SUMMARY_TYPE)
    head = {"gitCommit": subject.head_sha, "gitTree": subject.tested_tree}
    allowed = [head]
    if subject.landing and subject.landing.tree == subject.tested_tree:
        allowed.append({"gitCommit": subject.landing.commit, "gitTree": subject.landing.tree})
    commits = [one.digest for one in body.subject if one.name != INDEX]
    if not any(one.get("gitCommit") == subject.head_sha for one in commits):
        yield Problem(file=SUMMARY, reason=f"it is not about the commit {subject.head_sha}, which the index names")
    for digest in commits:
        if not any(digest.items() <= each.items() for each in allowed):
            yield Problem(file=SUMMARY, reason=f"it is about {digest}, of which the index says nothing")
    predicate = case.statement(SUMMARY).predicate
    found = _inner(predicate, "verifier").get("id")
    yield from differing(SUMMARY, "the verifier", found=found, wanted=VERIFIER_ID)
    wanted = resource_uri(case.card.pull_request)
    yield from differing(SUMMARY, "the resource", found=predicate.get("resourceUri"), wanted=wanted)


def as_asked(case: Case) -> Iterator[Problem]:
    """It is the bundle of the commit and the repository that were asked for."""
    subject, expected = case.index.subject, case.expected
    signed = [one.digest.get("gitCommit") for one in case.statement(SUMMARY).body.subject if "gitCommit" in one.digest]
    if expected.head is not None:
        yield from differing(INDEX, "the commit", found=subject.head_sha, wanted=expected.head)
        if expected.head not in signed:
            yield Problem(file=SUMMARY, reason=f"the commit {expected.head} was asked for, and it is about {signed}")
    if expected.repo is not None and expected.repo not in {subject.repo, subject.repository}:
        yield from differing(INDEX, "the repository", found=subject.repo, wanted=expected.repo)


def result_of_the_summary(case: Case) -> Iterator[Problem]:
    """Result, verified levels and policies of the summary are the decision, the passing controls and the digests of
    the index.
    """
    index, predicate = case.index, case.statement(SUMMARY).predicate
    green = index.decision is DecisionState.GREEN
    passing = sorted(level_of(one.control) for one in index.controls if one.state is FindingState.PASS)
    listed = predicate.get("verifiedLevels")
    levels = sorted(map(str, listed)) if isinstance(listed, list) else listed
    yield from differing(
        SUMMARY, "the result", found=predicate.get("verificationResult"), wanted="PASSED" if green else "FAILED"
    )
    yield from differing(SUMMARY, "the verified levels", found=levels, wanted=passing if green else [FAILED_LEVEL])
    policy = _inner(predicate, "policy")
    catalogue = _inner(policy, "annotations", "controlCatalogue")
    for what, stated, wanted in (
        ("the digest of the policies", policy, index.policy_digest),
        ("the digest of the catalogue", catalogue, index.catalogue_digest),
    ):
        found = _inner(stated, "digest").get("sha256", "")
        yield from differing(SUMMARY, what, found=found, wanted=wanted.removeprefix(DIGEST_PREFIX))


def statements_are_signed(case: Case) -> Iterator[Problem]:
    """A trusted key signed every statement, and each is about the same commit."""
    head, tree = case.index.subject.head_sha, case.index.subject.tested_tree
    for path in statement_paths(case):
        if path in case.refused:
            yield Problem(file=path, reason=case.refused[path])
        elif path in case.signed:
            for subject in case.statement(path).body.subject:
                found = subject.digest
                yield from differing(path, "the commit that it is about", found=found.get("gitCommit"), wanted=head)
                if "gitTree" in found:
                    yield from differing(path, "the tree that it is about", found=found["gitTree"], wanted=tree)


def statements_are_the_inputs(case: Case) -> Iterator[Problem]:
    """The summary rests on exactly the statements that are there, each by its digest."""
    listed = case.statement(SUMMARY).predicate.get("inputAttestations")
    stated: dict[str, str] = {}
    for each in listed if isinstance(listed, list) else []:
        digest = each.get("digest") if isinstance(each, dict) else None
        uri = each.get("uri") if isinstance(each, dict) else None
        if not (isinstance(uri, str) and isinstance(digest, dict)) or uri in stated:
            yield Problem(file=SUMMARY, reason="one of its inputAttestations names no statement, or one twice")
        else:
            stated[uri] = f"sha256:{digest.get('sha256')}"
    for path in sorted(stated.keys() | set(statement_paths(case))):
        found = case.opened.files.get(path)
        if path not in stated:
            yield Problem(file=path, reason="the summary does not rest on it (inputAttestations)")
        elif found is None:
            yield Problem(file=path, reason="the summary rests on it, and it is missing")
        else:
            yield from differing(path, "its digest", found=found.digest, wanted=stated[path])


def sealed_in_time(case: Case) -> Iterator[Problem]:
    """It was not sealed in the future, and the summary says the same time as the index."""
    sealed_at, now = case.index.sealed_at, case.expected.now
    if sealed_at.tzinfo is None:
        yield Problem(file=INDEX, reason="the time of sealing has no zone")
        return
    if sealed_at > now + CLOCK_SKEW:
        yield Problem(file=INDEX, reason=f"it was sealed at {instant(sealed_at)}, which is after now, {instant(now)}")
    stated = case.statement(SUMMARY).predicate.get("timeVerified")
    yield from differing(SUMMARY, "the time of verification", found=stated, wanted=instant(sealed_at))


def statement_paths(case: Case) -> tuple[str, ...]:
    """The files that are statements by their path or by what the index says of them, as far as they are there."""
    paths = {path for path in case.opened.files if path.startswith(f"{STATEMENTS}/")}
    with contextlib.suppress(Unreadable):  # the check of the index says so
        paths.update(file.path for file in case.index.files if file.role is Role.STATEMENT)
    return tuple(sorted(paths & case.opened.files.keys()))


def decision_statement(case: Case) -> tuple[str, Statement]:
    """The one statement of the decision, and its path. Raises Unreadable where there is none, or another one too."""
    found = [
        (path, case.signed[path].statement)
        for path in statement_paths(case)
        if path in case.signed and case.signed[path].statement.predicate_type == DECISION
    ]
    if len(found) != 1:
        raise Unreadable(f"{STATEMENTS}/", f"{len(found)} signed statements of the decision are there, one is wanted")
    return found[0]


def _as_sealed(case: Case) -> bytes:
    """The one form in which an envelope of this payload by this signer is written."""
    signatures = case.object(SUMMARY)["signatures"]
    signature = base64.urlsafe_b64decode(signatures[0]["sig"].translate(str.maketrans("+/", "-_")))
    signed = case.signed[SUMMARY]
    plain = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(signed.statement.payload).decode(),
        "signatures": [{"keyid": signed.key_id, "sig": base64.b64encode(signature).decode()}],
    }
    return canonical_json(plain).encode()


def _inner(value: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The object to which the names lead; empty where there is none."""
    for name in names:
        inner = value.get(name)
        value = inner if isinstance(inner, dict) else {}
    return value
