"""What events are found by, brought into its index many at a time.

A word's place in the index is far from the next one's, so each would cost a page of the disk if it were put there with
its event. They wait in `fresh`, where they lie together, and move in the order of the index, by the database itself. An
event's words are in `fresh` or in `mark`, never in both, so whoever adds up the two sees all of them.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from gateway.audit.database import Database
from gateway.audit.schema import fresh, head

_MOVE = {
    "sqlite": "INSERT OR IGNORE INTO mark (word, seq) "
    "SELECT each.value, fresh.seq FROM fresh, json_each(fresh.words) AS each ORDER BY 1, 2",
    "postgresql": "INSERT INTO mark (word, seq) "
    "SELECT each.value, fresh.seq FROM fresh, jsonb_array_elements_text(fresh.words::jsonb) AS each ORDER BY 1, 2 "
    "ON CONFLICT DO NOTHING",
}


def move(connection: Connection) -> None:
    """Put what waits into the index, inside the caller's transaction of `Database.writing`.

    The head's row keeps the writers of other nodes out, or what they add between the two statements would be lost.
    """
    connection.execute(select(head.c.seq).with_for_update())
    connection.exec_driver_sql(_MOVE[connection.dialect.name])
    connection.execute(delete(fresh))


def catch_up(database: Database) -> None:
    """Put what waits into the index, if anything does. AuditError when it cannot be written."""
    with database.reading() as connection:
        waits = connection.execute(select(fresh.c.seq).limit(1)).first() is not None
    if waits:
        with database.writing() as connection:
            move(connection)
