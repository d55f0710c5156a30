"""What can be asked next with what an answer says, as links of the OpenAPI description."""

from typing import Any

from fastapi.routing import APIRoute

CARD = "$response.body#"
FIRST = "$response.body#/items/0"
"""Where in an answer a pull request stands: the answer itself, or the first of a list."""

READS = ("show_card", "list_tests", "show_document")
ACTIONS = ("approve", "reject", "change_tests", "downshift", "retry", "incident", "cancel")


def name_of(route: APIRoute) -> str:
    """The operation's id in the description: the function's own name."""
    return route.name


def linked(place: str) -> dict[int | str, dict[str, Any]]:
    """The links of an answer that has a pull request at ``place``."""
    card = f"{place}/card/pull_request" if place == CARD else place
    parameters = {"repo": f"{card}/repo", "pr": f"{card}/pr", "head_sha": f"{card}/head_sha"}
    reads = {name: {"operationId": name, "parameters": parameters} for name in READS}
    if place == FIRST:
        return {200: {"links": reads}}
    body = {"pull_request": f"{place}/workflow_id", "card_version": f"{place}/card/version"}
    return {200: {"links": reads | {name: {"operationId": name, "requestBody": body} for name in ACTIONS}}}
