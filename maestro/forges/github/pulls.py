"""How GitHub answers what a pull request is now."""

from maestro.forges.github import payloads
from maestro.forges.github.meanings import seen
from maestro.forges.http import Answer
from maestro.forges.pulls import PullState


class _Base(payloads.Side):
    repo: payloads.Repository


class _Pull(payloads.Pull):
    base: _Base


def pull_state(answer: Answer) -> PullState:
    """Raises PlatformUnavailable for no answer of GitHub's, pydantic's ValidationError for what no forge has."""
    pull = answer.read(_Pull)
    landed = pull.merge_commit_sha if pull.merged else None
    return PullState(pull_request=seen(pull, pull.base.repo), is_open=pull.state == "open", merged_sha=landed or "")
