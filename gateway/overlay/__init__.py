"""The Decision Card where reviewers look: a page, a frame, a user script and a bookmarklet.

All of them show ``templates/overlay.html``, one file that holds everything it needs and talks to this gateway alone.
"""

from gateway.overlay.routes import router

__all__ = ["router"]
