"""The artifact store: bytes under the SHA-256 of themselves, checked each time they are read."""

from maestro.artifacts.store import ArtifactStore

__all__ = ["ArtifactStore"]
