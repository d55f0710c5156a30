"""Which code a run follows, settled before its first step.

A run that asks for a patch right after a local activity may not be replayed: where a query was answered in between, the
patch's marker stands in a later workflow task than the activity's, and a replay reaches the question before it has seen
the answer. Whoever looks at live cards asks many queries. So a run asks for all of them at once, at its beginning; one
that began before this was so asks as it did then.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.replay import REPLAYED
    from workflows.reviewing import EVERY_CARD
    from workflows.sealing import ON_RECORD
    from workflows.stating import TOLD

AT_ONCE = "patches-at-once"

PATCHES = (REPLAYED, ON_RECORD, EVERY_CARD, TOLD)
"""Append only: their order is workflow history. A run that began before one of them was added answers no to it."""


def settle_patches() -> None:
    """Ask for every patch. Called once, before anything else."""
    if workflow.patched(AT_ONCE):
        for patch in PATCHES:
            workflow.patched(patch)
