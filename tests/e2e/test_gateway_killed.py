"""A gateway that dies between an action's arrival and its answer: the action is taken once, and the next gateway says
what it changed.
"""

import threading
import time
from collections.abc import Callable

import httpx

from maestro.model.decision import DecisionCard
from maestro.model.record import RecordKind
from tests.e2e.conducting import conduct
from tests.e2e.conftest import MakeProject
from tests.localstack import LocalStack

LIMIT_SECONDS = 60.0
WORKERS = ("worker eu-north", "worker eu-west")


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def until(is_so: Callable[[], object], *, of: str) -> None:
    end = time.monotonic() + LIMIT_SECONDS
    while not is_so():
        assert time.monotonic() < end, of
        time.sleep(0.1)


def approve(address: str, card: DecisionCard) -> httpx.Response:
    body = {"pull_request": card.pull_request.workflow_id, "card_version": card.version, "reason": "read it"}
    headers = {"Idempotency-Key": "one-approval"}
    return httpx.post(
        f"{address}/api/decision/approve", json=body, headers=headers, trust_env=False, timeout=LIMIT_SECONDS
    )


def test_an_action_whose_gateway_is_killed_before_it_answers_is_taken_once(
    stack: LocalStack, make_project: MakeProject
) -> None:
    project = make_project({"calc.py": "def double(x):\n    return x + x\n"})
    card = conduct(stack, project.folder, "--agent", "--author", "bot@example.org").card
    address = stack.state().gateway
    processes = stack.processes()
    lost: list[Exception] = []

    def try_to_approve() -> None:
        try:
            approve(address, card)
        except httpx.TransportError as error:
            lost.append(error)

    for name in WORKERS:
        processes[name].suspend()
    try:
        # With no worker awake, the action has arrived and cannot be answered.
        acting = threading.Thread(target=try_to_approve)
        acting.start()
        acting.join(timeout=1.5)
        assert acting.is_alive(), "it was answered already"
        processes["gateway"].kill()
        acting.join(timeout=LIMIT_SECONDS)
        assert len(lost) == 1
    finally:
        for name in WORKERS:
            processes[name].resume()
    until(lambda: is_ready(address), of="the gateway is started again")
    answers = [approve(address, card) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3, answers[0].text
    assert len({answer.content for answer in answers}) == 1
    head = card.pull_request.head_sha
    shown = stack.maestro("pr", "watch", head)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    taken = stack.maestro("ledger", "show", "--kind", RecordKind.ACTION.value, "--json")
    assert taken.stdout.count(f"action/{card.pull_request.repo}/{card.pull_request.pr}/{head}/") == 1
