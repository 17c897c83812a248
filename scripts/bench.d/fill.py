"""Fills a database of ours with transfers, each made after one that the server made: rows of a table `fill` tell in
what they differ."""

import csv
import datetime
import os
import random
import sqlite3
import uuid
from collections import Counter, namedtuple

Party = namedtuple("Party", "account agent")
# Somebody whose calls are measured: how many transfers it sent, and how many wait in its inbox.
Watched = namedtuple("Watched", "party sent received")
Row = namedtuple("Row", (
    "id subject file_id object_key audit_id status sender sender_agent seq recipient recipient_agent "
    "created_at expires_at ended_at held"
))

# Of twenty transfers so many stand so; watched inboxes have active ones alone.
STATUSES = ["active"] * 12 + ["downloaded"] * 5 + ["expired"] * 2 + ["deleted"]
TRANSFERS_A_PARTY = 500
AGE, LIFE = datetime.timedelta(days=30), datetime.timedelta(days=60)

TRANSFERS = {
    "id": "fill.id", "status": "fill.status", "sender_account_id": "fill.sender",
    "sender_agent_id": "fill.sender_agent", "recipient_account_id": "fill.recipient",
    "recipient_agent_id": "fill.recipient_agent", "created_at": "fill.created_at", "expires_at": "fill.expires_at",
    "ended_at": "fill.ended_at", "purged_at": "fill.ended_at", "storage_bytes": "template.total_size * fill.held",
    "max_downloads": "1000000000",
}
FILES = {"transfer_id": "fill.id", "id": "fill.file_id", "object_key": "fill.object_key"}
EVENTS = {"account_id": "fill.sender", "seq": "fill.seq", "subject": "fill.subject", "at": "fill.created_at"}
AUDIT = {"id": "fill.audit_id", "account_id": "fill.sender", "subject": "fill.subject", "at": "fill.created_at"}
ACCOUNTS = {"id": "fill_parties.account", "email": "fill_parties.email"}
AGENTS = {"id": "fill_parties.agent", "account_id": "fill_parties.account"}
COUNTERS = """
    UPDATE accounts SET
        event_seq = (SELECT coalesce(max(seq), 0) FROM events WHERE account_id = accounts.id),
        storage_used = (SELECT coalesce(sum(storage_bytes), 0) FROM transfers WHERE sender_account_id = accounts.id)
"""


def new_id(chance):
    return uuid.UUID(int=chance.getrandbits(128), version=4)


def parties(count, chance):
    return [Party(new_id(chance), new_id(chance)) for _ in range(count)]


def rows(size, watched, others, chance):
    """The rows of `fill`, oldest first."""
    roles = [(w.party, None) for w in watched for _ in range(w.sent)]
    roles += [(None, w.party) for w in watched for _ in range(w.received)]
    roles += [(None, None)] * (size - len(roles))
    chance.shuffle(roles)
    begin = datetime.datetime.now(datetime.UTC) - AGE
    # The numbers that the server has given out already are below.
    numbers = Counter()
    for number, (sender, recipient) in enumerate(roles):
        status = "active" if recipient else STATUSES[numbers[sender] % 20 if sender else chance.randrange(20)]
        sender, recipient = sender or chance.choice(others), recipient or chance.choice(others)
        numbers[sender] += 1
        created = begin + AGE * number / size
        ended = None if status == "active" else created + datetime.timedelta(minutes=1)
        name, upload = new_id(chance), new_id(chance)
        yield Row(
            name, f"tr_{name}", new_id(chance), f"objects/{str(upload)[:2]}/{upload}", new_id(chance), status,
            sender.account, sender.agent, 1000 + numbers[sender], recipient.account, recipient.agent,
            written(created), written(ended or created + LIFE), ended and written(ended), int(status == "active"),
        )


def written(moment):
    """A time as both databases have it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f+00:00")


def insertions(columns):
    """The statements; `columns` tells those of a table."""
    def after_template(table, differing, source):
        values = ", ".join(differing.get(name, f"template.{name}") for name in columns(table))
        return (
            f"INSERT INTO {table} ({', '.join(columns(table))}) SELECT {values} "
            f"FROM {source} CROSS JOIN (SELECT * FROM {table} LIMIT 1) AS template"
        )

    yield after_template("accounts", ACCOUNTS, "fill_parties")
    yield after_template("agents", AGENTS, "fill_parties")
    yield after_template("transfers", TRANSFERS, "fill")
    yield after_template("transfer_files", FILES, "fill")
    yield after_template("events", EVENTS, "fill")
    yield after_template("audit_entries", AUDIT, "fill")
    yield COUNTERS


def fill(database, size, watched):
    """Fills up to `size` transfers; returns for each of the watched the paths of its waiting downloads."""
    chance = random.Random(1)
    others = parties(max(10, size // TRANSFERS_A_PARTY), chance)
    waiting = {w.party.agent: [] for w in watched}

    def seen():
        for row in rows(size, watched, others, chance):
            if row.recipient_agent in waiting:
                waiting[row.recipient_agent].append(f"/v1/transfers/{row.subject}/download")
            yield row

    with_addresses = ((party.account, f"{party.account}@example.org", party.agent) for party in others)
    database.fill(with_addresses, seen())
    return [waiting[w.party.agent] for w in watched]


def definitions(id_type, time_type, number_type):
    types = {"subject": "text", "object_key": "text", "status": "text"}
    types |= {name: time_type for name in ("created_at", "expires_at", "ended_at")}
    types |= {name: number_type for name in ("seq", "held")}
    yield f"CREATE TABLE fill ({', '.join(f'{name} {types.get(name, id_type)}' for name in Row._fields)})"
    yield f"CREATE TABLE fill_parties (account {id_type}, email text, agent {id_type})"


class SqliteFile:
    """Left without statistics: the server gathers none."""

    def __init__(self, path):
        self.path = path

    def fill(self, its_parties, its_rows):
        database = sqlite3.connect(self.path, isolation_level=None)
        # Nobody else is there, and a fill that is cut off is begun anew.
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
            database.execute(f"PRAGMA {pragma}").fetchall()
        for statement in ("BEGIN", *definitions("blob", "text", "integer")):
            database.execute(statement)
        stored = (tuple(v.bytes if isinstance(v, uuid.UUID) else v for v in row) for row in its_rows)
        database.executemany(f"INSERT INTO fill VALUES ({', '.join('?' * len(Row._fields))})", stored)
        stored = ((account.bytes, email, agent.bytes) for account, email, agent in its_parties)
        database.executemany("INSERT INTO fill_parties VALUES (?, ?, ?)", stored)
        for statement in (*insertions(lambda table: self.columns(database, table)), "COMMIT"):
            database.execute(statement)
        database.close()

    def columns(self, database, table):
        return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]


class PostgresDatabase:
    """With the statistics and the visibility map that autovacuum would make in a while."""

    def __init__(self, postgres, name):
        self.postgres, self.name = postgres, name

    def fill(self, its_parties, its_rows):
        loads = [self.load("fill", its_rows), self.load("fill_parties", its_parties)]
        statements = [
            # References need no look: what they name is made here, too.
            "SET session_replication_role = replica",
            *definitions("uuid", "timestamptz", "bigint"),
            *loads,
            *insertions(self.columns),
        ]
        self.postgres.query(*statements, database=self.name)
        self.postgres.query("DROP TABLE fill, fill_parties", "VACUUM ANALYZE", "CHECKPOINT", database=self.name)

    def load(self, table, its_rows):
        path = os.path.join(self.postgres.folder, table)
        with open(path, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(its_rows)
        return f"\\copy {table} FROM '{path}' CSV"

    def columns(self, table):
        wanted = f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'"
        return self.postgres.query(f"{wanted} ORDER BY ordinal_position", database=self.name).split()
