"""The release for people, as Markdown: the verdict first, then every gap, every change and every control.

Titles, names and subjects are anybody's text; they are shown as text, whatever markup they hold.
"""

import re
from collections.abc import Iterable, Iterator

from maestro.evidence.release import Release, not_checked
from maestro.render.untrusted import line, name

# Entities would be markup as well, so "&" is among what is escaped.
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>&~$@:])")


def verdict(release: Release) -> str:
    """One sentence: what is covered, and what is missing."""
    since = f"since {release.previous.name}" if release.previous else "since the first commit"
    told = f"{release.tag.name}: {len(release.changes)} of {release.population} changes {since} have their evidence"
    missing = [
        f"{len(gaps)} {what}"
        for gaps, what in (
            (release.gaps, "without"),
            (release.elsewhere, "that landed and are gone"),
            (release.source.problems, "problems of the ledger"),
        )
        if gaps
    ]
    return f"{told}; {', '.join(missing)}" if missing else f"{told}; none is missing"


def markdown(release: Release) -> str:
    """The whole summary. The same release always gives the same text."""
    return "\n".join(_lines(release)) + "\n"


def _lines(release: Release) -> Iterator[str]:
    yield f"# Evidence of release {_text(release.tag.name)}"
    yield ""
    yield f"**{'Complete' if release.complete else 'Not complete'}.** {_text(verdict(release))}."
    yield ""
    yield f"- Repository: {_text(release.repo)}"
    yield f"- Tag: {_text(release.tag.name)}, commit `{release.tag.commit}`"
    previous = release.previous
    before = f"{_text(previous.name)}, commit `{previous.commit}`" if previous else "none"
    yield f"- Tag before: {before} ({_text(release.chosen)})"
    if release.branch:
        yield f"- Branch: {_text(release.branch.name)}, at `{release.branch.commit}`"
    yield f"- Range: {release.commits} commits, {release.first_parents} of them first parents"
    yield f"- Bundles: {_text(release.source.query)}; {release.source.found} found"
    if release.source.ledger_head:
        yield f"- Ledger: head `{release.source.ledger_head}`, checkpoint `{release.source.checkpoint or 'none'}`"
    yield f"- Made at {release.at.isoformat()} by Maestro {_text(release.maestro_version)}"
    yield from _section("Missing", _missing(release))
    yield from _section("Changes", _changes(release))
    yield from _section("Controls", _controls(release))
    yield from _section("Asked of git", (f"- `{asked}`" for asked in release.git_query))
    yield from _section("Not checked", (f"- {_text(sentence)}" for sentence in not_checked(release)))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    told = list(lines)
    yield from told or ["None."]


def _missing(release: Release) -> Iterator[str]:
    if release.gaps:
        yield from _head("Commit", "Author", "Date", "Subject", "Why")
    for gap in release.gaps:
        brings = f" It brings {gap.brings} more commits." if gap.brings else ""
        yield _row(gap.commit, gap.author, gap.at, gap.subject, f"{gap.reason}.{brings}")
    if release.gaps and (release.elsewhere or release.source.problems):
        yield ""
    yield from (f"- {_text(sentence)}" for sentence in (*release.elsewhere, *release.source.problems))


def _changes(release: Release) -> Iterator[str]:
    if release.changes:
        yield from _head("Pull request", "Title", "Decided by", "Commits", "Index of the bundle")
    for one in release.changes:
        commits = ", ".join(each.commit[:12] for each in one.commits)
        yield _row(one.pr, one.title, one.decided_by, commits, one.index)


def _controls(release: Release) -> Iterator[str]:
    if release.controls:
        yield from _head(
            "Control", "Tier", "Passed", "Failed", "Not evaluated", "Not applicable", "Not asked", "No bundle"
        )
    for one in release.controls:
        numbers = (one.passed, one.failed, one.not_evaluated, one.not_applicable, one.not_asked, one.no_bundle)
        yield _row(f"{one.control} {one.title}", str(one.tier), *map(str, numbers))


def _head(*titles: str) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(_text(cell) for cell in cells)} |"


def _text(text: str) -> str:
    """On one line, nothing invisible, and no markup."""
    return _MARKUP.sub(r"\\\1", line(name(text, limit=400)))
