"""Where Maestro keeps its state on this machine. Only names places: whoever uses one creates it.

``MAESTRO_HOME`` moves everything, ``MAESTRO_LEDGER_URL`` the ledger alone.
"""

import os
from pathlib import Path

from maestro.errors import BadInput


def home() -> Path:
    """The state folder: ``MAESTRO_HOME``, else ``maestro`` under ``XDG_STATE_HOME`` or ``~/.local/state``."""
    chosen = os.environ.get("MAESTRO_HOME", "")
    if chosen:
        path = Path(chosen).expanduser()
        if not path.is_absolute():
            raise BadInput(
                f"{chosen!r} depends on the current folder, and two commands would keep two states",
                field="MAESTRO_HOME",
                fix="give an absolute path",
            )
        return path
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    # The XDG specification: a relative path there is invalid and is to be ignored.
    base = state if state.is_absolute() else Path.home() / ".local" / "state"
    return base / "maestro"


def ledger_url() -> str:
    """The ledger's database as an SQLAlchemy URL: ``MAESTRO_LEDGER_URL``, else a SQLite file under the home."""
    return os.environ.get("MAESTRO_LEDGER_URL", "") or f"sqlite:///{home() / 'ledger.sqlite'}"


def artifacts_dir() -> Path:
    """The content-addressed artifact store."""
    return home() / "artifacts"


def keys_dir() -> Path:
    """The keys that this installation signs with, and those that it trusts."""
    return home() / "keys"


def advisories_dir() -> Path:
    """The offline snapshot of advisories about packages."""
    return home() / "advisories"


def temporal_database() -> Path:
    """The database file of the embedded Temporal server."""
    return home() / "temporal.sqlite"


def stack_file() -> Path:
    """What the local stack says about itself while it is up: processes, ports, topology."""
    return home() / "stack.json"
