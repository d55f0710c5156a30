"""Reads JUnit XML: one file, or a folder with a build in each file or subfolder.

Reports come from tests, which nobody has to trust: links are not followed, entities and floods are refused.
"""

from collections import defaultdict
from pathlib import Path
from typing import Literal

from maestro.errors import BadInput
from maestro.execution.runners.reports import REPORT_LIMIT_BYTES, Case, Report, own_report, read_report
from maestro.impact.history.assembly import Assembly
from maestro.impact.history.builds import VERDICTS, History
from maestro.impact.history.moments import epoch_seconds
from maestro.impact.history.renames import follow_renames

BuildIs = Literal["auto", "file", "folder"]
"""What makes a build. ``auto``: each subfolder is one, each file beside them is one, and the files named as Surefire
and Gradle do (``TEST-….xml``) beside them are one together.
"""

_CODES = {verdict: code for code, verdict in enumerate(VERDICTS)}


def read_junit(path: Path, *, build_is: BuildIs = "auto") -> History:
    """The history in a file or folder. A build is as old as its earliest suite says, else as its oldest file.

    Raises BadInput where there is no report, or more than half of the files are none.
    """
    top = path.parent if path.is_file() else path
    found = [path] if path.is_file() else sorted(path.rglob("*.xml"))
    assembly = Assembly()
    builds: defaultdict[str, list[tuple[Path, Report]]] = defaultdict(list)
    for file in found:
        report = _report(file, top, assembly)
        if report is not None:
            builds[_build_of(file, top, build_is)].append((file, report))
    if not builds or 2 * assembly.left_out.count > len(found):
        why = "; ".join(map(str, assembly.left_out)) or "no XML file there"
        raise BadInput(f"no test reports: {why}", field=str(path), fix="name a JUnit XML file, or a folder of them")
    test_files: dict[str, str] = {}
    for build, reports in builds.items():
        test_files |= _take(build, reports, assembly)
    rows = sum(len(report.cases) for reports in builds.values() for _, report in reports)
    return follow_renames(assembly.history(rows=rows, test_files=test_files))


def test_id(case: Case, *, suite: str) -> str:
    """The id of a case as its runner lists it, as far as the report tells.

    pytest writes a module as a dotted name; where its file is named, or the suite is pytest's own, it is a path again.
    """
    modules, classes = _owner(case)
    if case.file and ".".join(modules) == case.file.removesuffix(".py").replace("/", "."):
        return "::".join((case.file, *classes, case.name))
    if not case.file and suite == "pytest" and modules:
        return "::".join((f"{'/'.join(modules)}.py", *classes, case.name))
    return "::".join(part for part in (case.file, case.classname, case.name) if part)


def _owner(case: Case) -> tuple[list[str], list[str]]:
    """The dotted owner in modules and classes: where the file ends, else where names begin with a capital letter."""
    parts = case.classname.split(".") if case.classname else []
    if case.file:
        end = len(case.file.removesuffix(".py").split("/"))
    else:
        end = next((place for place, part in enumerate(parts) if part[:1].isupper()), len(parts))
    return parts[:end], parts[end:]


def _report(file: Path, top: Path, assembly: Assembly) -> Report | None:
    """The report, or None when the file is left out."""
    name = file.relative_to(top).as_posix()
    if own_report(file, under=top) is None:
        assembly.left_out.add(f"file is a link, or larger than {REPORT_LIMIT_BYTES // 1_000_000} MB", name)
        return None
    try:
        report = read_report(file)
    except BadInput as error:
        assembly.left_out.add("file is no JUnit XML that can be read", f"{name}: {error.message}")
        return None
    if not report.suites:
        assembly.left_out.add("file has no test suite", name)
        return None
    if report.odd_durations:
        assembly.notes.add("duration is no number of seconds: not measured", name, count=report.odd_durations)
    return report


def _build_of(file: Path, top: Path, build_is: BuildIs) -> str:
    relative = file.relative_to(top)
    folder = top.name if len(relative.parts) == 1 else relative.parent.as_posix()
    if build_is == "file":
        return relative.with_suffix("").as_posix()
    if build_is == "folder":
        return folder
    if len(relative.parts) > 1:
        return relative.parts[0]
    return folder if file.name.startswith("TEST-") else file.stem


def _take(build: str, reports: list[tuple[Path, Report]], assembly: Assembly) -> dict[str, str]:
    """Put the reports of one build into the assembly; returns the files of its tests where they are named."""
    draft = assembly.draft(build, _time(build, reports, assembly))
    files: dict[str, str] = {}
    for _, report in reports:
        suite = report.suites[0][0]
        for case in report.cases:
            test = test_id(case, suite=suite)
            if case.file:
                files[test] = case.file
            if case.flaky:
                draft.add(assembly.number(test), _CODES["fail"], case.seconds)
            draft.add(assembly.number(test), _CODES[case.verdict.value], case.seconds)
    return files


def _time(build: str, reports: list[tuple[Path, Report]], assembly: Assembly) -> float:
    said = []
    for _, report in reports:
        for _, timestamp in report.suites:
            try:
                said.append(epoch_seconds(timestamp))
            except (ValueError, OverflowError):
                assembly.notes.add("suite has no timestamp, or one that is no time", f"build {build}: {timestamp}")
    if said:
        return min(said)
    assembly.notes.add("build has no time of its own: its oldest file's is taken", f"build {build}")
    return min(file.stat().st_mtime for file, _ in reports)
