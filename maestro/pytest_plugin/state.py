"""What stays in ``.maestro`` between sessions: a ledger and artifacts, laid out as a home of Maestro.

So ``MAESTRO_HOME=$PWD/.maestro maestro tests calibrate --repo NAME`` calibrates on what the plugin saw.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from maestro.artifacts import ArtifactStore
from maestro.execution.git import ask
from maestro.impact.calibration.registry import Registry
from maestro.impact.knowledge.recording import Recording
from maestro.impact.nearest import nearest_recording
from maestro.ledger import Ledger
from maestro.pytest_plugin import FOLDER
from maestro.pytest_plugin.worktree import WorkingTree
from maestro.signing.keys import open_keyring

TENANT: Final = "default"


def repo_of(root: Path) -> str:
    """The name under which the repository's builds are kept."""
    return root.name or "repository"


@contextmanager
def opened(root: Path) -> Iterator[Registry]:
    """The registry of a root folder. Raises PlatformUnavailable where it cannot be used."""
    home = root / FOLDER
    with Ledger.open(f"sqlite:///{home / 'ledger.sqlite'}") as ledger:
        yield Registry(ledger, ArtifactStore(home / "artifacts"), open_keyring(home / "keys"))


def recording_for(tree: WorkingTree, registry: Registry) -> tuple[Recording | None, str]:
    """The recording nearest to the base, or why there is none that can be used, as a clause that follows "because".

    It is kept under the base that it was compared with: the commit that stands for a working tree has no successor.
    """
    found = nearest_recording(
        registry.ledger, registry.artifacts, tree.repository, tree.base, repo=repo_of(tree.root), tenant=TENANT
    )
    if found.recording is None:
        return None, found.trouble or "what they execute is not recorded yet"
    if not ask(tree.repository, "cat-file", "-e", f"{found.recording.revision}^{{tree}}").ok:
        return None, "git has removed the tree that was recorded, which no branch held"
    return found.recording, ""
