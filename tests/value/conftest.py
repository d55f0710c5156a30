"""A past in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.value.past import Past


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    made = Past.within(tmp_path)
    yield made
    made.ledger.close()
