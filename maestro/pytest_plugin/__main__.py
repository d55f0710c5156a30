"""The plugin's other process: ``python -m maestro.pytest_plugin decide REQUEST ANSWER`` or ``keep ROOT FOLDER ANSWER``.

Ends with 0, or with a last line on standard error that says what could not be done.
"""

import sys
from pathlib import Path

from maestro.errors import MaestroError
from maestro.pytest_plugin.deciding import Decision, Request, decide
from maestro.pytest_plugin.keeping import keep


def main(step: str, *paths: str) -> None:
    """Run one step on files."""
    if step == "decide":
        question, answer = map(Path, paths)
        decision = decide(Request.model_validate_json(question.read_bytes()))
        answer.write_text(decision.model_dump_json(), encoding="utf-8")
    else:
        root, folder, answer = map(Path, paths)
        keep(root, folder, Decision.model_validate_json(answer.read_bytes()))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except MaestroError as error:
        sys.exit(f"{error.field}: {error.message} ({error.fix})".replace("\n", " "))
