"""Clusters whose state is in a PostgreSQL: two databases per cluster, with the tables of the server's release.

The tables are made and brought up to date by Temporal's own schema tool, which carries them.
"""

import json
import os
import re
import subprocess
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from maestro.config.clusters import Persistence
from maestro.errors import BadInput, PlatformUnavailable
from workers.clusters.binary import SQL_TOOL, Tell, find

PLUGIN = "postgres12_pgx"
STORES = {"main": "temporal", "visibility": "visibility"}
"""Each database with the name that the schema tool has for its tables."""

CONNECTIONS = 10
"""Per database and server; PostgreSQL itself allows a hundred by default."""

CONNECT_SECONDS = 10
TOOL_SECONDS = 300.0


class Server(NamedTuple):
    """A PostgreSQL as its address says."""

    host: str
    port: int
    user: str
    password: str


def server_of(persistence: Persistence) -> Server:
    """What ``persistence.url`` says. Raises BadInput where it is not such an address."""
    try:
        url = urlsplit(persistence.url)
        port = url.port or 5432
    except ValueError:
        url, port = urlsplit(""), 0
    if url.scheme != "postgresql" or not url.hostname or not url.username or url.path.strip("/"):
        raise BadInput(
            "this is not the address of a PostgreSQL server",
            field="persistence.url",
            fix="write postgresql://user:password@host:port, without a database: each cluster gets two of its own",
        )
    return Server(url.hostname, port, unquote(url.username), unquote(url.password or ""))


def database(cluster: str, store: str) -> str:
    """The name of a cluster's database, for ``store`` main or visibility."""
    return f"temporal_{cluster.replace('-', '_')}_{store}"


def datastore(persistence: Persistence, cluster: str, store: str) -> dict[str, Any]:
    """The server's setting for one of the two databases."""
    server = server_of(persistence)
    return {
        "pluginName": PLUGIN,
        "databaseName": database(cluster, store),
        "connectAddr": f"{server.host}:{server.port}",
        "connectProtocol": "tcp",
        "user": server.user,
        "password": server.password,
        "maxConns": CONNECTIONS,
        "maxIdleConns": CONNECTIONS,
    }


def prepare_databases(persistence: Persistence, clusters: Sequence[str], tell: Tell) -> None:
    """Make each cluster's databases and bring their tables up to date. What is there already stays.

    Raises PlatformUnavailable where PostgreSQL does not answer, refuses, or the tables cannot be made.
    """
    server = server_of(persistence)
    names = {database(cluster, store): schema for cluster in clusters for store, schema in STORES.items()}
    created = _create(server, names)
    for name, schema in names.items():
        tell(f"bringing the tables of {name} up to date")
        if name in created or not _is_versioned(server, name):
            _tool(server, name, "setup-schema", "--version", "0.0")
        _tool(server, name, "update-schema", "--schema-name", f"postgresql/v12/{schema}")


def _create(server: Server, names: dict[str, str]) -> set[str]:
    with _connected(server, "postgres") as connection:
        known = {str(row[0]) for row in connection.execute("SELECT datname FROM pg_database")}
        missing = names.keys() - known
        for name in sorted(missing):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return missing


def _is_versioned(server: Server, name: str) -> bool:
    """Whether the tables that keep the schema's version are there: a start that was killed may have left none."""
    with _connected(server, name) as connection:
        found = connection.execute("SELECT to_regclass('schema_version')").fetchone()
        return found is not None and found[0] is not None


def _connected(server: Server, name: str) -> "psycopg.Connection[tuple[Any, ...]]":
    try:
        return psycopg.connect(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            dbname=name,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
        )
    except psycopg.Error as error:
        raise PlatformUnavailable(
            f"PostgreSQL at {server.host}:{server.port} does not let {server.user} in: {error}",
            field="persistence.url",
            fix="correct the address, or start that PostgreSQL",
        ) from error


def _tool(server: Server, name: str, *command: str) -> None:
    tool = find(SQL_TOOL, lambda _line: None)
    address = ["--endpoint", server.host, "--port", str(server.port), "--user", server.user]
    done = subprocess.run(
        [str(tool), "--plugin", PLUGIN, *address, "--database", name, *command],
        # Not as an argument, where every user of the machine could read it.
        env=os.environ | {"SQL_PASSWORD": server.password},
        capture_output=True,
        text=True,
        check=False,
        timeout=TOOL_SECONDS,
    )
    if done.returncode:
        raise PlatformUnavailable(
            f"the tables of {name} cannot be made: {_reason(done.stdout + done.stderr)}",
            field="persistence.url",
            fix="see that the user may create tables and extensions there, that PostgreSQL's own extension btree_gin "
            "(package postgresql-contrib) is installed, and that no newer Temporal has used this database",
        )


def _reason(output: str) -> str:
    """What the tool says went wrong, without its log lines about everything else."""
    found = re.findall(r'"error": "((?:[^"\\]|\\.)*)"', output)
    return str(json.loads(f'"{found[-1]}"')) if found else "\n".join(output.strip().splitlines()[-2:])
