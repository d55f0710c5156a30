"""What the types of problems mean, at the addresses that they have."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from gateway.web.problems import unknown

router = APIRouter(prefix="/problems", include_in_schema=False)

MEANINGS = {
    "stale-card": "The Decision Card has changed since it was looked at. The member `card` has the new one: look at "
    "it, and act again with its version and a new Idempotency-Key.",
    "refused": "The pull request does not take this action now. The detail says why; nothing was changed.",
    "not-configured": "The action belongs to a part of Maestro that is not configured here. The detail says which.",
}


@router.get("/{name}", response_class=PlainTextResponse)
async def explain(name: str) -> str:
    """A sentence or two."""
    if name not in MEANINGS:
        raise unknown()
    return f"{MEANINGS[name]}\n"
