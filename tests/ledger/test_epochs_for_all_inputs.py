"""In whatever order epochs are raised, settled and withdrawn: who acts is who the ledger admits, and holds a lease.

The machine keeps a plain model beside a real ledger.
"""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from maestro.errors import LeaseHeld, LeaseLost, StaleEpoch, StaleFence
from maestro.ledger import Lease, Ledger
from maestro.model.region import Standing

NAMESPACE = "maestro"

regions = st.sampled_from(["eu-north", "us-west"])
resources = st.sampled_from(["shard/1", "shard/2"])
holders = st.sampled_from(["a", "b"])


class EpochMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Ledger.open(f"sqlite:///{Path(self.folder.name) / 'ledger.db'}")
        self.ledger.epochs.begin(NAMESPACE, 1, "north")
        self.version = 1
        self.leaving: int | None = None
        self.held: dict[str, Lease] = {}
        self.given: list[Lease] = []
        self.count = 0
        self.recorded: set[str] = set()

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    @rule(resource=resources, holder=holders, region=regions, back=st.integers(-1, 3))
    def acquire(self, resource: str, holder: str, region: str, back: int) -> None:
        standing = Standing(region=region, epoch=self.version - back, namespace=NAMESPACE)
        held = self.held.get(resource)
        try:
            lease = self.ledger.leases.acquire(resource, holder=holder, ttl_seconds=3_600, standing=standing)
        except StaleEpoch:
            assert not self.admits(standing)
        except LeaseHeld:
            assert self.admits(standing)
            assert held is not None
            assert held.holder != holder
        else:
            assert self.admits(standing)
            assert held is None or held.holder == holder
            self.held[resource] = lease
            self.given.append(lease)

    @rule(data=st.data(), renewed=st.booleans())
    def commit(self, data: st.DataObject, renewed: bool) -> None:
        if not self.given:
            return
        lease = data.draw(st.sampled_from(self.given))
        self.count += 1
        key = f"effect/{self.count}"
        try:
            if renewed:
                self.ledger.leases.renew(lease, ttl_seconds=3_600)
            assert self.ledger.effects.commit(key, lease=lease, request_digest="d", result={}).first
        except (StaleFence, LeaseLost):
            assert self.held.get(lease.resource) != lease
        else:
            assert self.held[lease.resource] == lease
            self.recorded.add(key)

    @rule(region=regions, back=st.integers(-1, 3))
    def once(self, region: str, back: int) -> None:
        standing = Standing(region=region, epoch=self.version - back, namespace=NAMESPACE)
        self.count += 1
        key = f"effect/{self.count}"
        try:
            assert self.ledger.effects.once(key, request_digest="d", result={}, standing=standing).first
        except StaleEpoch:
            assert not self.admits(standing)
        else:
            assert self.admits(standing)
            self.recorded.add(key)

    @rule(step=st.integers(1, 3), revoked=st.sets(regions))
    def force(self, step: int, revoked: set[str]) -> None:
        self.version += step
        self.leaving = None
        self.ledger.epochs.raise_to(
            NAMESPACE, version=self.version, cluster="west", reason="?", revoke_regions=sorted(revoked)
        )
        self.held = {resource: lease for resource, lease in self.held.items() if lease.region not in revoked}

    @precondition(lambda self: self.leaving is None)
    @rule(step=st.integers(1, 3))
    def hand_over(self, step: int) -> None:
        self.leaving = self.version
        self.version += step
        self.ledger.epochs.raise_to(NAMESPACE, version=self.version, cluster="west", reason="?", keep_leaving=True)

    @rule()
    def settle(self) -> None:
        self.leaving = None
        self.ledger.epochs.settle(NAMESPACE)

    @precondition(lambda self: self.leaving is not None)
    @rule()
    def withdraw(self) -> None:
        assert self.leaving is not None
        self.version, self.leaving = self.leaving, None
        self.ledger.epochs.withdraw(NAMESPACE, reason="?")

    @invariant()
    def the_ledger_holds_what_was_admitted_and_nothing_else(self) -> None:
        for number in range(1, self.count + 1):
            key = f"effect/{number}"
            assert (self.ledger.effects.recorded(key) is not None) == (key in self.recorded)

    @invariant()
    def the_epoch_is_what_was_last_said(self) -> None:
        epoch = self.ledger.epochs.current(NAMESPACE)
        assert epoch is not None
        assert (epoch.version, epoch.leaving) == (self.version, self.leaving)

    def admits(self, standing: Standing) -> bool:
        return standing.epoch in {self.version, self.leaving}


TestAnyOrderOfRaises = EpochMachine.TestCase
TestAnyOrderOfRaises.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
