"""What nobody can judge about a patch, each as a sentence that names the file: then everything runs."""

from collections.abc import Collection, Iterator, Sequence

from maestro.impact.graph.imports import ImportGraph
from maestro.impact.graph.judging import is_documentation, is_environment, why_not_judged
from maestro.impact.knowledge.edits import Edit, Touch
from maestro.impact.knowledge.execution import openers
from maestro.impact.knowledge.patch import FilePatch, Patch
from maestro.impact.knowledge.recording import Recording
from maestro.impact.names import shown


def unjudged(
    patch: Patch,
    edits: Sequence[Edit],
    *,
    test_files: Collection[str],
    recording: Recording | None,
    graph: ImportGraph | None,
) -> tuple[str, ...]:
    """Why everything must run; empty where all files can be judged.

    What the import graph cannot judge of a Python file's content, the lines of a recording can: they were executed,
    whoever loaded them. The same for a data file that recorded tests opened.
    """
    found = [f"{shown(edit.path)} {edit.detail}" for edit in edits if edit.touch is Touch.UNREADABLE]
    found += _by_graph(patch, test_files, recording, graph or _blank(patch, recording))
    return tuple(dict.fromkeys(found))


def _by_graph(
    patch: Patch, test_files: Collection[str], recording: Recording | None, graph: ImportGraph
) -> Iterator[str]:
    added = frozenset(file.new_path for file in patch.files if not file.old_path)
    executed = frozenset(recording.files) if recording is not None else frozenset()
    for file in patch.files:
        change = file.change()
        if recording is not None and file.path in recording.opened_at_import:
            yield f"{shown(file.path)} is read while modules are imported or tests collected"
        elif not is_documentation(change, graph) and not (recording and _known_data(file, recording)):
            yield from filter(None, [why_not_judged(change, graph, added=added, test_files={*test_files, *executed})])


def _known_data(file: FilePatch, recording: Recording) -> bool:
    """A plain file that is no Python, and of which the recording says which tests open it."""
    change = file.change()
    paths = {path for path in (file.old_path, file.new_path) if path}
    if change.symlink or change.submodule or any(path.endswith(".py") or is_environment(path) for path in paths):
        return False
    return any(openers(recording, path).size for path in paths)


def _blank(patch: Patch, recording: Recording | None) -> ImportGraph:
    """A graph that knows the files and nothing else: enough to judge by kind and place."""
    files = {file.new_path for file in patch.files if file.new_path} | set(recording.files if recording else ())
    return ImportGraph(
        files=frozenset(files),
        code_folders=frozenset(file.rpartition("/")[0] for file in files if file.endswith(".py")),
        gone=frozenset(path for file in patch.files for path in (file.change().gone,) if path),
        importers={},
        loaders={},
        quoting={},
        session=(),
        hooks=frozenset(),
        problems={},
        computed={},
        scripts=frozenset(),
    )
