"""Gitea's webhooks: believed by their signature, then read as what they mean for Maestro."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from maestro.forges.events import Event, Ignored, Meaning
from maestro.forges.gitea import payloads
from maestro.forges.gitea.meanings import of_delete, of_pull_request, of_push, of_review, person
from maestro.forges.hosted.deliveries import Wire, opened, unreadable
from maestro.forges.http import Secret

_WIRE: Final = Wire(
    forge="Gitea",
    event_header="x-gitea-event",
    delivery_header="x-gitea-delivery",
    page="docs/forges/gitea.md",
)

_CHECKS = "the statuses of a head are asked for when they are needed"
_TALK = "what people write is no action: actions are reviews and the buttons of the card"
_REPOSITORY = "what a repository is, is asked for when it is needed"

_REASONS: Final[Mapping[str, str]] = {
    "status": _CHECKS,
    "workflow_job": _CHECKS,
    "workflow_run": _CHECKS,
    "issue_comment": _TALK,
    "pull_request_comment": "a review that only comments approves and refuses nothing",
    "create": "the push that made the branch says the same, and more",
    "fork": _REPOSITORY,
    "repository": _REPOSITORY,
}

_OTHERWISE = "it is about no pull request, base branch or status of Maestro's"


def read_webhook(headers: Mapping[str, str], body: bytes, secret: Secret | tuple[Secret, ...]) -> Event:
    """The event of a delivery. Of several secrets one has to fit, so that one can take another's place.

    Raises TooLargeError, NotSignedError, and BadInput for a delivery of Gitea's that cannot be read; in this order, so
    that nothing is read that was not signed.
    """
    delivery = opened(headers, body, secret, wire=_WIRE)
    envelope = _envelope(delivery.document)
    return Event(
        forge="gitea",
        delivery=delivery.id,
        digest=delivery.digest,
        name=delivery.name,
        action=envelope.action[:64],
        sender=person(envelope.sender) if envelope.sender else None,
        meaning=_meaning(delivery.name, delivery.document),
    )


def _meaning(name: str, document: Any) -> Meaning:
    reader = _READERS.get(name)
    if reader is None:
        return Ignored(reason=_REASONS.get(name, _OTHERWISE))
    try:
        return reader(document)
    except ValidationError as error:
        # Also of our own models, for a name or a commit that no forge has.
        raise unreadable(error, wire=_WIRE) from error


_READERS: Final[Mapping[str, Callable[[Any], Meaning]]] = {
    "pull_request": lambda document: of_pull_request(payloads.PullEvent.model_validate(document)),
    "pull_request_approved": lambda document: of_review(payloads.ReviewEvent.model_validate(document)),
    "pull_request_rejected": lambda document: of_review(payloads.ReviewEvent.model_validate(document)),
    "delete": lambda document: of_delete(payloads.DeleteEvent.model_validate(document)),
    "push": lambda document: of_push(payloads.PushEvent.model_validate(document)),
}


def _envelope(document: Any) -> payloads.Envelope:
    try:
        return payloads.Envelope.model_validate(document)
    except ValidationError:
        # Of an event that nothing follows from it need not be as we know it; the others are read once more, in whole.
        return payloads.Envelope()
