"""A packed build says what it said: all but a hundredth of a duration, in about a byte for each outcome."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import IntegrityError
from maestro.ledger.packing import SHORTEST_SECONDS, pack, unpack

rows = st.dictionaries(
    st.integers(0, 2**31 - 1), st.tuples(st.integers(0, 3), st.floats(0.0, 31 * 86_400.0), st.booleans()), max_size=30
)


@given(rows=rows)
def test_for_all_builds_only_durations_change_and_by_less_than_a_hundredth(
    rows: dict[int, tuple[int, float, bool]],
) -> None:
    tests = np.array(sorted(rows), np.int32)
    verdicts = np.array([rows[test][0] for test in tests.tolist()], np.uint8)
    seconds = np.array([rows[test][1] for test in tests.tolist()], np.float32)
    flaky = np.array([test for test in tests.tolist() if rows[test][2]], np.int32)
    packed = pack(tests, verdicts, seconds, flaky=flaky)
    found = unpack(packed)
    assert found[0].tolist() == tests.tolist()
    assert found[1].tolist() == verdicts.tolist()
    assert found[3].tolist() == flaky.tolist()
    allowed = np.where(seconds >= SHORTEST_SECONDS, 0.01 * seconds, SHORTEST_SECONDS / 2 + 1e-9)
    assert (np.abs(found[2] - seconds) <= allowed).all()
    assert pack(*found[:3], flaky=found[3]) == packed


def test_a_build_of_many_tests_takes_less_than_two_bytes_for_each() -> None:
    chance = np.random.default_rng(7)
    tests = np.flatnonzero(chance.random(20_000) < 0.9).astype(np.int32)
    verdicts = (chance.random(tests.size) < 0.01).astype(np.uint8)
    seconds = chance.lognormal(-2, 1.5, tests.size).astype(np.float32)
    assert len(pack(tests, verdicts, seconds, flaky=tests[:3])) < 2 * tests.size


@pytest.mark.parametrize("packed", [b"", b"\x01", b"\x02" + bytes(8), b"\x01" + bytes(8) + b"x"])
def test_bytes_that_are_no_build_are_refused(packed: bytes) -> None:
    with pytest.raises(IntegrityError, match="cannot be read"):
        unpack(packed)


def test_a_build_that_was_cut_off_is_refused() -> None:
    tests = np.arange(50, dtype=np.int32)
    packed = pack(tests, tests.astype(np.uint8) % 4, tests.astype(np.float32), flaky=tests[:1])
    with pytest.raises(IntegrityError):
        unpack(packed[:-1])
    with pytest.raises(IntegrityError):
        unpack(packed[:1] + b"\x31" + packed[2:])
