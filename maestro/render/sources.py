"""Where a sentence of a narrative comes from: files of the bundle by relative path; on a card, artifacts by digest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from maestro.model.artifact import ArtifactRef
from maestro.render.untrusted import Shown, name

CARD_FILE: Final = "card.json"
FACTS_FILE: Final = "facts.json"
RECORDS_FILE: Final = "records.jsonl"

SOURCES_SHOWN: Final = 3
"""Artifacts named beside a sentence; a wide run has one per shard, and the card in the bundle names them all."""

LABEL_LIMIT: Final = 40
"""Characters of an artifact's name: it is somebody else's text."""

DIGEST_SHOWN: Final = 19
"""``sha256:`` and twelve digits: enough to find an artifact by."""


@dataclass(frozen=True)
class Source:
    """A file that shows what a sentence says. ``path`` is relative to the bundle, and empty outside of one; ``digest``
    is empty for a file of the bundle that is no stored artifact.
    """

    label: Shown
    path: str = ""
    digest: str = ""


class Sources:
    """Makes the sources of a narrative: links within a bundle where ``path_of`` says where its artifacts lie, else
    digests.
    """

    def __init__(self, path_of: Callable[[ArtifactRef], str] | None = None) -> None:
        self._path_of = path_of

    @property
    def bundled(self) -> bool:
        """Whether its sources are files of a bundle."""
        return self._path_of is not None

    def card(self) -> tuple[Source, ...]:
        """The Decision Card. Outside a bundle the card cannot name itself, so there is no source."""
        return self._file("card", CARD_FILE)

    def facts(self) -> tuple[Source, ...]:
        """The facts that the controls asked."""
        return self._file("facts", FACTS_FILE)

    def records(self) -> tuple[Source, ...]:
        """The ledger's decision records of this head."""
        return self._file("records", RECORDS_FILE)

    def artifacts(self, refs: Sequence[ArtifactRef]) -> tuple[Source, ...]:
        """The first few artifacts, and where the others are named."""
        unique = tuple({ref.digest: ref for ref in refs}.values())
        shown = tuple(self._artifact(ref) for ref in unique[:SOURCES_SHOWN])
        more = len(unique) - SOURCES_SHOWN
        if more <= 0:
            return shown
        return (*shown, Source(Shown(f"{more} more"), CARD_FILE if self._path_of else ""))

    def _artifact(self, ref: ArtifactRef) -> Source:
        label = name(ref.name.strip(), limit=LABEL_LIMIT) or name(ref.media_type.strip(), limit=LABEL_LIMIT)
        path = self._path_of(ref) if self._path_of else ""
        return Source(label or Shown("artifact"), path, ref.digest[:DIGEST_SHOWN])

    def _file(self, label: str, path: str) -> tuple[Source, ...]:
        return (Source(Shown(label), path),) if self._path_of else ()
