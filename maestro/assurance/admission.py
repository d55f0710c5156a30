"""Asks the admission policy, which is where an organisation puts denials of its own."""

from pydantic import JsonValue

from maestro.assurance.facts import Facts, OpaFacts, QueryKind
from maestro.errors import PolicyDenied
from maestro.model.base import Config
from maestro.model.pull_request import PullRequest
from maestro.policy.engine import PolicyEngine

ENTRYPOINT = "data.maestro.admission.answer"


class AdmissionAnswer(Config):
    """What the policy answers: its denials as sentences, in a fixed order."""

    denials: tuple[str, ...]


def admission(facts: Facts, pull_request: PullRequest, *, policy: PolicyEngine) -> OpaFacts:
    """The facts of kind ``opa``. Without a usable answer nothing is known of denials: not that there are none."""
    try:
        answer = policy.evaluate(ENTRYPOINT, document(facts, pull_request)).read(AdmissionAnswer)
    except PolicyDenied:
        return OpaFacts(digest=policy.digest)
    return OpaFacts(denies=len(answer.denials), messages=answer.denials, digest=policy.digest)


def document(facts: Facts, pull_request: PullRequest) -> dict[str, JsonValue]:
    """The policy's input: the pull request, and the established facts by kind and name; what is not known is absent."""
    known: dict[str, JsonValue] = {}
    for kind in QueryKind:
        if kind is QueryKind.OPA:
            continue
        found: dict[str, JsonValue] = {}
        for name, value in facts.known(kind).items():
            found[name.partition(".")[2]] = list(value) if isinstance(value, tuple) else value
        known[kind.value] = found
    asked = {"repo", "pr", "title", "author", "author_kind", "tenant", "labels", "base_ref", "head_sha"}
    return {"pull_request": pull_request.model_dump(mode="json", include=asked), "facts": known}
