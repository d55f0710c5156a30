"""Clusters whose state is in a PostgreSQL: two databases per cluster."""

from typing import Any
from urllib.parse import unquote, urlsplit

from maestro.config.clusters import Persistence

PLUGIN = "postgres12_pgx"
CONNECTIONS = 10
"""Per database and server; PostgreSQL itself allows a hundred by default."""


def database(cluster: str, store: str) -> str:
    """The name of a cluster's database, for ``store`` main or visibility."""
    return f"temporal_{cluster.replace('-', '_')}_{store}"


def datastore(persistence: Persistence, cluster: str, store: str) -> dict[str, Any]:
    """The server's setting for one of the two databases."""
    url = urlsplit(persistence.url)
    return {
        "pluginName": PLUGIN,
        "databaseName": database(cluster, store),
        "connectAddr": f"{url.hostname}:{url.port or 5432}",
        "connectProtocol": "tcp",
        "user": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "maxConns": CONNECTIONS,
        "maxIdleConns": CONNECTIONS,
    }
