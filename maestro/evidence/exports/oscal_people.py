"""Who took part, as OSCAL's roles and parties: Maestro, the author, and each person who decided.

Names are what the forge or the command gave; nothing here proves who somebody is.
"""

from typing import Final

from maestro.evidence.contents import Contents
from maestro.evidence.exports.answers import identity
from maestro.evidence.exports.oscal_words import Node, prop
from maestro.evidence.exports.texts import line
from maestro.model.pull_request import AuthorKind
from maestro.model.record import RecordKind, StoredRecord

ASSESSOR: Final = "assessor"
AUTHOR: Final = "author"
DECIDER: Final = "decider"

MAESTRO: Final = identity("party", "maestro")

_ITSELF: Final = frozenset({"", "policy", "maestro"})
_BY_PEOPLE: Final = frozenset({RecordKind.ACTION, RecordKind.DECISION, RecordKind.INCIDENT})
"""The kinds of records whose actor can be a person; the actors of all others are parts of Maestro."""


def roles() -> list[Node]:
    return [
        {"id": ASSESSOR, "title": "Asked the controls and recorded what was found"},
        {"id": AUTHOR, "title": "Wrote the pull request"},
        {"id": DECIDER, "title": "Decided on the pull request"},
    ]


def parties(contents: Contents) -> list[Node]:
    """Maestro first, then the people by name, each once."""
    pull_request = contents.card.pull_request
    names = {name for name in map(_person_of, contents.records) if name}
    names |= {name for name in (pull_request.author, contents.card.decision.actor) if name not in _ITSELF}
    maestro: Node = {
        "uuid": MAESTRO,
        "type": "organization",
        "name": "Maestro Conductor",
        "props": [prop("actor-kind", "tool", remarks="A program. OSCAL knows only persons and organizations.")],
    }
    agent = pull_request.author if pull_request.author_kind is AuthorKind.AGENT else None
    return [maestro, *(_party(name, is_agent=name == agent) for name in sorted(names))]


def responsible(contents: Contents) -> list[Node]:
    """Which party has which role."""
    found: list[Node] = [{"role-id": ASSESSOR, "party-uuids": [MAESTRO]}]
    author = contents.card.pull_request.author
    if author not in _ITSELF:
        found.append({"role-id": AUTHOR, "party-uuids": [party_id(author)]})
    return [*found, decider(contents)]


def decider(contents: Contents) -> Node:
    actor = contents.card.decision.actor
    return {"role-id": DECIDER, "party-uuids": [MAESTRO if actor in _ITSELF else party_id(actor)]}


def logged_by(stored: StoredRecord) -> Node:
    """Who stands behind a decision record."""
    person = _person_of(stored)
    return {"party-uuid": party_id(person), "role-id": DECIDER} if person else {"party-uuid": MAESTRO}


def party_id(name: str) -> str:
    return identity("person", name)


def _person_of(stored: StoredRecord) -> str:
    record = stored.record
    return record.actor if record.kind in _BY_PEOPLE and record.actor not in _ITSELF else ""


def _party(name: str, *, is_agent: bool) -> Node:
    kind = "agent" if is_agent else "as-named"
    remark = "A program that writes code." if is_agent else "The name that the forge or the command gave."
    return {
        "uuid": party_id(name),
        "type": "organization" if is_agent else "person",
        "name": line(name),
        "props": [prop("actor-kind", kind, remarks=remark)],
    }
