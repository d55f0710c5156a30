"""Escapes text for Markdown (CommonMark and GitHub's dialect), so that it is never markup, link or mention."""

import re
from typing import Final

_MARKUP: Final = re.compile(r"([\\`*_\[\]<>&|~$#])")
_LINE_START: Final = re.compile(r"^(\s*)([-+=]|[0-9]+(?=[.)](?:\s|$)))")
_EMOJI: Final = re.compile(r":(?=[\w+-]+:)")
_REFERENCE: Final = re.compile(r"[@#](?=\w)")
_LINK: Final = re.compile(r"(?i)\bwww(?=\.)|:(?=//)")
_BREAK: Final = "\u2060"
"""A word joiner: invisible, and forges find neither a mention, an issue nor an address across it."""


class Markdown(str):
    """Text that is Markdown already; the template environment escapes everything else."""

    __slots__ = ()


def prose(text: str) -> Markdown:
    """``text`` to be read as it is, in a paragraph, a list or a table cell. One line only."""
    flat = " ".join(text.splitlines())
    joined = _LINK.sub(_break, _REFERENCE.sub(_break, flat))
    escaped = _EMOJI.sub(r"\\:", _MARKUP.sub(r"\\\1", joined))
    return Markdown(_LINE_START.sub(_not_a_block, escaped))


def _break(found: re.Match[str]) -> str:
    return found[0] + _BREAK


def _not_a_block(found: re.Match[str]) -> str:
    """A backslash before a sign, and after a number: neither then begins a list or an underline."""
    space, mark = found[1], found[2]
    return f"{space}{mark}\\" if mark[0].isdigit() else f"{space}\\{mark}"


def code(text: str) -> Markdown:
    """``text`` as a code span, for use outside tables. One line only."""
    flat = " ".join(text.splitlines())
    if not flat.strip():
        return Markdown("\\-")
    fence = "`" * (_longest_run(flat) + 1)
    pad = " " if flat.startswith(("`", " ")) or flat.endswith(("`", " ")) else ""
    return Markdown(f"{fence}{pad}{flat}{pad}{fence}")


def code_cell(text: str) -> Markdown:
    """``text`` as a code span in a table cell; as prose where it has a pipe, on which dialects disagree in spans."""
    return prose(text) if "|" in text else code(text)


def ticks(text: str) -> Markdown:
    """``text`` with the parts between backticks as code; a lone backtick is itself."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return prose(text)
    return Markdown("".join(code_cell(p) if i % 2 else prose(p) for i, p in enumerate(parts)))


def fenced(text: str) -> Markdown:
    """``text`` as a code block that it cannot close."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return Markdown(f"{fence}text\n{text}\n{fence}")


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
