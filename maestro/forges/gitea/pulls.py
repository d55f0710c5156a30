"""How Gitea answers what a pull request is now."""

from maestro.forges.gitea import payloads
from maestro.forges.gitea.meanings import landed, seen
from maestro.forges.http import Answer
from maestro.forges.pulls import PullState


def pull_state(answer: Answer) -> PullState:
    """Raises PlatformUnavailable for no answer of Gitea's, pydantic's ValidationError for what no forge has."""
    pull = answer.read(payloads.Pull)
    return PullState(pull_request=seen(pull), is_open=pull.state == "open", merged_sha=landed(pull))
