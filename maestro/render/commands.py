"""The exact command lines that the card offers to a reviewer."""

import shlex

from maestro.model.decision import ActionKind, DecisionCard


def act(card: DecisionCard, kind: ActionKind) -> str:
    """The line that takes an action on this version of the card; an action that needs a reason asks for it."""
    words = ["maestro", "pr", "act", kind.value, card.pull_request.workflow_id, "--card-version", str(card.version)]
    return f'{shlex.join(words)} --reason "…"'
