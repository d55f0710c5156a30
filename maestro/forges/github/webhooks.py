"""GitHub's webhooks: believed by their signature, then read as what they mean for Maestro."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from maestro.forges.events import Event, Ignored, Meaning
from maestro.forges.github import payloads
from maestro.forges.github.meanings import (
    of_group,
    of_installation,
    of_pull_request,
    of_push,
    of_review,
    of_run,
    of_suite,
    person,
)
from maestro.forges.hosted.deliveries import Wire, opened, unreadable
from maestro.forges.http import Secret

_WIRE: Final = Wire(
    forge="GitHub",
    event_header="x-github-event",
    delivery_header="x-github-delivery",
    page="docs/forges/github.md",
)

_CHECKS = "the checks of a head are asked for when they are needed"
_TALK = "what people write is no action: actions are reviews and buttons"
_REPOSITORY = "what a repository is, is asked for when it is needed"
_PEOPLE = "who may act is settled by Maestro's own roles"

_REASONS: Final[Mapping[str, str]] = {
    "ping": "a greeting: the address and the secret are right",
    "status": _CHECKS,
    "workflow_job": _CHECKS,
    "workflow_run": _CHECKS,
    "deployment": "deployments follow a merge, and Maestro ends with it",
    "deployment_review": "deployments follow a merge, and Maestro ends with it",
    "deployment_status": "deployments follow a merge, and Maestro ends with it",
    "issue_comment": _TALK,
    "commit_comment": _TALK,
    "discussion": _TALK,
    "discussion_comment": _TALK,
    "pull_request_review_comment": _TALK,
    "pull_request_review_thread": _TALK,
    "create": "the push that made the branch says the same, and more",
    "delete": "the push that deleted the branch says the same, and more",
    "branch_protection_rule": "what a branch requires is asked for when it is needed",
    "installation_repositories": "where the App may work is asked for when it is needed",
    "github_app_authorization": _PEOPLE,
    "member": _PEOPLE,
    "membership": _PEOPLE,
    "organization": _PEOPLE,
    "org_block": _PEOPLE,
    "team": _PEOPLE,
    "team_add": _PEOPLE,
    "repository": _REPOSITORY,
    "public": _REPOSITORY,
    "meta": "that a webhook is gone shows where it is set up",
    "code_scanning_alert": "evidence about a head comes with the head, not with the repository",
    "dependabot_alert": "advisories come with the advisory database that is configured",
    "repository_vulnerability_alert": "advisories come with the advisory database that is configured",
    "security_advisory": "advisories come with the advisory database that is configured",
}

_OTHERWISE = "it is about no pull request, base branch or status of Maestro's"


def read_webhook(
    headers: Mapping[str, str], body: bytes, secret: Secret | tuple[Secret, ...], *, app_id: int = 0
) -> Event:
    """The event of a delivery. Of several secrets one has to fit, so that one can take another's place.

    ``app_id`` (0: any) is the App whose check runs are ours. Raises TooLargeError, NotSignedError, and BadInput for a
    delivery of GitHub's that cannot be read; in this order, so that nothing is read that was not signed.
    """
    delivery = opened(headers, body, secret, wire=_WIRE)
    envelope = _envelope(delivery.document)
    return Event(
        forge="github",
        delivery=delivery.id,
        digest=delivery.digest,
        name=delivery.name,
        action=envelope.action[:64],
        sender=person(envelope.sender) if envelope.sender else None,
        installation=envelope.installation.id if envelope.installation else 0,
        meaning=_meaning(delivery.name, delivery.document, app_id=app_id),
    )


def _meaning(name: str, document: Any, *, app_id: int) -> Meaning:
    reader = _READERS.get(name)
    if reader is None:
        return Ignored(reason=_REASONS.get(name, _OTHERWISE))
    try:
        return reader(document, app_id)
    except ValidationError as error:
        # Also of our own models, for a name or a commit that no forge has.
        raise unreadable(error, wire=_WIRE) from error


_READERS: Final[Mapping[str, Callable[[Any, int], Meaning]]] = {
    "pull_request": lambda document, _: of_pull_request(payloads.PullEvent.model_validate(document)),
    "pull_request_review": lambda document, _: of_review(payloads.ReviewEvent.model_validate(document)),
    "check_suite": lambda document, app_id: of_suite(payloads.SuiteEvent.model_validate(document), app_id=app_id),
    "check_run": lambda document, app_id: of_run(payloads.RunEvent.model_validate(document), app_id=app_id),
    "merge_group": lambda document, _: of_group(payloads.GroupEvent.model_validate(document)),
    "push": lambda document, _: of_push(payloads.PushEvent.model_validate(document)),
    "installation": lambda document, _: of_installation(payloads.InstallationEvent.model_validate(document)),
}


def _envelope(document: Any) -> payloads.Envelope:
    try:
        return payloads.Envelope.model_validate(document)
    except ValidationError:
        # Of an event that nothing follows from it need not be as we know it; the others are read once more, in whole.
        return payloads.Envelope()
