"""Templates of a user's own are tried before any pull request meets them."""

from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.render import trial
from maestro.render.trial import try_templates
from maestro.resources import resource_dir


def test_shipped_templates_take_every_card_of_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_TEMPLATES", str(resource_dir("templates")))
    try_templates()


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        pytest.param("narrative.md.j2", "{{ nobody }}", id="a name that nothing gives a value"),
        pytest.param("card.html.j2", "{% if %}", id="a template that is not well written"),
        pytest.param("step_summary.md.j2", "{{ card.nobody.title }}", id="an attribute that is not there"),
    ],
)
def test_a_broken_template_is_refused_by_name_before_anything_starts(
    template: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / template).write_text(f"fine\n{wrong}\n")
    monkeypatch.setenv("MAESTRO_TEMPLATES", str(tmp_path))
    with pytest.raises(BadInput) as refused:
        try_templates()
    assert refused.value.field == f"{template}:2"


def test_without_templates_of_ones_own_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAESTRO_TEMPLATES", raising=False)
    monkeypatch.setattr(trial, "narrative", None)
    try_templates()
