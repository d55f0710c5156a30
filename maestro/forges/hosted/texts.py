"""Texts cut to what a forge takes: on whole characters, and so that the rest stays the Markdown that it was."""

import re
import unicodedata

LINK_LIMIT = 2_000
"""Characters; a longer one is left out, since it would take the room of what it leads to."""

_UNSENDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters, which forges refuse or show as nothing, and halves of characters, which no text can carry."""

_JOINER = "\u200d"
_FENCE = "```"


def sendable(text: str) -> str:
    """``text`` as it can be sent: a file's name and a test's output may hold what no text can."""
    return _UNSENDABLE.sub("\ufffd", text)


def cut_line(text: str, limit: int) -> str:
    """One line of at most ``limit`` characters, as GitHub and JavaScript count them."""
    line = " ".join(sendable(text).split())
    if _units(line) <= limit:
        return line
    kept = ""
    for character in line:
        if _units(kept + character) > limit - 1:
            break
        kept += character
    rest = line[len(kept) :]
    # What belongs to the character before it is not left alone, and that one not without it.
    while kept and (_belongs(rest[:1]) or kept[-1] == _JOINER):
        kept, rest = kept[:-1], kept[-1] + rest
    return f"{kept.rstrip()}…"


def cut_text(text: str, limit_bytes: int, *, link: str = "") -> str:
    """``text`` within that many bytes of UTF-8, cut at the end of a line, with a note that it was cut."""
    text = sendable(text)
    if len(text.encode()) <= limit_bytes:
        return text
    note = "\n\n… the rest is left out here" + (f": [the whole]({link})" if 0 < len(link) <= LINK_LIMIT else "")
    room = limit_bytes - len(note.encode()) - len(_FENCE) - 1
    kept = text.encode()[: max(room, 0)].decode(errors="ignore")
    kept = kept.rpartition("\n")[0] or kept
    is_open = sum(line.lstrip().startswith(_FENCE) for line in kept.splitlines()) % 2
    return f"{kept}\n{_FENCE}{note}" if is_open else f"{kept}{note}"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _belongs(character: str) -> bool:
    if not character:
        return False
    is_modifier = "\U0001f3fb" <= character <= "\U0001f3ff" or "\ufe00" <= character <= "\ufe0f"
    return character == _JOINER or is_modifier or unicodedata.combining(character) > 0
