"""Whether a pull request can be merged at all, asked before anything starts: what can be known then is refused then."""

from pathlib import Path

from maestro.errors import BadInput
from maestro.execution.git import ask
from maestro.execution.places import Places
from maestro.execution.resolve import is_address
from maestro.forges.fast_forward import obstacle, reference_of
from maestro.forges.pushing import tip
from maestro.model.pull_request import PullRequest

_HEADS = "refs/heads/"


def branch_of(repository: str, base: str, *, places: Places) -> str:
    """The name of the branch that ``base`` is. Raises ``BadInput`` where it is a commit, a tag or nothing."""
    branch = base.removeprefix(_HEADS)
    where = repository if is_address(repository) else str(Path(repository).expanduser().absolute())
    is_name = ask(places.mirrors, "check-ref-format", reference_of(branch)).ok
    if not is_name or not tip(places.mirrors, where, reference_of(branch)):
        raise BadInput(
            f"{base!r} is no branch of {repository}, so there is nothing to merge into",
            field="--base",
            fix="name the branch, for instance --base main; of a clone, give the address that it was cloned from",
        )
    return branch


def require_mergeable(pull_request: PullRequest, *, places: Places) -> None:
    """Raises ``BadInput`` where the base branch could not be moved to the head even if everything is green."""
    base_ref = pull_request.base_ref
    now = tip(places.mirrors, pull_request.repository, reference_of(base_ref))
    if now != pull_request.base_sha:
        raise BadInput(
            f"{base_ref} names {pull_request.base_sha[:12]}, and the branch of that name is at {now[:12]}",
            field="--base",
            fix=f"say --base {_HEADS}{base_ref}, or try again if it was moved just now",
        )
    reason = obstacle(pull_request)
    if reason is not None:
        raise BadInput(f"it cannot be merged: {reason}", field="--merge", fix="or leave out --merge")
