"""How files and modules are named in sentences: safe to print and to store as JSON, and never two alike."""

from collections.abc import Sequence

NAMED_FILES = 3
"""Files named in one sentence; the complete list is in the plan."""

_RAW_BYTES = range(0xDC80, 0xDD00)
"""Where ``surrogateescape`` puts the bytes of a name that is not UTF-8."""


def shown(path: str) -> str:
    """The path as people read it; quoted and escaped if it holds control characters or bytes that are not UTF-8."""
    if path.isprintable() and "\\" not in path and '"' not in path:
        return path
    return f'"{"".join(_escaped(character) for character in path)}"'


def _escaped(character: str) -> str:
    if character in '\\"':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code - 0xDC00:02x}" if code in _RAW_BYTES else f"\\u{code:04x}"


def listed(paths: Sequence[str], *, joint: str = "and") -> str:
    """The paths in words: ``a.py``, ``a.py and b.py``, ``a.py, b.py, c.py and 4 more``."""
    names = [shown(path) for path in paths[:NAMED_FILES]]
    if len(paths) > NAMED_FILES:
        return f"{', '.join(names)} {joint} {len(paths) - NAMED_FILES} more"
    return f" {joint} ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def module_name(path: str) -> str:
    """What an ``import`` statement most likely calls the file: ``src/shop/price.py`` is ``shop.price``."""
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    return ".".join(parts[1:] if parts[0] in {"lib", "python", "src"} and len(parts) > 1 else parts)
