"""Assurance: the controls that are asked of every pull request, and what was found.

``load`` reads the catalogue; ``git_facts``, ``checks_facts``, ``reviews_facts``, ``admission`` and ``facts_of`` say
what is known; ``evaluate`` answers each control with a finding, ``reassess`` again when more is known. A finding passes
only when every query of its control is true and a stored artifact shows it.
"""

from maestro.assurance.admission import admission
from maestro.assurance.catalogue import Catalogue, Control, Query, load
from maestro.assurance.checks import checks_facts
from maestro.assurance.evaluation import evaluate
from maestro.assurance.facts import Facts, GitFacts, PolicyFacts, QueryKind, TestsFacts
from maestro.assurance.gathering import facts_of
from maestro.assurance.gitfacts import git_facts
from maestro.assurance.reassess import reassess
from maestro.assurance.reviewing import reviews_facts

__all__ = [
    "Catalogue",
    "Control",
    "Facts",
    "GitFacts",
    "PolicyFacts",
    "Query",
    "QueryKind",
    "TestsFacts",
    "admission",
    "checks_facts",
    "evaluate",
    "facts_of",
    "git_facts",
    "load",
    "reassess",
    "reviews_facts",
]
