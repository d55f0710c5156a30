"""Who goes into quarantine, and with what."""

from datetime import UTC, datetime, timedelta

import pytest

from maestro.impact.risk.quarantine import LASTS, quarantine_of
from maestro.model.flaky import Flip, Quarantine

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def flip(*, on_main: bool = True, days_ago: int = 1) -> Flip:
    return Flip(revision="a" * 40, evidence="failed and passed", on_main=on_main, at=NOW - timedelta(days=days_ago))


def asked(*flips: Flip) -> Quarantine | None:
    return quarantine_of("t", flips, repo="acme/shop", tenant="default", owner="Ada")


def test_two_flips_are_enough_and_the_quarantine_has_evidence_an_owner_and_an_end() -> None:
    found = asked(flip(days_ago=2), flip())
    assert found is not None
    assert found.evidence == ("failed and passed (2026-11-18)", "failed and passed (2026-11-19)")
    assert (found.owner, found.expires_at) == ("Ada", NOW - timedelta(days=1) + LASTS)
    assert found.probability > 0.9


@pytest.mark.parametrize(
    "flips",
    [
        pytest.param((), id="nothing was seen"),
        pytest.param((flip(),), id="one flip may be the machine"),
        pytest.param((flip(on_main=False),) * 5, id="pull requests alone cannot silence a test"),
    ],
)
def test_with_less_evidence_a_test_goes_on_blocking(flips: tuple[Flip, ...]) -> None:
    assert asked(*flips) is None


def test_only_the_newest_evidence_is_named() -> None:
    found = asked(*(flip(days_ago=days) for days in range(9, 0, -1)))
    assert found is not None
    assert len(found.evidence) == 5
    assert found.evidence[-1].endswith("(2026-11-19)")
