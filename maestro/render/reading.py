"""How long a text takes to read: words at a stated rate, counted the same way for every language and every name.

The rate is the mean of silent reading of English non-fiction by adults: 238 words a minute (Brysbaert 2019, "How many
words do we read per minute?", Journal of Memory and Language 109). It is a mean, not a promise to any one reader.
"""

import math
import re
from collections.abc import Iterable
from typing import Final

from maestro.render.untrusted import Shown

WORDS_PER_MINUTE: Final = 238
LIMIT_SECONDS: Final = 180
"""A reviewer's three minutes."""

LONG_WORD: Final = 15
"""Characters; a longer run of letters and digits counts once for each such part that it begins."""

_IDEOGRAPHS: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
_WORD: Final = re.compile(rf"[{_IDEOGRAPHS}]|(?:(?![{_IDEOGRAPHS}_])\w)+(?:['\u2019.,-](?:(?![{_IDEOGRAPHS}_])\w)+)*")


def words(texts: Iterable[str]) -> int:
    """How many words a reader meets. The parts of a test's or a file's name count each, a hyphenated word or the
    identifier of a control once, a Chinese, Japanese or Korean character as a word, and a long digest as several.
    """
    return sum(math.ceil(len(found) / LONG_WORD) for text in texts for found in _WORD.findall(text))


def seconds(word_count: int) -> int:
    """The reading time of so many words, rounded up to whole seconds."""
    return math.ceil(word_count * 60 / WORDS_PER_MINUTE)


def shown(whole_seconds: int) -> Shown:
    """``1 min 50 s``; always with both units from a minute up, so that it can be recognised."""
    minutes, rest = divmod(whole_seconds, 60)
    return Shown(f"{minutes} min {rest} s" if minutes else f"{rest} s")
