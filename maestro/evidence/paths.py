"""Which paths a bundle's files may have: those that mean the same file on every system and never leave the folder."""

import re
import unicodedata

PATH_LIMIT_BYTES = 100
"""What the oldest form of tar can hold, so that every tar reads our archives."""

_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")
_NOT_IN_NAMES = frozenset('\\:*?"<>|')
_NOT_VISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def why_not(path: str) -> str:
    """Why a bundle cannot have a file at this relative path with forward slashes; empty where it can."""
    if not path or len(path.encode("utf-8", "surrogatepass")) > PATH_LIMIT_BYTES:
        return f"a path has 1 to {PATH_LIMIT_BYTES} bytes"
    if not _PLAIN.fullmatch(path) and (reason := _unlike(path)):
        return reason
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            return "it leads out of the bundle's folder, or names a folder"
        if part != part.strip() or part.endswith("."):
            return "a part of it begins or ends with a space, or ends with a dot"
    return ""


def sameness(path: str) -> str:
    """Equal for two paths that some file system would take for the same file."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())


def _unlike(path: str) -> str:
    """Why its characters could be written in another way; empty where they could not."""
    if any(character in _NOT_IN_NAMES or unicodedata.category(character) in _NOT_VISIBLE for character in path):
        return "it has a character that not every system can have in a name"
    if not unicodedata.is_normalized("NFC", path):
        return "its characters are not in their composed form (Unicode NFC)"
    return ""
