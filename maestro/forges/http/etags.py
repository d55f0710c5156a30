"""Answers that were given before, with the mark by which the forge says that they still hold.

A forge that says so (304) counts no request against its limit. Nothing is used without asking.
"""

from collections import OrderedDict

from maestro.forges.http.answer import Answer

Key = tuple[str, str]
"""With whose credentials, and which address: what one may read is not another's."""


class Etags:
    """The answers used last, up to a number of bytes."""

    def __init__(self, *, limit_bytes: int = 8_000_000) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._answers: OrderedDict[Key, Answer] = OrderedDict()

    def get(self, key: Key) -> Answer | None:
        found = self._answers.get(key)
        if found is not None:
            self._answers.move_to_end(key)
        return found

    def keep(self, key: Key, answer: Answer) -> None:
        """Remember it where it has a mark; forget what was there before in any case."""
        before = self._answers.pop(key, None)
        self._size_bytes -= len(before.body) if before else 0
        if answer.status != 200 or not answer.headers.get("etag"):
            return
        self._answers[key] = answer
        self._size_bytes += len(answer.body)
        while self._size_bytes > self._limit_bytes:
            _, oldest = self._answers.popitem(last=False)
            self._size_bytes -= len(oldest.body)
