"""Yearly average carbon intensity of the grids that regions draw from; location-based, with its source."""

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple

FIGURES = "gcp-region-carbon-2024.csv"
SOURCE = "Google Cloud region carbon data 2024, grid carbon intensity, yearly average (Apache-2.0)"

_KEY = "Google Cloud Region"
_PLACE = "Location"
_INTENSITY = "Grid carbon intensity (gCO2eq / kWh)"


class Grid(NamedTuple):
    """A grid: where it is and how many grams of CO2 equivalent a kilowatt hour cost there."""

    key: str
    location: str
    carbon_g_per_kwh: float


@cache
def grids() -> dict[str, Grid]:
    """Every grid of the shipped figures, by key."""
    text = files("maestro.config").joinpath("data", FIGURES).read_text(encoding="utf-8")
    return {
        row[_KEY]: Grid(row[_KEY], row[_PLACE], float(row[_INTENSITY])) for row in csv.DictReader(text.splitlines())
    }
