"""Rotates keys and dies at the nth step on disk, in a child process; prints what the next process then finds.

python -m tests.signing.crashing FOLDER
"""

import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from maestro.signing.keys import open_evidence_keyring
from maestro.signing.roots import TrustRoots
from maestro.signing.rotation import rotate_key
from maestro.signing.trusted import Purpose

DIED = 9


def dying(work: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    """``work``, in whose place the process dies once the steps are used up."""

    def step(*arguments: Any, **named: Any) -> Any:
        if left[0] == 0:
            os._exit(DIED)
        left[0] -= 1
        return work(*arguments, **named)

    return step


def rotate_and_die(folder: Path, after_steps: int) -> bool:
    """Whether it died before the rotation was done."""
    child = os.fork()
    if child == 0:
        left = [after_steps]
        os.fsync = dying(os.fsync, left)
        Path.replace = dying(Path.replace, left)  # type: ignore[method-assign]
        Path.unlink = dying(Path.unlink, left)  # type: ignore[method-assign]
        rotate_key(folder, purpose=Purpose.EVIDENCE, algorithm=None, now=datetime.now(UTC))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == DIED


def main() -> None:
    first = Path(sys.argv[1])
    before = open_evidence_keyring(first).key_id
    found = []
    died, steps = True, 0
    while died:
        folder = first.with_name(f"after-{steps}")
        shutil.copytree(first, folder)
        died = rotate_and_die(folder, steps)
        active = open_evidence_keyring(folder).key_id
        old = TrustRoots.of_folder(folder).by_id[before]
        found.append(
            {
                "died": died,
                "rotated": active != before,
                "ended": old.not_after is not None,
                "left": sorted(path.name for path in folder.iterdir() if path.name.endswith(".next.pem")),
            }
        )
        rotate_key(folder, purpose=Purpose.EVIDENCE, algorithm=None, now=datetime.now(UTC))
        found[-1]["files"] = sorted(path.name for path in folder.iterdir())
        steps += 1
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
