"""The folder of a test: what its id or its file share with its neighbours, the middle level of the model's pooling."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_LAST_PART = re.compile(r"(::|[/\\.#:])[^/\\.#:]*$")


def folder_of(test: str) -> str:
    """Everything before the last separator of an id, whatever the runner separates with; "" for a bare name.

    >>> folder_of("tests/test_parse.py::test_empty")
    'tests/test_parse.py'
    >>> folder_of("org.example.db.QuerySuite")
    'org.example.db'
    """
    name = test.partition("[")[0]
    found = _LAST_PART.search(name)
    return name[: found.start()] if found else ""


def folders_of(names: Sequence[str], test_files: Mapping[str, str]) -> NDArray[np.int64]:
    """The number of each test's folder, counted from 0 in the order of appearance."""
    numbers: dict[str, int] = {}
    found = (numbers.setdefault(folder_of(test_files.get(name, name)), len(numbers)) for name in names)
    return np.fromiter(found, np.int64, count=len(names))
