"""The shipped carbon figures."""

from maestro.config.carbon import grids


def test_every_grid_has_a_place_and_a_plausible_figure() -> None:
    assert len(grids()) == 44
    for key, grid in grids().items():
        assert grid.key == key
        assert grid.location
        assert 0 < grid.carbon_g_per_kwh < 1_000
