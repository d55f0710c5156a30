"""Whether commits carry a good signature, by a file of allowed signers that whoever runs Maestro has installed.

Only SSH signatures: for OpenPGP the trust lies in somebody's key ring, which a worker does not have.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from maestro.assurance.gitread import environment, git

VARIABLE: Final = "MAESTRO_ALLOWED_SIGNERS"
"""Names a file in the form that ssh-keygen(1) describes under ALLOWED SIGNERS."""

_GOOD: Final = "G"


def allowed_signers() -> Path | None:
    """The installed file; None where none is named."""
    named = os.environ.get(VARIABLE, "")
    return Path(named).absolute() if named else None


def unverified(mirror: Path, span: str, *, signers: Path) -> int | None:
    """How many commits of ``span`` have no good signature of an allowed signer; None where nobody can tell."""
    if not signers.is_file() or shutil.which("ssh-keygen", path=environment()["PATH"]) is None:
        return None
    settings = (f"gpg.ssh.allowedSignersFile={signers}", "gpg.program=false", "gpg.x509.program=false")
    chosen = [part for setting in settings for part in ("-c", setting)]
    letters = git(mirror, *chosen, "log", "--format=%G?", span).decode().split()
    return sum(letter != _GOOD for letter in letters)
