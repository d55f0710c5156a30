"""Makes text that anybody may have written safe inside JSON, XML, OSCAL's markup and SARIF's messages.

What is no visible character is written as its escape. The sets are fixed, not asked of Unicode's tables, so that every
release of Python gives the same bytes.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from maestro.attestations.resource import source_uri
from maestro.model.pull_request import PullRequest

TEXT_LIMIT: Final = 2_000
"""Characters of one line of text: a reason and a fix fit, a pasted log does not; the artifact has the whole."""

_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ue000-\uf8ff"
    "\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff\U000e0000-\U0010ffff"
    + "".join(chr(plane * 0x10000 + last) for plane in range(1, 14) for last in (0xFFFE, 0xFFFF))
    + "]"
)
"""Controls, direction overrides, zero-width, private and unassignable characters, and halves of surrogate pairs."""

_MARKUP: Final = re.compile(r"[\\`*\[\]<>{}~^]|&(?=[#\w])|(?<![^\W_])_+|_+(?![^\W_])")
_NOT_IN_TOKENS: Final = re.compile(r"[^A-Za-z0-9._-]")
_LINK: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^\s<>()\[\]`\"'#]*)?(#[\w.-]*)?", re.ASCII)
_SAFE_IN_LINKS: Final = "/:@+,;=!$&'()*~-._?%#"
_URI: Final = re.compile(
    r"[a-z][a-z0-9+.-]*:(//([a-z0-9._~-]|%[0-9a-f]{2})+(:[0-9]{1,5})?)?/?([\w.~!$&'()*+,;=:@/-]|%[0-9a-f]{2})*",
    re.ASCII | re.IGNORECASE,
)
_BARE_PERCENT: Final = re.compile("%(?![0-9A-Fa-f]{2})")


def line(text: str, *, otherwise: str = "not stated") -> str:
    """``text`` on one line, at most ``TEXT_LIMIT`` characters; never empty."""
    joined = " ".join(text[: TEXT_LIMIT * 4].split())
    shown = _HIDDEN.sub(_escape, joined)
    return (shown if len(shown) <= TEXT_LIMIT else shown[: TEXT_LIMIT - 1].rstrip() + "…") or otherwise


def paragraph(text: str) -> str:
    """``text`` with its line breaks, each line as ``line`` writes it; blank lines are left out."""
    return "\n".join(line(part) for part in text.splitlines() if part.strip())


def markup(text: str) -> str:
    """One line in OSCAL's markup (a subset of Markdown) in which nothing of ``text`` is markup."""
    return _MARKUP.sub(lambda found: "".join(f"\\{character}" for character in found.group()), line(text))


def message(text: str) -> str:
    """One line in a SARIF message, in which nothing of ``text`` is a placeholder or a link (SARIF 2.1.0, 3.11)."""
    doubled = line(text).replace("{", "{{").replace("}", "}}")
    # Brackets mean a link only before a parenthesis; elsewhere readers show an escape as it is.
    return doubled.replace("[", "\\[").replace("]", "\\]") if "](" in doubled else doubled


def token(text: str) -> str:
    """An identifier as OSCAL allows it: the text itself where it is one, else close to it."""
    cleaned = _NOT_IN_TOKENS.sub("_", text)
    return cleaned if cleaned[:1].isalpha() or cleaned[:1] == "_" else f"_{cleaned}"


def utc(at: datetime) -> datetime:
    """The time in UTC. A time without a zone counts as UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def moment(at: datetime) -> str:
    """The time in UTC, as OSCAL, CycloneDX and SARIF write it."""
    return utc(at).isoformat().replace("+00:00", "Z")


def address(pull_request: PullRequest) -> str:
    """The URI by which statements name the repository, as readers of these formats expect it: without ``git+``."""
    shown = pull_request.model_copy(update={"repository": line(pull_request.repository)})
    found = _BARE_PERCENT.sub("%25", source_uri(shown).removeprefix("git+"))
    # What is no address, whatever it looks like, is named as a folder is.
    return found if _URI.fullmatch(found) else f"pkg:generic/{quote(pull_request.repo)}"


def link_in(text: str) -> str:
    """The first web address in ``text``; empty where there is none."""
    found = _LINK.search(text)
    return _quoted(found.group().rstrip(".,;:!?")) if found else ""


def document(value: dict[str, Any]) -> bytes:
    """JSON to read, in UTF-8, in the order of ``value``."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _quoted(text: str) -> str:
    return quote(_BARE_PERCENT.sub("%25", text), safe=_SAFE_IN_LINKS)


def _escape(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode("ascii")
