"""The shadow of a selection: everything runs, and each test that it would have left out says so."""

import math

from maestro.impact.selection import Selection, file_of
from maestro.impact.shards import ShardLimits, split
from maestro.model.tests import ReasonKind, SelectedTest
from maestro.words import count, duration


def in_shadow(selection: Selection, *, limits: ShardLimits) -> Selection:
    """The same selection with nothing left out. The order is: what was selected, then what would have been left out."""
    body = selection.body
    if not body.left_out:
        return selection
    shadowed = tuple(
        SelectedTest(
            id=test.id,
            kind=ReasonKind.SHADOWED,
            reason="it would have been left out; everything runs while selection is in shadow",
            expected_seconds=test.expected_seconds,
            fail_probability=test.fail_probability,
        )
        for test in body.left_out
    )
    selected = (*body.selected, *shadowed)
    saved = math.fsum(test.expected_seconds for test in shadowed)
    sentence = (
        f"All {count(len(selected), 'test')} run, because selection is in shadow. It would have left out "
        f"{len(shadowed):,} and saved {duration(saved)}: {selection.reason}"
    )
    shards = split(
        [test.expected_seconds for test in selected],
        target_seconds=limits.target_seconds,
        max_shards=limits.max_shards,
        files=[file_of(test.id) for test in selected],
    )
    return selection.model_copy(
        update={
            "applicable": True,
            "reason": sentence,
            "body": body.model_copy(update={"selected": selected, "left_out": (), "shards": shards}),
        }
    )
