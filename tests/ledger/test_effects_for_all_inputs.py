"""Whatever happens in whatever order: never two effects for one key, never two holders, never a fence that goes back.

The machine keeps a plain model beside a real ledger; leases are ended by hand, since waiting would test the clock.
"""

import tempfile
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from maestro.errors import Conflict, LeaseHeld, LeaseLost, StaleFence
from maestro.ledger import Lease, Ledger
from maestro.ledger.schema import effects, leases

resources = st.sampled_from(["shard/1", "shard/2"])
holders = st.sampled_from(["north", "west", "south"])
keys = st.sampled_from(["check/0", "check/1", "merge/0"])
digests = st.sampled_from(["d", "e"])


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Ledger.open(f"sqlite:///{Path(self.folder.name) / 'ledger.db'}")
        self.current: dict[str, Lease] = {}
        self.highest: dict[str, int] = {}
        self.given: list[Lease] = []
        self.recorded: dict[str, tuple[str, int]] = {}
        self.count = 0

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    @rule(resource=resources, holder=holders)
    def acquire(self, resource: str, holder: str) -> None:
        held = self.current.get(resource)
        try:
            lease = self.ledger.leases.acquire(resource, holder=holder, ttl_seconds=3_600)
        except LeaseHeld:
            assert held is not None
            assert held.holder != holder
            return
        assert held is None or held.holder == holder
        assert lease.fence > self.highest.get(resource, 0)
        self.highest[resource] = lease.fence
        self.current[resource] = lease
        self.given.append(lease)

    @rule(resource=resources)
    def expire(self, resource: str) -> None:
        with self.ledger._database.write() as connection:
            connection.execute(sa.update(leases).where(leases.c.resource == resource).values(expires_at=0.0))
        self.current.pop(resource, None)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        lease = self.any_lease(data)
        if lease is None:
            return
        self.ledger.leases.release(lease)
        if self.is_valid(lease):
            del self.current[lease.resource]

    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        lease = self.any_lease(data)
        if lease is None:
            return
        try:
            assert self.ledger.leases.renew(lease, ttl_seconds=3_600).fence == lease.fence
        except LeaseLost:
            assert not self.is_valid(lease)
        else:
            assert self.is_valid(lease)

    @rule(data=st.data(), key=keys, request_digest=digests, remote=st.booleans())
    def commit(self, data: st.DataObject, key: str, request_digest: str, remote: bool) -> None:
        lease = self.any_lease(data)
        if lease is None:
            return
        self.count += 1
        expected = self.recorded.get(key)
        try:
            if remote:
                self.ledger.effects.intend(key, lease=lease, request_digest=request_digest)
            record = self.ledger.effects.complete if remote else self.ledger.effects.commit
            effect = record(key, lease=lease, request_digest=request_digest, result={"n": self.count})
        except Conflict:
            assert remote or (expected is not None and expected[0] != request_digest)
        except StaleFence:
            assert expected is None
            assert not self.is_valid(lease)
        else:
            assert effect.first == (expected is None)
            assert self.is_valid(lease) or not effect.first
            self.recorded.setdefault(key, (request_digest, self.count))
            assert (effect.request_digest, effect.result) == (request_digest, {"n": self.recorded[key][1]})

    @invariant()
    def the_ledger_holds_each_effect_once_as_it_was_first(self) -> None:
        with self.ledger._database.read() as connection:
            rows = connection.execute(sa.select(effects.c.key, effects.c.request_digest)).all()
        assert sorted(row.key for row in rows) == sorted(self.recorded)
        assert all(row.request_digest == self.recorded[row.key][0] for row in rows)

    def any_lease(self, data: st.DataObject) -> Lease | None:
        return data.draw(st.sampled_from(self.given)) if self.given else None

    def is_valid(self, lease: Lease) -> bool:
        current = self.current.get(lease.resource)
        return current is not None and current.fence == lease.fence


TestAnyOrderOfCalls = LedgerMachine.TestCase
TestAnyOrderOfCalls.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
