"""A control as a person writes it: what is asked, how much it weighs, and what to do where it fails."""

import re
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, RootModel, StrictInt, model_validator

from maestro.assurance.expression import kinds_used
from maestro.assurance.facts import QueryKind
from maestro.config.explain import Refusal, spelling
from maestro.model.base import Config

ItemT = TypeVar("ItemT")

UNASSIGNED: Final = "unassigned"
"""The owner of a control that names none."""

STRICTEST_TIER: Final = 1
DEFAULT_MAX_AGE_HOURS: Final = 24.0

_CONTROL_ID: Final = re.compile(r"[A-Z][A-Z0-9]*([_-][A-Z0-9]+)+")
_TITLE_LIMIT: Final = 120
_FIX_LIMIT: Final = 1_000


def _at_least_one(items: tuple[ItemT, ...]) -> tuple[ItemT, ...]:
    """After the items, unlike ``min_length``: a list whose only item is wrong is not also called empty."""
    if not items:
        raise Refusal("the list is empty", fix="add at least one item")
    return items


def _is_control_id(text: str) -> str:
    if not _CONTROL_ID.fullmatch(text) or len(text) > _TITLE_LIMIT:
        raise Refusal("this is not the id of a control", fix="write capitals and digits in groups, such as ABC-QA-01")
    return text


def _is_kind(text: object) -> object:
    known = [kind.value for kind in QueryKind]
    if isinstance(text, str) and text not in known:
        raise Refusal(f"there is no kind {text!r}", fix=spelling(text, known))
    return text


class Query(Config):
    """One question: ``where`` is a CEL condition over the facts of ``kind``. ``load`` compiles it."""

    kind: Annotated[QueryKind, BeforeValidator(_is_kind)]
    where: str


class Control(Config):
    """A control holds when every query holds, each shown by a stored artifact of its kind.

    ``tier``: 1 stops a merge, 2 asks for a person, 3 advises. ``mappings`` names requirements of public frameworks by
    identifier. ``applies`` limits the control to pull requests where that query holds. ``fix`` says what to do where
    it fails, with a command or a link. Evidence older than ``evidence_max_age_hours`` no longer counts.

    Only ``id`` and ``query`` must be given. What is left out is safe, never lenient: the strictest tier, the id as the
    title, an owner called ``unassigned``, a fix made from the query, evidence of one day.
    """

    id: Annotated[str, AfterValidator(_is_control_id)]
    title: str = Field(min_length=1, max_length=_TITLE_LIMIT)
    tier: StrictInt = Field(default=STRICTEST_TIER, ge=1, le=3)
    mappings: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    applies: Query | None = None
    query: Annotated[tuple[Query, ...], AfterValidator(_at_least_one)]
    fix: str = Field(min_length=1, max_length=_FIX_LIMIT)
    owner: str = Field(default=UNASSIGNED, min_length=1)
    evidence_max_age_hours: float = Field(default=DEFAULT_MAX_AGE_HOURS, gt=0, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        # Something in either case: what is missing is then the id or the query, and not also what is made of it.
        made = {"title": str(data.get("id", "?"))[:_TITLE_LIMIT] or "?", "fix": _made_fix(data.get("query"))}
        return made | data

    @property
    def kinds(self) -> tuple[QueryKind, ...]:
        """The kinds that the queries draw on, each once, in order."""
        return tuple(dict.fromkeys(kind for query in self.query for kind in kinds_used(query.kind, query.where)))

    @property
    def left_out(self) -> tuple[str, ...]:
        """The settings that the file does not give, so that they have their defaults."""
        made = {"title": self.title == self.id, "fix": self.fix == _made_fix(self.query)}
        unset = (name for name in ("tier", "owner", "evidence_max_age_hours") if name not in self.model_fields_set)
        return (*(name for name, is_made in made.items() if is_made), *unset)


def _made_fix(queries: Any) -> str:
    """What to do about a control whose author did not say it."""
    if not isinstance(queries, list | tuple):
        return "?"
    pairs = [(q.kind, q.where) if isinstance(q, Query) else (_of(q, "kind"), _of(q, "where")) for q in queries]
    wanted = " and ".join(f"`{where}` ({kind})" for kind, where in pairs)
    text = (
        f"Make {wanted} true, then run it again with `maestro pr act retry`. Nobody has written a fix for this control."
    )
    return text if len(text) <= _FIX_LIMIT else "Nobody has written a fix for this control: read its queries."


def _of(query: object, name: str) -> str:
    return str(query.get(name, "?")) if isinstance(query, dict) else "?"


class ControlFamily(Config):
    """A file of the catalogue with several controls under one title."""

    family: str = Field(min_length=1)
    title: str = Field(min_length=1)
    controls: Annotated[tuple[Control, ...], AfterValidator(_at_least_one)]


class ControlList(RootModel[Annotated[tuple[Control, ...], AfterValidator(_at_least_one)]]):
    """A file of the catalogue that is a plain list of controls."""
