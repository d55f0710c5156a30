"""Records what a real Gitea delivers, for ``make test``: ``python -m tests.forge.record``."""

import json
import sys
import tempfile
from pathlib import Path

from tests.forge.receiver import receiving
from tests.forge.scenario import play
from tests.forge.server import running
from tests.forges.gitea.examples import FILE, reduced

ROOT = "https://gitea.example"
"""In the place of the address that the Gitea of the recording had."""


def main() -> int:
    with running() as gitea, receiving() as receiver, tempfile.TemporaryDirectory() as folder:
        told = play(gitea, receiver, Path(folder), name="shop")
        lines = [
            json.dumps(
                {"step": each.step, "event": each.received.event, "payload": reduced(json.loads(each.received.body))}
            ).replace(gitea.url, ROOT)
            for each in told
        ]
    FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    sys.stdout.write(f"{len(lines)} deliveries in {FILE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
