import os
import queue
import time
import uuid
from pathlib import Path

import psycopg2

CONNECTIONS_KEPT = 8
# A database that restarts is back in a second or two: worth waiting for rather than failing a request.
PATIENCE_S = 8
ENTRIES_SHOWN = 100


class Unavailable(Exception):
    """The database did not answer for as long as a request can wait."""


class Store:
    """The entries, in PostgreSQL. Every operation may be repeated, so a lost connection only takes time."""

    def __init__(self):
        self._free = queue.LifoQueue(CONNECTIONS_KEPT)
        self.ready = False

    def prepare(self, stop):
        """Makes the table, as soon as the database is there."""
        while not stop.is_set():
            try:
                self._retry(_make_table)
                self.ready = True
                print("the database is there", flush=True)
                return
            except Unavailable as error:
                print(f"waiting for the database: {error}", flush=True)

    def entries(self):
        return self._retry(_read)

    def add(self, name, text, replica, entry_id=None):
        row = (entry_id or str(uuid.uuid4()), name, text, replica)
        return self._retry(lambda cursor: _write(cursor, row))

    def _retry(self, operation):
        end = time.monotonic() + PATIENCE_S
        pause = 0.05
        while True:
            try:
                return self._once(operation)
            except (psycopg2.OperationalError, psycopg2.InterfaceError, OSError) as error:
                if time.monotonic() + pause > end:
                    raise Unavailable(str(error).strip()) from error
            time.sleep(pause)
            pause = min(pause * 2, 0.5)

    def _once(self, operation):
        connection = self._take()
        try:
            with connection, connection.cursor() as cursor:
                result = operation(cursor)
        except BaseException:
            connection.close()
            # Where one is broken the others are, too.
            self._drop_free()
            raise
        try:
            self._free.put_nowait(connection)
        except queue.Full:
            connection.close()
        return result

    def _take(self):
        try:
            return self._free.get_nowait()
        except queue.Empty:
            return _connect()

    def _drop_free(self):
        while True:
            try:
                self._free.get_nowait().close()
            except queue.Empty:
                return


def _connect():
    """Host, user and database come from PGHOST, PGUSER and PGDATABASE; the password is read anew each time."""
    secret = Path(os.environ.get("PGPASSWORD_FILE", "/run/secrets/db_password"))
    return psycopg2.connect(
        password=secret.read_text().rstrip("\n"),
        connect_timeout=2,
        tcp_user_timeout=5000,
        options="-c statement_timeout=5000",
        application_name="guestbook",
    )


def _make_table(cursor):
    # Replicas start at once; one of them makes it.
    cursor.execute("SELECT pg_advisory_xact_lock(20)")
    cursor.execute(
        """CREATE TABLE IF NOT EXISTS entries (
             id uuid PRIMARY KEY,
             at timestamptz NOT NULL DEFAULT now(),
             name text NOT NULL,
             text text NOT NULL,
             replica text NOT NULL)"""
    )
    cursor.execute("CREATE INDEX IF NOT EXISTS entries_at ON entries (at)")


def _read(cursor):
    cursor.execute(
        "SELECT id::text, at, name, text, replica FROM entries ORDER BY at DESC LIMIT %s",
        (ENTRIES_SHOWN,),
    )
    return [_entry(row) for row in cursor.fetchall()]


def _write(cursor, row):
    # The id makes a repeated write the same write.
    cursor.execute(
        "INSERT INTO entries (id, name, text, replica) VALUES (%s, %s, %s, %s) ON CONFLICT (id) DO NOTHING",
        row,
    )
    cursor.execute("SELECT id::text, at, name, text, replica FROM entries WHERE id = %s", row[:1])
    return _entry(cursor.fetchone())


def _entry(row):
    entry_id, at, name, text, replica = row
    return {"id": entry_id, "at": at.isoformat(), "name": name, "text": text, "replica": replica}
