"""A journal that only a drill's ledger keeps: each change of a lease and of an epoch, written by the database itself.

What was true at a moment cannot be read from rows that are changed in place. A trigger runs in the transaction of the
change and holds its row, so that the journal's order is the order in which the changes came about.
"""

import psycopg
import sqlalchemy as sa

_TABLES = """
CREATE TABLE IF NOT EXISTS drill_leases (
    number bigserial PRIMARY KEY, resource text, holder text, fence bigint, region text, epoch bigint,
    expires_at double precision, at double precision
);
CREATE TABLE IF NOT EXISTS drill_epochs (
    number bigserial PRIMARY KEY, namespace text, version bigint, cluster text, leaving bigint, at double precision
);
CREATE OR REPLACE FUNCTION drill_note_lease() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO drill_leases (resource, holder, fence, region, epoch, expires_at, at)
    VALUES (NEW.resource, NEW.holder, NEW.fence, NEW.region, NEW.epoch, NEW.expires_at,
            extract(epoch FROM clock_timestamp()));
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION drill_note_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO drill_epochs (namespace, version, cluster, leaving, at)
    VALUES (NEW.namespace, NEW.version, NEW.cluster, NEW.leaving, extract(epoch FROM clock_timestamp()));
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER drill_leases AFTER INSERT OR UPDATE ON leases
    FOR EACH ROW EXECUTE FUNCTION drill_note_lease();
CREATE OR REPLACE TRIGGER drill_epochs AFTER INSERT OR UPDATE ON epochs
    FOR EACH ROW EXECUTE FUNCTION drill_note_epoch();
"""


def keep_journal(url: str) -> None:
    """Let the ledger, whose tables are there, keep the journal from now on."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute(_TABLES)


def plain(url: str) -> str:
    """The ledger's address as the driver takes it."""
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
