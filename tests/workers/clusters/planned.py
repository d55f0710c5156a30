"""Topologies with two clusters, as the tests of this folder vary them."""

from maestro.config.topology import Topology
from maestro.config.yamlfile import parse

TEXT = """
regions:
  - {id: eu-north, grid: europe-north1, price_usd_per_hour: 0.1, power_kw: 0.01, slots: 1, cluster: north}
  - {id: eu-west, grid: europe-west4, price_usd_per_hour: 0.1, power_kw: 0.01, slots: 1, cluster: west}
clusters:
  - {name: north, address: "127.0.0.1:7333", initial_failover_version: 1, metrics_address: "127.0.0.1:8033"}
  - {name: west, address: "127.0.0.1:7533", initial_failover_version: 2}
"""


def topology(text: str = TEXT) -> Topology:
    return parse(text, Topology, source="t.yaml")
