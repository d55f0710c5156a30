"""What changed between a recording and the tree that a pull request starts from, as far as it leads to the change.

A recording knows no call that was written after it. So a test runs that executed code which has since begun to say a
name that the pull request changes, or that of newer code which does.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from maestro.impact.knowledge.edits import Edit, Touch, edits_of
from maestro.impact.knowledge.execution import Execution
from maestro.impact.knowledge.patch import Patch, Read
from maestro.impact.knowledge.recording import Recording
from maestro.impact.knowledge.users import telling_names
from maestro.impact.names import shown


@dataclass(frozen=True, eq=False)
class Since:
    """The tree that was recorded, as ``read`` has it, and the ``patch`` from it to the one before the pull request."""

    read: Read
    patch: Patch


def reached_since(edits: Iterable[Edit], since: Since, old: Read, recording: Recording) -> dict[str, str]:
    """The recorded tests that may by now reach one of ``edits`` though they did not then, each with the sentence why.

    ``old`` reads the tree before the pull request. Names are followed as far as newer code leads; what cannot be read
    counts as saying all of them.
    """
    names = telling_names(name for edit in edits for name in edit.binds)
    unread = {file: old(file.path) for file in since.patch.files if file.path.endswith(".py")}
    newer: list[Edit] = []
    reached: dict[str, str] = {}
    while names:
        for file in [file for file, text in unread.items() if text is None or any(name in text for name in names)]:
            del unread[file]
            newer += edits_of(Patch((file,)), since.read, old)
        leading = [edit for edit in newer if edit.touch is Touch.UNREADABLE or not names.isdisjoint(edit.names)]
        for edit in leading:
            for test in _executing(edit, recording):
                reached.setdefault(test, _sentence(edit, names))
        newer = [edit for edit in newer if not any(edit is each for each in leading)]
        names = telling_names(name for edit in leading for name in edit.binds)
    return reached


def _executing(edit: Edit, recording: Recording) -> Iterable[str]:
    execution = Execution(recording, edit.file)
    mask = execution.anything() if edit.touch is Touch.UNREADABLE else execution.any_of(edit.span)
    return (recording.tests[place] for place in mask.nonzero()[0].tolist())


def _sentence(edit: Edit, names: frozenset[str]) -> str:
    where = f"{edit.symbol} in {shown(edit.path)}" if edit.symbol else shown(edit.path)
    said = min(names & edit.names, default="")
    return f"it executed {where}, which has changed since the recording" + (f" and names {said} now" if said else "")
