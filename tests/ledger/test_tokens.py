"""Service tokens in the ledger: believed while they hold, for what they were made for, and never readable again."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa

from maestro.access.principals import Permission, PrincipalKind, Role
from maestro.access.refused import CredentialRefused
from maestro.access.service_tokens import digest_of, id_of, mint
from maestro.errors import BadInput
from maestro.ledger import Ledger
from maestro.ledger.access_tables import service_tokens, spent_ids
from maestro.ledger.tokens import USED_STEP_SECONDS, ServiceToken
from maestro.model.record import RecordKind

DAY = 86_400.0


def create(
    ledger: Ledger, *, name: str = "ci", scopes: frozenset[Permission] | None = None, lasts_seconds: float = DAY
) -> tuple[str, ServiceToken]:
    return ledger.service_tokens.create(
        name,
        role=Role.OPERATOR,
        tenants=("acme",),
        scopes=scopes,
        lasts_seconds=lasts_seconds,
        actor="ada@example.org",
    )


def change(ledger: Ledger, token: ServiceToken, **values: object) -> None:
    with ledger._database.write() as connection:
        connection.execute(sa.update(service_tokens).where(service_tokens.c.id == token.id).values(values))


def refusal(ledger: Ledger, token: str) -> str:
    with pytest.raises(CredentialRefused) as refused:
        ledger.service_tokens.believed(token)
    assert "accepted" in str(refused.value)
    assert token not in refused.value.reason
    return refused.value.reason


def test_a_token_stands_for_a_service_with_its_role_tenants_and_scopes(ledger: Ledger) -> None:
    token, made = create(ledger, scopes=frozenset({Permission.START, Permission.READ}))
    found = ledger.service_tokens.believed(token)
    assert found == made
    principal = found.principal
    assert (principal.kind, principal.name, principal.subject) == (PrincipalKind.SERVICE, "service:ci", id_of(token))
    allowed = {permission for permission in Permission if principal.may(permission, "acme")}
    assert allowed == {Permission.START, Permission.READ}
    assert not principal.may(Permission.READ, "other")


def test_without_scopes_a_token_may_what_its_role_allows_a_service(ledger: Ledger) -> None:
    _, made = create(ledger)
    allowed = {permission for permission in Permission if made.principal.may(permission, "acme")}
    assert allowed == set(Permission) - {Permission.REVIEW, Permission.ADMINISTER}


def test_the_ledger_holds_nothing_that_gives_the_token_back(ledger: Ledger) -> None:
    token, _ = create(ledger)
    with ledger._database.read() as connection:
        [row] = connection.execute(sa.select(service_tokens)).all()
    secret = token[len("mst_") + 8 :]
    assert bytes(row.digest) == digest_of(token)
    assert not any(secret in str(value) for value in row)
    assert not any(secret in record.model_dump_json() for record in ledger.records.list())


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param(lambda token: token[:-1] + ("a" if token[-1] != "a" else "b"), id="a typo at its end"),
        pytest.param(lambda token: token[:20] + ("a" if token[20] != "a" else "b") + token[21:], id="a typo within"),
        pytest.param(lambda token: token[:-1], id="cut off"),
        pytest.param(lambda token: token + "\n", id="a line end behind it"),
        pytest.param(lambda token: f" {token}", id="a blank before it"),
        pytest.param(lambda token: token.upper(), id="in capitals"),
        pytest.param(lambda _: "mst_" + "0" * 57, id="zeros"),
        pytest.param(lambda _: "mst_" + "ⅷ" * 57, id="digits that are not ASCII"),
        pytest.param(lambda _: "mst_", id="its beginning alone"),
        pytest.param(lambda _: "mst_" + "0" * 100_000, id="a very long one"),
    ],
)
def test_what_is_not_quite_a_token_is_refused_by_its_checksum(ledger: Ledger, spoiled: object) -> None:
    token, _ = create(ledger)
    assert callable(spoiled)
    assert "checksum" in refusal(ledger, spoiled(token))


def test_a_token_that_nobody_made_is_refused(ledger: Ledger) -> None:
    assert "not known" in refusal(ledger, mint().token)


def test_the_id_of_a_real_token_with_another_secret_is_refused(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    _, made = create(ledger)
    chosen = iter(made.id)
    with monkeypatch.context() as patched:
        patched.setattr("secrets.choice", lambda digits: next(chosen, "7"))
        forged = mint().token
    assert id_of(forged) == made.id
    assert "not known" in refusal(ledger, forged)


def test_an_expired_token_is_refused(ledger: Ledger) -> None:
    token, made = create(ledger)
    change(ledger, made, expires_at=ledger.now().timestamp() - 1)
    assert "expired" in refusal(ledger, token)


def test_a_revoked_token_is_refused_at_once_and_stays_so(ledger: Ledger) -> None:
    token, made = create(ledger)
    revoked = ledger.service_tokens.revoke(made.id, actor="bob@example.org")
    again = ledger.service_tokens.revoke(made.id, actor="eve@example.org")
    assert "revoked" in refusal(ledger, token)
    assert again == revoked
    assert revoked.revoked_by == "bob@example.org"


def test_revoking_what_is_not_there_is_refused(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="no service token"):
        ledger.service_tokens.revoke("nothing0", actor="ada@example.org")


def test_all_tokens_are_listed_the_oldest_first(ledger: Ledger) -> None:
    made = [create(ledger, name=name)[1] for name in ("first", "second")]
    ledger.service_tokens.revoke(made[0].id, actor="ada@example.org")
    listed = ledger.service_tokens.list()
    assert {token.id for token in listed} == {token.id for token in made}
    assert [token.revoked_at is not None for token in sorted(listed, key=lambda one: one.name)] == [True, False]


def test_making_and_revoking_are_in_the_chain_of_records(ledger: Ledger) -> None:
    _, made = create(ledger)
    ledger.service_tokens.revoke(made.id, actor="bob@example.org")
    ledger.service_tokens.revoke(made.id, actor="eve@example.org")
    records = [stored.record for stored in ledger.records.list(kind=RecordKind.ACCESS)]
    assert [(record.outcome, record.actor) for record in records] == [
        ("created", "ada@example.org"),
        ("revoked", "bob@example.org"),
    ]
    assert all(made.id in record.reason and "operator for acme" in record.reason for record in records)
    assert ledger.records.verify() == ()


def test_when_a_token_was_used_last_is_noted_to_the_hour(ledger: Ledger) -> None:
    token, made = create(ledger)
    assert made.last_used_at is None
    ledger.service_tokens.believed(token)
    [first] = ledger.service_tokens.list()
    ledger.service_tokens.believed(token)
    [second] = ledger.service_tokens.list()
    assert first.last_used_at is not None
    assert second.last_used_at == first.last_used_at
    change(ledger, made, last_used_at=first.last_used_at.timestamp() - USED_STEP_SECONDS)
    ledger.service_tokens.believed(token)
    [third] = ledger.service_tokens.list()
    assert third.last_used_at is not None
    assert third.last_used_at >= first.last_used_at


def test_no_two_tokens_are_alike() -> None:
    tokens = [mint() for _ in range(200)]
    assert len({one.id for one in tokens}) == len({one.token for one in tokens}) == 200
    assert all(id_of(one.token) == one.id for one in tokens)


@pytest.fixture
def spent(ledger: Ledger) -> Ledger:
    ledger.spent_ids.spend("done", lasts_seconds=DAY)
    return ledger


def test_an_id_is_spent_once(spent: Ledger) -> None:
    assert spent.spent_ids.is_spent("done")
    assert not spent.spent_ids.spend("done", lasts_seconds=DAY)
    assert not spent.spent_ids.is_spent("another")


def test_of_many_who_spend_an_id_together_one_is_first(ledger: Ledger) -> None:
    together = Barrier(4)

    def spend(_who: int) -> bool:
        together.wait()
        return ledger.spent_ids.spend("login", lasts_seconds=DAY)

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(spend, range(4))) == [False, False, False, True]


def test_spent_ids_are_forgotten_when_they_would_have_expired(spent: Ledger) -> None:
    with spent._database.write() as connection:
        connection.execute(sa.update(spent_ids).values(expires_at=spent.now().timestamp() - 1))
    spent.spent_ids.spend("another", lasts_seconds=DAY)
    assert not spent.spent_ids.is_spent("done")
