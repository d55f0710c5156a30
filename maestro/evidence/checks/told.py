"""Whether everything that the bundle tells agrees: index, card, decision, records, catalogue, narrative and exports."""

import posixpath
from collections.abc import Iterator
from typing import Any

from maestro.attestations.resource import without_places
from maestro.canonical import digest
from maestro.errors import BadInput
from maestro.evidence.case import Case, Unreadable, differing
from maestro.evidence.checks.signed import decision_statement
from maestro.evidence.contents import ARTIFACTS, EXPORTS, INDEX, Role
from maestro.evidence.exports import oscal_problems
from maestro.evidence.gathered import CARD, CATALOGUE, FACTS, RECORDS, catalogue_digest
from maestro.evidence.index import Subject
from maestro.evidence.indexing import control_of, subject_of
from maestro.evidence.references import is_text
from maestro.evidence.untrusted import read_object
from maestro.evidence.verdict import Problem
from maestro.ledger.chain import GENESIS_HASH
from maestro.render.linked import unproven

PROVABLE = frozenset({"text/markdown", "text/html"})
_LINKS = frozenset({"href", "url", "uri"})
_ANSWER = ("control", "title", "tier", "state")


def card_agrees(case: Case) -> Iterator[Problem]:
    """The Decision Card says what the index says: pull request, decision, reasons and the answer of every control."""
    index, card = case.index, case.card
    subject = subject_of(card.pull_request, tested_tree=index.subject.tested_tree, landing=index.subject.landing)
    for name in Subject.model_fields:
        yield from differing(CARD, name, found=getattr(subject, name), wanted=getattr(index.subject, name))
    yield from differing(CARD, "the decision", found=card.decision.state.value, wanted=index.decision.value)
    yield from differing(CARD, "who decided", found=card.decision.actor, wanted=index.decided_by)
    yield from differing(CARD, "the reasons", found=card.decision.reasons, wanted=index.reasons)
    answers = tuple(control_of(finding) for finding in card.findings)
    twice = len({one.control for one in index.controls}) != len(index.controls)
    if twice:
        yield Problem(file=INDEX, reason="a control was answered more than once")
    if answers != index.controls:
        wanted = {one.control: one for one in index.controls}
        changed = sorted(one.control for one in answers if wanted.get(one.control) != one)
        yield Problem(file=CARD, reason=f"the answers differ from those of the index: {', '.join(changed) or 'order'}")
    tree = case.object(FACTS).get("git")
    if isinstance(tree, dict) and tree.get("tree") is not None:
        yield from differing(FACTS, "the tested tree", found=tree["tree"], wanted=index.subject.tested_tree)


def decision_agrees(case: Case) -> Iterator[Problem]:
    """The signed decision says what the index says."""
    path, statement = decision_statement(case)
    index, said = case.index, statement.predicate
    subject, about = index.subject, _object(said.get("pullRequest"))
    landing = _object(said.get("landing"))
    landed = _object(_object(landing.get("commit")).get("digest"))
    found = {
        "decision": said.get("state"),
        "one who decided": said.get("actor"),
        "reasons": said.get("reasons"),
        "answers of the controls": _answers(said.get("findings")),
        "repository": about.get("repo"),
        "number": about.get("number"),
        "author": about.get("author"),
        "commits": [about.get("head"), about.get("base"), about.get("mergeBase")],
        "landing": [landing.get("baseRef"), landed.get("gitCommit"), landed.get("gitTree"), landing.get("asTested")],
    }
    wanted: dict[str, Any] = {
        "decision": index.decision.value,
        "one who decided": index.decided_by,
        "reasons": list(index.reasons),
        "answers of the controls": [
            [one.control, one.title, one.tier, one.state.value, sorted(one.evidence)] for one in index.controls
        ],
        "repository": subject.repo,
        "number": subject.pr,
        "author": subject.author,
        "commits": [subject.head_sha, subject.base_sha, subject.merge_base_sha],
        "landing": _landing(subject),
    }
    stated = _plain(without_places(wanted, case.card.pull_request))
    for what, value in found.items():
        yield from differing(path, f"the {what}", found=value, wanted=stated[what])


def records_are_chained(case: Case) -> Iterator[Problem]:
    """Every decision record fits its hash, names the record before it where that is here too, is about this head, and
    is the one that the signed decision names.
    """
    subject = case.index.subject
    before, listed = 0, []
    before_hash = ""
    for number, line in enumerate(case.content(RECORDS).splitlines(), start=1):
        place = f"{RECORDS}:{number}"
        try:
            body = read_object(line, file=place)
            stated, sequence, record = body.pop("hash"), body["sequence"], body["record"]
            key = {name: record[name] for name in ("repo", "pr", "head_sha")}
            previous, kind = body["previous_hash"], record["kind"]
            found = digest(body)
        except (BadInput, KeyError, TypeError) as error:
            raise Unreadable(place, "it is no decision record with its hash") from error
        yield from differing(place, "its hash", found=found, wanted=stated)
        if not isinstance(sequence, int) or sequence <= before:
            yield Problem(file=place, reason=f"the number {sequence!r} does not follow {before}")
            sequence = before + 1
        if sequence == before + 1:
            wanted = before_hash or (GENESIS_HASH if sequence == 1 else previous)
            yield from differing(place, "the record before it", found=previous, wanted=wanted)
        about = {"repo": subject.repo, "pr": subject.pr, "head_sha": subject.head_sha}
        yield from differing(place, "what it is about", found=key, wanted=about)
        listed.append({"sequence": sequence, "kind": kind, "hash": stated, "previousHash": previous})
        before, before_hash = sequence, stated
    path, statement = decision_statement(case)
    yield from differing(path, "the decision records", found=statement.predicate.get("records"), wanted=listed)


def catalogue_is_the_one_asked(case: Case) -> Iterator[Problem]:
    """The files of the catalogue have the digest under which it was asked."""
    prefix = f"{CATALOGUE}/"
    files = {path.removeprefix(prefix): case.content(path) for path in case.opened.files if path.startswith(prefix)}
    yield from differing(prefix, "its digest", found=catalogue_digest(files), wanted=case.index.catalogue_digest)


def narrative_is_linked(case: Case) -> Iterator[Problem]:
    """Nothing stands in the narrative without a link to a file of the bundle."""
    paths = tuple(case.opened.files)
    for file in case.index.files:
        kind = file.media_type.partition(";")[0].strip()
        if file.role is Role.NARRATIVE and kind in PROVABLE and file.path in case.opened.files:
            try:
                claims = unproven(case.content(file.path), kind, paths)
            except BadInput as error:
                raise Unreadable(file.path, error.message) from error
            for claim in claims:
                yield Problem(file=file.path, reason=claim)


def exports_refer_to_what_is_there(case: Case) -> Iterator[Problem]:
    """The machine exports can be read, and what they link to is in the bundle."""
    paths = tuple(case.opened.files)
    for file in case.index.files:
        if file.role is not Role.EXPORT or file.path not in case.opened.files:
            continue
        content = case.content(file.path)
        if "json" not in file.media_type or not is_text(file.media_type):
            continue
        document = case.object(file.path)
        if "assessment-results" in document:
            here = {posixpath.relpath(path, EXPORTS) for path in paths} | set(paths)
            for reason in oscal_problems(content, paths=here):
                yield Problem(file=file.path, reason=reason)
        for link in sorted(_links(document)):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), link))
            if target.startswith(f"{ARTIFACTS}/") and target not in case.opened.files:
                yield Problem(file=file.path, reason=f"it links to {target[:100]!r}, which is not there")


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _landing(subject: Subject) -> list[Any]:
    landing = subject.landing
    if landing is None:
        return [None, None, None, None]
    return [landing.base_ref, landing.commit, landing.tree, landing.tree == subject.tested_tree]


def _answers(findings: Any) -> list[list[Any]]:
    answers = [_object(one) for one in (findings if isinstance(findings, list) else [])]
    return [[*(one.get(name) for name in _ANSWER), _paths(one.get("evidence"))] for one in answers]


def _paths(digests: Any) -> list[str]:
    listed = digests if isinstance(digests, list) else []
    return sorted({f"{ARTIFACTS}/{str(one).removeprefix('sha256:')}" for one in listed})


def _links(value: Any) -> set[str]:
    found: set[str] = set()
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            found.update(link for key, link in current.items() if key in _LINKS and isinstance(link, str))
            pending.extend(current.values())
        elif isinstance(current, list):
            pending.extend(current)
    return found


def _plain(value: Any) -> Any:
    """As statements write text that is no Unicode."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case _:
            return value
