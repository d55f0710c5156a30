"""The names of files as git writes them into a diff: prefixes, quotes with octal escapes, and names it cannot mean."""

import posixpath
import re

from maestro.errors import BadInput

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r'\\([0-7]{3}|[abtnvfr"\\])')
_SIMPLE_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}
_PREFIXES = re.compile(r"[aciow1]/"), re.compile(r"[bciow2]/")
_NOWHERE = "/dev/null"


def header_paths(rest: str) -> tuple[str, str]:
    """Both names of ``diff --git <rest>``, with their prefixes; empty where other lines must say them.

    Without quotes the line does not say where the first name ends, except that both are the same but for the prefix.
    """
    if match := _QUOTED.match(rest):
        return unquoted(match[0]), unquoted(rest[match.end() + 1 :])
    middle = len(rest) // 2
    old, new = rest[:middle], rest[middle + 1 :]
    same = old == new or (old[1:2] == "/" and old[2:] == new[2:])
    return (old, new) if same and rest[middle : middle + 1] == " " else ("", "")


def unquoted(name: str) -> str:
    """The name that git wrote, without quotes; bytes that are not UTF-8 become surrogates, as elsewhere in Maestro."""
    match = _QUOTED.fullmatch(name)
    if match is None:
        return name
    raw = bytearray()
    end = 0
    for escape in _ESCAPE.finditer(match[1]):
        raw += match[1][end : escape.start()].encode(errors="surrogateescape")
        code = escape[1]
        raw.append(_SIMPLE_ESCAPES[code] if code in _SIMPLE_ESCAPES else int(code, 8) & 0xFF)
        end = escape.end()
    raw += match[1][end:].encode(errors="surrogateescape")
    return raw.decode(errors="surrogateescape")


def repository_paths(old: str, new: str) -> tuple[str, str]:
    """The names without the prefixes of a diff; empty for ``/dev/null``.

    Prefixes are dropped only where every name has one: ``a/x.py`` may be a real folder when a diff was made without.
    """
    pairs = list(zip(_PREFIXES, (old, new), strict=True))
    if all(name == _NOWHERE or prefix.match(name) for prefix, name in pairs):
        old, new = (name if name == _NOWHERE else name[2:] for name in (old, new))
    return checked("" if old == _NOWHERE else old), checked("" if new == _NOWHERE else new)


def checked(path: str) -> str:
    """The same path; ``BadInput`` where it leads out of the repository, or into git's own folder."""
    parts = path.split("/")
    if path and (posixpath.normpath(path) != path or path.startswith("/") or {"..", ".git"} & set(parts)):
        raise BadInput(
            f"{path!r} is no path inside a repository", field="patch", fix="name files relative to the repository's top"
        )
    return path
