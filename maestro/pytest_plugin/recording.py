"""Starts the recorder in this process, before the project's files are imported."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import chdir, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

PLUGIN_FOLDER = Path(__file__).parents[1] / "execution" / "plugin"
"""Where the recorder lies, which a sandbox mounts as a folder of top-level modules; so it is imported as such here."""

FILE = "recording.jsonl"

EVENTS = "events.jsonl"


def start(root: Path, path: Path) -> Any:
    """A recorder of the files below ``root`` that will write to ``path``, or beside it in a worker of pytest-xdist.

    Raises RuntimeError where this interpreter lets nothing be recorded, OSError where ``root`` cannot be entered.
    """
    # The recorder takes the folder in which it is imported for the top of the repository.
    with _importable(PLUGIN_FOLDER), chdir(root):
        return import_module("maestro_recording_sorting").Recorder(str(path))


def hooks(recorder: Any) -> Any:
    """The plugin that tells ``recorder`` which test or fixture runs."""
    with _importable(PLUGIN_FOLDER):
        return import_module("maestro_recording").Hooks(recorder)


def reporter(path: Path) -> Any:
    """The plugin that writes to ``path`` how each test ended; pytest's controller alone needs it."""
    path.touch()
    with _importable(PLUGIN_FOLDER):
        module = import_module("maestro_pytest")
        return module.Reporter(module.Events(str(path)))


def names_of(node_ids: Iterable[str]) -> list[str]:
    """The ids of tests as recordings and events have them."""
    with _importable(PLUGIN_FOLDER):
        return list(map(import_module("maestro_pytest").printable, node_ids))


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
