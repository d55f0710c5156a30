"""What a forge's deliveries are answered with, and what of them is handed over."""

import json
from typing import Any

import httpx
import pytest
from temporalio.service import RPCStatusCode

from maestro.forges.events import EVENT_LIMIT_BYTES
from maestro.model.arrival import ArrivalKind
from tests.forges.gitea import examples as gitea
from tests.forges.github import examples as github
from tests.forges.github.examples import SECRET, headers, sign
from tests.gateway.webhooks.conftest import Gate

OPENED = next(
    each for each in github.vendored() if each["event"] == "pull_request" and each["payload"].get("action") == "opened"
)["payload"]
BODY = json.dumps(OPENED).encode()
FOLLOWED = {"conduct", "relabelled", "closed", "rerun", "act", "queue_head", "queue_left"}


async def post(gate: Gate, body: bytes, *, event: str = "pull_request", forge: str = "github", **more: str) -> Any:
    return await gate.http.post(f"/webhooks/{forge}", content=body, headers=headers(event, body, **more))


async def test_a_delivery_is_handed_over_before_it_is_answered(gate: Gate) -> None:
    answer = await post(gate, BODY)
    assert answer.status_code == 202
    assert answer.json() == {"delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958", "meaning": "conduct", "ignored": ""}
    [(workflow_id, arrived)] = gate.temporal.taken
    pr, repo = str(OPENED["pull_request"]["number"]), OPENED["repository"]["full_name"]
    assert workflow_id == f"arrival/github/{repo}/{pr}"
    assert (arrived.repo, arrived.pr, arrived.kind) == (repo, pr, ArrivalKind.PULL_REQUEST)
    assert gate.temporal.queues == {"maestro-gateway"}


async def test_the_same_delivery_is_handed_over_under_the_same_name_each_time(gate: Gate) -> None:
    await post(gate, BODY)
    # The header is not signed: whoever replays a delivery may write what they like there.
    await post(gate, BODY, X_GitHub_Delivery="another")
    first, second = gate.temporal.taken
    assert (first[0], first[1].digest) == (second[0], second[1].digest)


async def test_every_example_of_githubs_is_handed_over_or_ignored_with_a_reason(gate: Gate) -> None:
    for each in github.vendored():
        gate.temporal.taken.clear()
        answer = await post(gate, json.dumps(each["payload"]).encode(), event=each["event"])
        assert answer.status_code == 202, (each["event"], answer.text)
        said = answer.json()
        assert bool(gate.temporal.taken) is not bool(said["ignored"]), said
        assert bool(gate.temporal.taken) is (said["meaning"] in FOLLOWED), said


async def test_giteas_deliveries_come_to_the_same(gate: Gate) -> None:
    meanings = set()
    for each in gitea.recorded():
        body = json.dumps(each["payload"]).encode()
        answer = await gate.http.post("/webhooks/gitea", content=body, headers=gitea.headers(each["event"], body))
        assert answer.status_code == 202, answer.text
        meanings.add(answer.json()["meaning"])
    assert {"conduct", "closed"} <= meanings
    assert {workflow_id.split("/")[1] for workflow_id, _ in gate.temporal.taken} == {"gitea"}


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        pytest.param(BODY, "", id="no signature"),
        pytest.param(BODY, sign(BODY, "another secret"), id="of another secret"),
        pytest.param(BODY + b" ", sign(BODY), id="of another body"),
        pytest.param(BODY, sign(BODY).removeprefix("sha256="), id="without its algorithm"),
        pytest.param(BODY, sign(BODY).upper(), id="in capitals"),
        pytest.param(BODY, "sha1=" + "a" * 40, id="of the old algorithm"),
        pytest.param(b"no json at all", "sha256=" + "0" * 64, id="on what cannot be read"),
        pytest.param(b"", "sha256=" + "0" * 64, id="on nothing"),
    ],
)
async def test_without_the_secret_nobody_learns_which_forges_there_are(gate: Gate, body: bytes, signature: str) -> None:
    for forge in ("github", "gitea", "nobody", "GitHub", "%2e%2e", "x" * 2_000):
        answer = await post(gate, body, forge=forge, X_Hub_Signature_256=signature)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() == {
            "type": "about:blank",
            "title": "Unauthorized",
            "status": 401,
            "detail": "The delivery is not signed by a forge that is known here.",
        }
    assert gate.temporal.taken == []


async def test_one_forges_signature_is_none_of_another_kind(gate: Gate) -> None:
    answer = await post(gate, BODY, forge="gitea", X_Gitea_Event="pull_request")
    assert answer.status_code in {400, 401}
    assert gate.temporal.taken == []


async def test_another_secret_holds_at_once(gate: Gate) -> None:
    gate.secret.write_text("the new secret")
    assert (await post(gate, BODY)).status_code == 401
    assert (await post(gate, BODY, X_Hub_Signature_256=sign(BODY, "the new secret"))).status_code == 202


async def test_a_secret_that_cannot_be_read_is_said_without_its_place(gate: Gate) -> None:
    gate.secret.unlink()
    answer = await post(gate, BODY)
    assert answer.status_code == 503
    assert str(gate.secret) not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half of it"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b'{"action": "opened", "action": "closed"}', id="a name twice"),
        pytest.param(b"[" * 100_000, id="deep nesting"),
        pytest.param(b'{"action": "opened", "pull_request": 5}', id="another shape"),
        pytest.param(BODY.replace(b'"sha": "', b'"sha": "../../'), id="a hash that is none"),
        pytest.param(
            json.dumps(OPENED | {"number": "7"}).replace('"full_name": "', '"full_name": "../').encode(), id="up"
        ),
    ],
)
async def test_a_signed_delivery_that_cannot_be_read_is_the_senders_matter(gate: Gate, body: bytes) -> None:
    answer = await post(gate, body)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert gate.temporal.taken == []


@pytest.mark.parametrize("name", ["X-GitHub-Event", "X-GitHub-Delivery"])
async def test_a_signed_delivery_without_a_header_names_it(gate: Gate, name: str) -> None:
    sent = {key: value for key, value in headers("pull_request", BODY).items() if key != name}
    answer = await gate.http.post("/webhooks/github", content=BODY, headers=sent)
    assert (answer.status_code, answer.json()["field"]) == (400, name.lower())


async def test_the_largest_delivery_is_taken(gate: Gate) -> None:
    body = b'{"zen": "x"}'.ljust(EVENT_LIMIT_BYTES)
    answer = await post(gate, body, event="ping")
    assert (answer.status_code, answer.json()["meaning"]) == (202, "ignored")


async def test_temporal_is_asked_again_and_the_forge_told_only_when_it_does_not_come(gate: Gate) -> None:
    gate.temporal.errors = [RPCStatusCode.UNAVAILABLE]
    assert (await post(gate, BODY)).status_code == 202
    gate.temporal.errors = [RPCStatusCode.DEADLINE_EXCEEDED] * 3
    answer = await post(gate, BODY)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert "let the forge deliver it again" in answer.json()["fix"]
    assert len(gate.temporal.taken) == 1


async def test_what_temporal_refuses_for_good_is_not_asked_again(gate: Gate) -> None:
    gate.temporal.errors = [RPCStatusCode.PERMISSION_DENIED]
    assert (await post(gate, BODY)).status_code == 503
    assert gate.temporal.tries == 1


async def test_whoever_guesses_signatures_is_slowed_down(gate: Gate) -> None:
    answers: list[httpx.Response] = []
    while not answers or (answers[-1].status_code == 401 and len(answers) < 2_000):
        answers.append(await post(gate, b"{}", X_Hub_Signature_256=""))
    assert answers[-1].status_code == 429
    assert (await post(gate, BODY)).status_code == 202


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_deliveries_are_posted(gate: Gate, method: str) -> None:
    assert (await gate.http.request(method, "/webhooks/github")).status_code == 405


def test_the_secret_of_these_tests_is_githubs_own_example() -> None:
    assert SECRET == "It's a Secret to Everybody"
