"""The topology: the shipped file, one's own file, and what is refused before a stack starts."""

from decimal import Decimal
from pathlib import Path

import pytest

from maestro.config.topology import Topology, load_topology, topology_path
from maestro.config.yamlfile import parse, read
from maestro.errors import BadInput
from maestro.resources import resource_path

REGION = "{id: home, grid: europe-north1, price_usd_per_hour: 0.1, power_kw: 0.01, slots: 1}"
OWN = f"regions:\n  - {REGION}\n"


def topology(text: str) -> Topology:
    return parse(text, Topology, source="t.yaml")


def test_the_shipped_file_spells_out_every_default() -> None:
    path = resource_path("temporal-dev.yaml")
    shipped = load_topology(path)
    assert shipped == Topology(regions=shipped.regions, clusters=shipped.clusters)
    written, _ = read(path.read_text(encoding="utf-8"), source="")
    for name, section in Topology(regions=shipped.regions).model_dump(exclude={"regions", "clusters"}).items():
        assert written[name] == section or set(written[name]) == set(section), name


def test_the_shipped_stack_has_two_regions_on_grids_with_known_carbon() -> None:
    north, west = load_topology(resource_path("temporal-dev.yaml")).model_regions()
    assert (north.carbon_g_per_kwh, west.carbon_g_per_kwh) == (39.32, 208.81)
    assert "europe-north1" in north.carbon_source
    assert north.price_usd_per_hour == Decimal("0.037")


def test_the_shipped_stack_listens_on_loopback_only() -> None:
    temporal = load_topology(resource_path("temporal-dev.yaml")).temporal
    assert (temporal.host, temporal.port, temporal.ui_port) == ("127.0.0.1", 7233, 8233)


def test_a_region_without_a_title_has_its_grids_place() -> None:
    assert topology(OWN).model_regions()[0].title == "Finland"


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        pytest.param("regions: []", "t.yaml:1", "no region", id="no region at all"),
        pytest.param(
            OWN + f"  - {REGION}\n", "t.yaml:1", "two regions have the id 'home'", id="two regions of one name"
        ),
        pytest.param(
            OWN.replace("europe-north1", "europe-nort1"),
            "t.yaml:2: regions[0].grid",
            "did you mean 'europe-north1'?",
            id="a grid without figures",
        ),
        pytest.param(
            OWN.replace("slots: 1", "slots: 1, metrics_port: 8233"), "t.yaml:1", "port 8233", id="a port used twice"
        ),
        pytest.param(OWN + "temporal: {address: localhost}", "t.yaml:3: temporal.address", "", id="no port"),
        pytest.param(
            OWN + "run: {hang_timeout_seconds: 1800}", "t.yaml:3: run", "lower hang_timeout", id="hangs never noticed"
        ),
        pytest.param(
            OWN + "decision: {reminder_after_seconds: 999999}", "t.yaml:3: decision", "reminder", id="a late reminder"
        ),
        pytest.param(
            OWN + "nightly: {catchup_seconds: 1000000}", "t.yaml:3: nightly.catchup_seconds", "", id="catch-up"
        ),
        pytest.param(OWN + "search_attributes: {A: keyword}", "t.yaml:3: search_attributes.A", "Keyword", id="a type"),
    ],
)
def test_a_topology_that_cannot_work_is_refused(text: str, field: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        topology(text)
    assert caught.value.field == field
    assert words in str(caught.value)


def test_the_file_is_looked_for_in_the_argument_then_the_variable_then_here_then_in_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, here = tmp_path / "named.yaml", tmp_path / "temporal-dev.yaml"
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAESTRO_TOPOLOGY", raising=False)
    assert topology_path() == resource_path("temporal-dev.yaml")
    here.write_text(OWN)
    assert topology_path() == here
    named.write_text(OWN)
    monkeypatch.setenv("MAESTRO_TOPOLOGY", str(named))
    assert topology_path() == named
    assert topology_path(here) == here


def test_a_variable_that_names_no_file_is_said_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_TOPOLOGY", "nowhere.yaml")
    with pytest.raises(BadInput) as caught:
        load_topology()
    assert caught.value.field == "MAESTRO_TOPOLOGY"
