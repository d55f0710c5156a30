"""The names by which a pull request's workflow is reached.

By name, because importing the workflow imports every activity, which takes seconds; a test holds the names against it.
"""

from temporalio.common import SearchAttributeKey

WORKFLOW = "PullRequestWorkflow"
CARD_QUERY = "card"

REPO = SearchAttributeKey.for_keyword("MaestroRepo")
PULL_REQUEST = SearchAttributeKey.for_keyword("MaestroPullRequest")
TENANT = SearchAttributeKey.for_keyword("MaestroTenant")
AUTHOR = SearchAttributeKey.for_keyword("MaestroAuthor")
PHASE = SearchAttributeKey.for_keyword("MaestroPhase")
DECISION = SearchAttributeKey.for_keyword("MaestroDecision")
REGION = SearchAttributeKey.for_keyword("MaestroRegion")
