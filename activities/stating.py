"""The status of a head, put together from the card and from what this machine knows of the head."""

from maestro.config.gateway import GatewayConfig
from maestro.execution.git import ask
from maestro.execution.mirror import missing, path_of
from maestro.execution.places import Places
from maestro.forges import Status
from maestro.model.conduct import StatusRequest
from maestro.model.pull_request import PullRequest
from maestro.render.status import failing_paths, status_of


def status_asked(request: StatusRequest, *, gateway: GatewayConfig, places: Places) -> Status:
    """The status that says what the card says, with a link to the card's page."""
    pull_request = request.card.pull_request
    return status_of(
        request,
        link=gateway.card_page(pull_request),
        paths=_files(pull_request, failing_paths(request.card), places=places),
    )


def _files(pull_request: PullRequest, paths: tuple[str, ...], *, places: Places) -> frozenset[str]:
    """Those of ``paths`` that the head has. Where this machine has no mirror of it, none: a status carries no code, so
    any region writes it, and code is not fetched into one for it.
    """
    mirror = path_of(pull_request.repository, pull_request.repo, places=places)
    if not paths or not (mirror / "HEAD").is_file() or missing(mirror, (pull_request.head_sha,)):
        return frozenset()
    listed = ask(mirror, "ls-tree", "--full-tree", "--name-only", "-z", pull_request.head_sha, *paths)
    return frozenset(listed.output.split("\0")).intersection(paths) if listed.ok else frozenset()
