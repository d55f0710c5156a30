"""The pages: pull requests, regions and figures, made on the server. They work without any script.

Every text is escaped, and what is no visible character is shown as its escape. A caller sees what they may read.
"""

from gateway.pages.router import router

__all__ = ["router"]
