"""The words that a condition may use, by the kind of its query: facts with and without their kind, and values.

Where a bare word is both a fact and a value (``verified`` counts attestations, and is what a provenance can be), it is
the value; the fact is then written in full.
"""

from functools import cache
from typing import Final

from maestro.assurance.facts import FactType, QueryKind, declared, kind_of, values

_ALSO: Final = {QueryKind.ATTEST: (QueryKind.SBOM,)}
"""Kinds whose facts may be named in full: a bill of materials comes with the pull request as an attestation."""


@cache
def constants(kind: QueryKind) -> tuple[str, ...]:
    """The words that stand for a value of an enumerated fact of the kind, in order."""
    return tuple(sorted({value for fact in declared(kind) for value in values(fact)}))


@cache
def words(kind: QueryKind) -> dict[str, str]:
    """Every name of a fact that a condition of the kind may use, with the fact in full."""
    facts = {fact: fact for of in (kind, *_ALSO.get(kind, ())) for fact in declared(of)}
    bare = {fact.partition(".")[2]: fact for fact in declared(kind)}
    return facts | {name: fact for name, fact in bare.items() if name not in constants(kind)}


@cache
def types(kind: QueryKind) -> dict[str, FactType]:
    """The type of every word of the kind, constants included."""
    named: dict[str, FactType] = {name: declared(kind_of(fact))[fact] for name, fact in words(kind).items()}
    return named | dict.fromkeys(constants(kind), str)
