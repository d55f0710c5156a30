"""How the domain's errors look to a workflow."""

import pytest

from activities.failures import as_failure
from maestro.errors import BadInput, IntegrityError, LeaseHeld, LeaseLost, MaestroError, PlatformUnavailable


@pytest.mark.parametrize(
    ("error", "gives_up"),
    [
        pytest.param(BadInput("no"), True, id="bad input stays bad"),
        pytest.param(IntegrityError("no"), True, id="broken bytes stay broken"),
        pytest.param(PlatformUnavailable("no"), False, id="what is away comes back"),
        pytest.param(LeaseHeld("no"), False, id="a lease ends"),
        pytest.param(LeaseLost("no"), False, id="whoever lost a lease may ask again"),
    ],
)
def test_a_failure_is_retried_when_that_can_help(error: MaestroError, *, gives_up: bool) -> None:
    failure = as_failure(error)
    assert failure.non_retryable is gives_up
    assert failure.type == type(error).__name__


def test_a_failure_carries_the_field_and_the_fix() -> None:
    failure = as_failure(BadInput("3 is no port", field="temporal.port", fix="use a free one"))
    assert failure.message == "temporal.port: 3 is no port"
    assert failure.details[0] == {"message": "3 is no port", "field": "temporal.port", "fix": "use a free one"}


def test_a_held_lease_is_asked_for_again_soon() -> None:
    assert as_failure(LeaseHeld("no")).next_retry_delay is not None
