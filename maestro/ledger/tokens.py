"""Service tokens: made, believed, revoked. Of a token only its digest is kept; making and revoking are records."""

import hmac
import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maestro.access.principals import Permission, Principal, PrincipalKind, Role
from maestro.access.refused import CredentialRefused
from maestro.access.service_tokens import digest_of, id_of, mint
from maestro.errors import BadInput
from maestro.ledger.access_tables import service_tokens
from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.records import Records
from maestro.ledger.schema import now_seconds
from maestro.model.base import Model
from maestro.model.record import DecisionRecord, RecordKind

ISSUER = "maestro"
USED_STEP_SECONDS = 3_600.0
"""How exactly it is noted when a token was used last: a note for each request would be a write for each."""

_IS_NOT_NOTED = sa.or_(
    service_tokens.c.last_used_at.is_(None), service_tokens.c.last_used_at < now_seconds() - USED_STEP_SECONDS
)


class ServiceToken(Model):
    """What is known of a token. ``scopes`` None leaves it all that its role allows a service."""

    id: str
    name: str
    role: Role
    tenants: tuple[str, ...]
    scopes: frozenset[Permission] | None
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str = ""

    @property
    def principal(self) -> Principal:
        """Who comes in with it."""
        return Principal(
            subject=self.id,
            issuer=ISSUER,
            name=f"service:{self.name}",
            kind=PrincipalKind.SERVICE,
            roles=dict.fromkeys(self.tenants, self.role),
            scopes=self.scopes,
        )


class ServiceTokens:
    """The table of service tokens. Rows stay, so that a record that names one can be understood later."""

    def __init__(self, database: Database, records: Records) -> None:
        self._database = database
        self._records = records

    def create(
        self,
        name: str,
        *,
        role: Role,
        tenants: tuple[str, ...],
        scopes: frozenset[Permission] | None,
        lasts_seconds: float,
        actor: str,
    ) -> tuple[str, ServiceToken]:
        """A new token and what is kept of it. Nobody can read the token again later."""
        minted = mint()
        statement = sa.insert(service_tokens).values(
            id=minted.id,
            digest=minted.digest,
            name=name,
            role=role.value,
            tenants=json.dumps(tenants),
            scopes=json.dumps(None if scopes is None else sorted(scopes)),
            created_by=actor,
            created_at=now_seconds(),
            expires_at=now_seconds() + lasts_seconds,
        )
        with self._database.write() as connection:
            kept = _token(connection.execute(statement.returning(*service_tokens.c)).one())
            self._record(connection, kept, "created", actor=actor, at=kept.created_at)
        return minted.token, kept

    def believed(self, token: str) -> ServiceToken:
        """What is known of a token that holds now. Raises CredentialRefused for every other one."""
        token_id = id_of(token)
        if token_id is None:
            raise CredentialRefused("no service token: its checksum does not fit")
        current = (service_tokens.c.expires_at > now_seconds()).label("current")
        query = sa.select(*service_tokens.c, current, _IS_NOT_NOTED.label("to_be_noted"))
        with self._database.read() as connection:
            row = connection.execute(query.where(service_tokens.c.id == token_id)).one_or_none()
        if row is None or not hmac.compare_digest(bytes(row.digest), digest_of(token)):
            raise CredentialRefused("a service token that is not known")
        if row.revoked_at is not None:
            raise CredentialRefused(f"the service token {token_id} is revoked")
        if not row.current:
            raise CredentialRefused(f"the service token {token_id} has expired")
        if row.to_be_noted:
            self._note_use(token_id)
        return _token(row)

    def list(self) -> tuple[ServiceToken, ...]:
        """All tokens that ever were, the oldest first."""
        query = sa.select(service_tokens).order_by(service_tokens.c.created_at, service_tokens.c.id)
        with self._database.read() as connection:
            return tuple(map(_token, connection.execute(query).all()))

    def revoke(self, token_id: str, *, actor: str) -> ServiceToken:
        """End a token now, everywhere. One that is revoked stays so. Raises BadInput where there is none of this id."""
        mine = service_tokens.c.id == token_id
        ended = sa.update(service_tokens).where(mine, service_tokens.c.revoked_at.is_(None))
        with self._database.write() as connection:
            connection.execute(ended.values(revoked_at=now_seconds(), revoked_by=actor))
            row = connection.execute(sa.select(service_tokens).where(mine)).one_or_none()
            if row is None:
                raise BadInput(
                    f"there is no service token {token_id[:80]!r}",
                    field="ID",
                    fix="take an id of `maestro tokens list`, which is the eight characters after mst_",
                )
            token = _token(row)
            self._record(connection, token, "revoked", actor=token.revoked_by, at=moment(row.revoked_at))
        return token

    def _note_use(self, token_id: str) -> None:
        mine = sa.and_(service_tokens.c.id == token_id, _IS_NOT_NOTED)
        with self._database.write() as connection:
            connection.execute(sa.update(service_tokens).where(mine).values(last_used_at=now_seconds()))

    def _record(
        self, connection: sa.Connection, token: ServiceToken, outcome: str, *, actor: str, at: datetime
    ) -> None:
        scopes = "all that it allows a service" if token.scopes is None else ", ".join(sorted(token.scopes))
        record = DecisionRecord(
            key=f"service-token/{token.id}/{outcome}",
            kind=RecordKind.ACCESS,
            repo="",
            pr="",
            head_sha="",
            actor=actor,
            outcome=outcome,
            reason=f"service token {token.id} ({token.name}): role {token.role} for {', '.join(token.tenants)};"
            f" scopes: {scopes}; expires {token.expires_at:%Y-%m-%d %H:%M:%S} UTC",
            at=at,
        )
        self._records.append(record, within=connection)


def _token(row: Any) -> ServiceToken:
    scopes = json.loads(row.scopes)
    return ServiceToken(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        tenants=tuple(json.loads(row.tenants)),
        scopes=None if scopes is None else frozenset(map(Permission, scopes)),
        created_by=row.created_by,
        created_at=moment(row.created_at),
        expires_at=moment(row.expires_at),
        last_used_at=None if row.last_used_at is None else moment(row.last_used_at),
        revoked_at=None if row.revoked_at is None else moment(row.revoked_at),
        revoked_by=row.revoked_by or "",
    )
