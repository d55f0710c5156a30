"""Files that a command writes where it was told to: whole or not at all, whoever reads them meanwhile."""

import os
import tempfile
from pathlib import Path

from maestro.errors import BadInput

_MODE = 0o644


def write_whole(path: Path, content: bytes, *, field: str = "--out") -> None:
    """Write the file in one step, also over an older one. Raises BadInput where it cannot be written there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        partial = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.chmod(_MODE)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}", field=field, fix="name another place") from error
