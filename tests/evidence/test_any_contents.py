"""Whatever was decided, and whatever anybody wrote: the bundle is built, and holds."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from maestro.evidence.contents import Dossier
from maestro.evidence.verification import verify
from maestro.model.decision import DecisionCard, Links
from maestro.signing.keys import open_evidence_keyring
from tests.evidence.bundles import Sealed, seal_bundle
from tests.evidence.samples import SEALED_AT, dossier
from tests.render.sample_cards import CARDS

KEYS = "keys"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ring") / KEYS
    open_evidence_keyring(folder)
    return folder


def with_card(made: Dossier, card: DecisionCard) -> Dossier:
    return replace(made, contents=made.contents.model_copy(update={"card": card}))


def sealed_with(card: DecisionCard, made: Dossier, folder: Path, *, keys: Path) -> Sealed:
    (folder / KEYS).symlink_to(keys)
    return seal_bundle(with_card(made, card), folder, keys=open_evidence_keyring(keys))


def holds(made: Sealed, folder: Path) -> None:
    found = verify(made.folder(folder), trust=made.trust, now=SEALED_AT + timedelta(days=1))
    assert found.problems == ()
    assert found.holds


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_a_card_of_every_kind_is_sealed(card: DecisionCard, tmp_path: Path, keys: Path) -> None:
    made = dossier(tmp_path)
    plan = card.plan and card.plan.model_copy(update={"body": made.contents.evidence[0].ref, "replay": None})
    report = card.report and card.report.model_copy(update={"results": (), "logs": ()})
    kept = {"links": Links(), "findings": made.contents.card.findings, "plan": plan, "report": report}
    holds(sealed_with(card.model_copy(update=kept), made, tmp_path, keys=keys), tmp_path / "bundle")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"artifacts/{0:064}", id="the path of an artifact that is not there"),
        pytest.param(f"../artifacts/{0:064} sha256:{0:064}", id="a link and a digest"),
        pytest.param("x \udcff\x00\x1b[31m", id="no Unicode, and a terminal's commands"),
        pytest.param("\u202eabc\u2066", id="other directions of writing"),
        pytest.param("</td><script>alert(1)</script>", id="HTML"),
        pytest.param("|a|b|\n# heading\n\n- list `code` **b** <!-- c -->", id="Markdown"),
        pytest.param("{{ 7*7 }} {% raw %} #set page() $x^2$", id="templates"),
        pytest.param("/tmp/repo is broken", id="the place of the repository"),
        pytest.param("see www.evil.example, https://x.example or [a](http://y.example)", id="addresses"),
        pytest.param("a" * 5_000, id="a long text"),
        pytest.param("", id="nothing"),
    ],
)
def test_no_text_of_anybody_keeps_a_bundle_from_being_sealed(text: str, tmp_path: Path, keys: Path) -> None:
    made = dossier(tmp_path)
    card = made.contents.card
    named = {"title": text, "author": text, "repository": "/tmp/repo", "notes": (text,)}
    changed = {
        "pull_request": card.pull_request.model_copy(update=named),
        "decision": card.decision.model_copy(update={"reasons": (text, "see /tmp/repo"), "actor": text or "policy"}),
        "findings": tuple(one.model_copy(update={"title": text, "reason": text}) for one in card.findings),
        "timeline": tuple(one.model_copy(update={"event": text, "detail": text}) for one in card.timeline),
        "why": text,
        "risk": text,
    }
    holds(sealed_with(card.model_copy(update=changed), made, tmp_path, keys=keys), tmp_path / "bundle")
