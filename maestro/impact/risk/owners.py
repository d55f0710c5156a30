"""Who owns a file by the repository's CODEOWNERS: the last rule that matches decides, as on the forges.

Rules are gitignore patterns without negation. What no forge reads as a rule (sections, comments, broken escapes) owns
nothing. Matching takes time linear in the pattern's segments for each of the path's, whatever somebody wrote.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import translate

PLACES = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub and GitLab look, the first that exists counts."""

SIZE_LIMIT_BYTES = 3_000_000
"""What GitHub reads; it ignores a larger file, and so do we."""

_WORDS = re.compile(r"(?:\\.|[^\s\\])+")
_ANY_DEPTH = "**"


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern by segments, and the owners that it names (none: the files are given to nobody)."""

    segments: tuple[re.Pattern[str] | None, ...]
    owners: tuple[str, ...]

    def matches(self, path: str) -> bool:
        return _match(self.segments, path.split("/"))


def read_rules(text: str) -> tuple[Rule, ...]:
    """The rules of a CODEOWNERS file, in its order."""
    return tuple(rule for line in text.splitlines() for rule in _rule(line))


def owners_of(path: str, rules: tuple[Rule, ...]) -> tuple[str, ...]:
    """The owners of a file, sorted; empty where no rule matches, or the last one names nobody."""
    return next((rule.owners for rule in reversed(rules) if rule.matches(path)), ())


def _rule(line: str) -> Iterator[Rule]:
    words = _WORDS.findall(line.strip())
    if not words or words[0].startswith(("#", "[", "^[", "!")):
        return
    owners = []
    for word in words[1:]:
        if word.startswith("#"):
            break
        owners.append(word)
    yield Rule(_segments(re.sub(r"\\(.)", r"\1", words[0])), tuple(sorted(owners)))


def _segments(pattern: str) -> tuple[re.Pattern[str] | None, ...]:
    """Each segment as a pattern, None for any number of them. A pattern without an inner slash matches at any depth;
    one that names a folder takes everything below it, and only ``dir/*`` stays at its own level.
    """
    anchored = "/" in pattern.rstrip("/")
    parts = [part for part in pattern.split("/") if part]
    if not anchored:
        parts.insert(0, _ANY_DEPTH)
    if pattern.endswith("/"):
        parts += ["*", _ANY_DEPTH]
    elif parts and (parts[-1] != "*" or not anchored):
        parts.append(_ANY_DEPTH)
    return tuple(None if part == _ANY_DEPTH else re.compile(translate(part.replace("[", "[[]"))) for part in parts)


def _match(segments: tuple[re.Pattern[str] | None, ...], names: list[str]) -> bool:
    """Whether the segments cover all names: the set of positions reached, segment by segment."""
    reached = {0}
    for segment in segments:
        if segment is None:
            reached = set(range(min(reached), len(names) + 1)) if reached else reached
        else:
            reached = {at + 1 for at in reached if at < len(names) and segment.match(names[at])}
    return len(names) in reached
