"""Verifies a bundle alone: with the keys that its reader trusts, and no ledger, service or network.

Every check is made and every problem told; an error is never a pass. What was not looked at is said as plainly.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from maestro.attestations.names import PAYLOAD_TYPE
from maestro.attestations.statement import read_statement
from maestro.canonical import digest_of_bytes
from maestro.errors import BadInput, MaestroError
from maestro.evidence.case import Case, Expected, Signed, Unreadable
from maestro.evidence.checks import acted, landed, signed, told, whole
from maestro.evidence.contents import INDEX, SUMMARY, Role
from maestro.evidence.index import Index
from maestro.evidence.opening import Opened, open_bundle
from maestro.evidence.verdict import Check, Problem, Result, Verification
from maestro.signing.roots import TrustRoots
from maestro.signing.trust import SignedAt, time_at, verify_envelope
from maestro.signing.trusted import Purpose

Question = Callable[[Case], Iterator[Problem]]

QUESTIONS: Mapping[str, Question] = {
    "plain files": whole.plain_files,
    "signature": signed.summary_signature,
    "index": whole.index_is_signed,
    "files": whole.every_file,
    "commit": signed.about_the_commit,
    "as asked": signed.as_asked,
    "time": signed.sealed_in_time,
    "statements": signed.statements_are_signed,
    "inputs": signed.statements_are_the_inputs,
    "result": signed.result_of_the_summary,
    "decision": told.decision_agrees,
    "card": told.card_agrees,
    "references": whole.references_both_ways,
    "records": told.records_are_chained,
    "catalogue": told.catalogue_is_the_one_asked,
    "narrative": told.narrative_is_linked,
    "exports": told.exports_refer_to_what_is_there,
    "actions": acted.actions_are_signed,
}
"""In the order in which one rests on the other. Append only: whoever reads the JSON knows them by name."""


def verify(
    path: Path,
    *,
    trust: TrustRoots,
    now: datetime,
    expected_head: str | None = None,
    expected_repo: str | None = None,
    repository: Path | None = None,
) -> Verification:
    """Everything that can be said of the bundle in a folder or archive, by the keys of ``trust``.

    ``expected_head`` is the whole id of the commit that it has to be about. ``repository`` is a clone in which commits
    and trees are looked up. Raises BadInput for a place that holds no bundle, or more than is read of one.
    """
    opened = open_bundle(path)
    if not {INDEX, SUMMARY} & (opened.files.keys() | {name for name, _ in opened.problems}):
        raise BadInput(
            f"there is no bundle: neither {INDEX} nor {SUMMARY} stands at its top",
            field=str(path),
            fix="name the folder or .tar.gz that `maestro evidence export` wrote",
        )
    case = _case(opened, Expected(now=now, head=expected_head, repo=expected_repo), trust)
    questions = dict(QUESTIONS)
    if repository is not None:
        questions["repository"] = landed.in_repository(repository)
    checks = tuple(_answer(name, question, case) for name, question in questions.items())
    return _verification(path, case, checks, with_repository=repository is not None)


def _case(opened: Opened, expected: Expected, trust: TrustRoots) -> Case:
    """What is signed by whom. A statement has the time of the summary that names it by its digest."""
    case = Case(opened=opened, expected=expected, trust=trust)
    believed: dict[str, Signed] = {}
    refused: dict[str, str] = {}
    summary_time: list[datetime | None] = [None]

    def believe(path: str, signed_at: SignedAt) -> None:
        try:
            verified = verify_envelope(
                case.content(path),
                payload_type=PAYLOAD_TYPE,
                trust=trust,
                signed_at=signed_at,
                now=expected.now,
                purpose=Purpose.EVIDENCE,
                field=path,
            )
            statement = read_statement(verified.payload, field=path)
        except Unreadable as error:
            refused[path] = error.reason
        except MaestroError as error:
            refused[path] = error.message
        else:
            believed[path] = Signed(statement, verified.key_id, verified.name)
            if path == SUMMARY:
                summary_time[0] = verified.signed_at

    if SUMMARY in opened.files:
        believe(SUMMARY, time_at("predicate", "timeVerified"))
    for path in signed.statement_paths(case):
        believe(path, lambda _: summary_time[0])
    return Case(opened=opened, expected=expected, trust=trust, signed=believed, refused=refused)


_HOSTILE = (MaestroError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""What reading a document can raise that somebody made for this. A check that broke off is no pass."""


def _answer(name: str, question: Question, case: Case) -> Check:
    sentence = " ".join((question.__doc__ or "").split())
    problems: list[Problem] = []
    result = Result.HOLDS
    try:
        for problem in question(case):
            problems.append(problem)  # noqa: PERF402 - what was found before it broke off is kept
    except Unreadable as error:
        problems.append(Problem(file=error.file, reason=error.reason))
        result = Result.IMPOSSIBLE
    except _HOSTILE as error:
        problems.append(Problem(file=INDEX, reason=f"what stands in it cannot be checked: {error}"))
        result = Result.IMPOSSIBLE
    if problems and result is Result.HOLDS:
        result = Result.BROKEN
    return Check(name=name, sentence=sentence, result=result, problems=tuple(problems))


def _verification(path: Path, case: Case, checks: tuple[Check, ...], *, with_repository: bool) -> Verification:
    index: Index | None = None
    with contextlib.suppress(Unreadable):
        index = case.index
    summary = case.signed.get(SUMMARY)
    known = case.opened.files.get(INDEX)
    content = known.content if known else None
    return Verification(
        path=str(path),
        checks=checks,
        not_checked=(*_not_checked(index, with_repository=with_repository), *_unsigned(case)),
        signed_by=summary.key_name if summary else "",
        key_id=summary.key_id if summary else "",
        subject=index.subject if index else None,
        decision=index.decision if index else None,
        controls=index.controls if index else (),
        files=len(case.opened.files),
        index_digest=digest_of_bytes(content) if content is not None else "",
        sealed_at=index.sealed_at.isoformat() if index else "",
    )


def _not_checked(index: Index | None, *, with_repository: bool) -> Iterator[str]:
    if not with_repository:
        yield "whether the repository has this commit, this tree and what landed (give --repository with a clone)"
    yield "whether the tests were run as stated: the holder of the key can state anything"
    yield "whether a control's answer follows from the facts: its facts, its query and its evidence are there to read"
    yield "whether a key was revoked after the trust roots that were used were written"
    yield "the ledger's chain beyond these records, and whether they are all of this head"
    yield "whether the times are true: they are the signer's own"
    yield "whether another bundle was sealed for the same commit, before or after this one"
    narratives = [file for file in index.files if file.role is Role.NARRATIVE] if index else []
    if not narratives:
        yield "a narrative: there is none in it"
    elif any(file.media_type.partition(";")[0] not in told.PROVABLE for file in narratives):
        yield "the text of the PDF, which is laid out from the same contents as the other narratives"
    yield "the content of stored artifacts: their bytes are those that were sealed, and their text is not read"


def _unsigned(case: Case) -> Iterator[str]:
    # Where the records cannot be read, the check of the actions says so.
    with contextlib.suppress(Unreadable):
        if sentence := acted.unsigned_actions(case):
            yield sentence
