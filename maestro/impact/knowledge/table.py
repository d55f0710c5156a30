"""Fills the columns of evidence from each kind of knowledge; a column that nobody fills stays 0."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from maestro.impact.graph.imports import ImportGraph
from maestro.impact.knowledge.edits import Edit
from maestro.impact.knowledge.execution import rows_of
from maestro.impact.knowledge.features import COLUMN, FEATURES
from maestro.impact.knowledge.importing import module_rarity
from maestro.impact.knowledge.lexical import Lexical
from maestro.impact.knowledge.listing import Listing
from maestro.impact.knowledge.nearness import nearness_of
from maestro.impact.knowledge.recording import SPAWNED, Recording
from maestro.impact.knowledge.traces import Traces

Floats = NDArray[np.float32]

DIRECT_NEARNESS = 0.5
"""What ``import_nearness`` is at one import."""


class Table:
    """``values`` has a row for each test of the listing and a column for each feature.

    ``causes`` points to the edit that tells most about a test, -1 for none; ``executed`` counts the changed statements
    that a test executed.
    """

    def __init__(self, listing: Listing) -> None:
        count = len(listing.tests)
        self._listing = listing
        self.values: Floats = np.zeros((count, len(FEATURES)), dtype=np.float32)
        self.causes: NDArray[np.int32] = np.full(count, -1, dtype=np.int32)
        self.executed: Floats = np.zeros(count, dtype=np.float32)

    def put(self, name: str, column: NDArray[np.generic] | float) -> None:
        """Fill one column."""
        self.values[:, COLUMN[name]] = column

    def put_traces(self, traces: Traces, recording: Recording) -> None:
        """What the recorded tests executed; zeros for a test that is not recorded."""
        rows = rows_of(recording, self._listing.tests)

        def spread(values: NDArray[np.generic]) -> Floats:
            return np.append(values.astype(np.float32), np.float32(0))[rows]

        self.executed = spread(traces.executed)
        self.put("line_executed", self.executed > 0)
        self.put("line_share", self.executed / max(traces.statements, 1))
        self.put("line_rarity", spread(traces.line_rarity))
        self.put("symbol_entered", spread(traces.entered) > 0)
        self.put("symbol_share", spread(traces.entered) / max(traces.symbols, 1))
        self.put("symbol_rarity", spread(traces.symbol_rarity))
        self.put("file_executed", spread(traces.in_file))
        self.put("file_rarity", spread(traces.file_rarity))
        self.put("use_executed", spread(traces.used))
        self.put("use_rarity", spread(traces.use_rarity))
        self.put("contract", spread(traces.contract))
        self.put("import_time", spread(traces.imported))
        self.put("data_opened", spread(traces.opened))
        self.put("doubt", spread(traces.doubt))
        self.put("breadth", np.log1p(spread(recording.line_counts)))
        self.put("unrecorded", rows < 0)
        self.put("spawned", spread(recording.flags & SPAWNED) > 0)
        self.causes = np.append(traces.cause, np.int32(-1))[rows]

    def put_lexical(self, lexical: Lexical) -> None:
        """What the sources of the tests say."""
        spread = self._listing.spread
        self.put("names_symbol", spread(lexical.named) > 0)
        self.put("names_count", np.log1p(spread(lexical.named)))
        self.put("name_rarity", spread(lexical.rarest_name))
        self.put("helper_rarity", spread(lexical.helpers))
        self.put("word_share", spread(lexical.words))
        self.put("id_word_share", lexical.id_words)
        named = np.append(lexical.first_name, np.int32(-1))[self._listing.source_of]
        self.causes = np.where(self.causes >= 0, self.causes, named).astype(np.int32)

    def put_nearness(self, edits: Sequence[Edit], graph: ImportGraph | None) -> None:
        """How near each test and its file are to the changed files."""
        changed = sorted({path for edit in edits for path in (edit.file, edit.path)})
        modules = self._listing.spread(module_rarity(changed, self._listing))
        self.put("uses_module", modules > 0)
        self.put("module_rarity", modules)
        nearness = nearness_of(self._listing.files, changed, graph)
        files = self._listing.file_of
        self.put("path_similarity", nearness.similarity[files])
        self.put("same_folder", nearness.folder[files])
        self.put("import_nearness", nearness.imports[files])
        self.put("imports_directly", nearness.imports[files] >= DIRECT_NEARNESS)

    def put_seconds(self, seconds: Mapping[str, float]) -> Floats:
        """The usual seconds of each test, in the order of the listing."""
        usual = np.fromiter((seconds[test] for test in self._listing.tests), np.float32, len(self._listing.tests))
        self.put("log_seconds", np.log(np.maximum(usual, 1e-4)))
        return usual
