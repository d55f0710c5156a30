"""References to stored bytes; nothing large travels through Temporal."""

from pydantic import Field

from maestro.model.base import Model


class ArtifactRef(Model):
    """Where stored bytes are found and how to check them.

    ``digest`` is ``sha256:<hex>`` of the bytes; ``name`` is a label for people, never a path.
    """

    digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    media_type: str
    bytes: int = Field(ge=0)
    name: str = ""
