"""Webhooks: believed by their signature, handed over to Temporal, answered at once.

- Nothing here waits for git or for a forge; what is answered 202 is durable, or nothing follows from it.
- Whoever has no secret learns nothing, not even which forges there are.
"""

from gateway.webhooks.routes import router

__all__ = ["router"]
