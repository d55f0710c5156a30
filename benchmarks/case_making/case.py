"""What is made: a fault that tests of a real project find, one line of JSON each; and why other faults gave none."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import Field

from maestro.model.base import Model
from maestro.model.pull_request import SHA_PATTERN

Kind = Literal["revert", "mutant"]


class Drop(StrEnum):
    """Why a fault gave no case."""

    CONFLICT = "it cannot be taken back on the base"
    UNCHANGED = "nothing of it is left on the base"
    BROKEN = "the patched source does not compile"
    NOT_TEXT = "the patch is not UTF-8"
    EQUAL = "another fault has the same patch"
    NOT_COLLECTED = "no test of the patched tree can be collected"
    STOPPED = "the suite of the patched tree did not come to its end"
    UNNOTICED = "no test fails"
    UNSTEADY = "no test fails twice"
    TOO_WIDE = "too large a part of the suite fails"


@dataclass(frozen=True)
class Fault:
    """A patch that applies to the base. ``source`` is the fixing commit's id, or says what was mutated."""

    kind: Kind
    source: str
    patch: str


class Case(Model):
    """A fault of ``base`` and all tests that pass without it and fail, or cannot be run, with it.

    ``patch`` is ``git diff`` text that applies to ``base``; ``failing`` are pytest's node ids.
    """

    base: str = Field(pattern=SHA_PATTERN)
    patch: str = Field(min_length=1)
    failing: tuple[str, ...] = Field(min_length=1)
    kind: Kind
    source: str


Tally = Counter[Drop]
