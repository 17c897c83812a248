"""Small calls: how many a second, and how long the slowest of a hundred takes. Beside them the bare database."""

import os
import sqlite3
import time

import bare
from measure import markdown
from postgres import Postgres
from scene import Scene
from servers import AgentDrop
from wrk import CLIENTS, THREADS, load, script

SECONDS = 5
RECORDED = 500

# By these the statements of a call are known: those of its credential, then its own.
CREDENTIAL = 'FROM "api_keys"'
INBOX = (CREDENTIAL, 'FROM "agents" WHERE "agents"."id" = ', 'FROM "transfers" WHERE "transfers"."recipient_agent')


def measure(options, folder):
    """Returns Markdown."""
    rows = [["", "calls/s", "p50 ms", "p99 ms", "bare database, one connection: /s", "p99 ms"]]
    with Postgres(os.path.join(folder, "postgres")) as postgres:
        record, names = on_postgres(options, folder, postgres, rows)
    on_sqlite(options, folder, record, names, rows)
    return f"""
### Small calls, {CLIENTS} connections for {SECONDS} s

{markdown(rows)}
"""


def on_postgres(options, folder, postgres, rows):
    settings = {"AGENTDROP_DATABASE_URL": postgres.url}
    with AgentDrop(os.path.join(folder, "agentdrop"), options.server, **settings) as server:
        scene = Scene(server)
        names = scene.names()
        server.stop()
        # As it was before the calls that are recorded.
        postgres.run("createdb", *postgres.connection, "--template=agentdrop", "bare")
        server.serve()
        record = make_record(postgres, scene)
        server.stop()
        known = {kind: bare.postgres(postgres, "bare", groups) for kind, groups in record.items()}
        server.serve()
        rows += told("Postgres", scene, known, folder)
    return record, names


def on_sqlite(options, folder, record, names, rows):
    with AgentDrop(os.path.join(folder, "agentdrop"), options.server) as server:
        scene = Scene(server)
        translation = dict(zip(names, scene.names()))
        server.stop()
        path = os.path.join(folder, "bare.sqlite3")
        # Not by copying the file: what was written last may be in its log still.
        with sqlite3.connect(os.path.join(server.settings["AGENTDROP_DATA_DIR"], "agentdrop.sqlite3")) as source:
            source.backup(sqlite3.connect(path))
        known = {kind: bare.sqlite(path, groups, translation) for kind, groups in record.items()}
        server.serve()
        rows += told("SQLite", scene, known, folder)


def make_record(postgres, scene):
    """The statements of calls that are made one after the other, by kind of call."""
    server = scene.server
    # What is done once only, such as preparing, is not of interest.
    propose(scene, 1)
    server.call(scene.key, "GET", scene.inbox_path)
    postgres.log_statements("all")
    time.sleep(0.5)
    propose(scene, RECORDED)
    server.call(scene.key, "GET", scene.inbox_path)
    postgres.log_statements("none")
    with open(postgres.log, encoding="utf-8") as file:
        log = file.read()
    credential = bare.reads(log, [CREDENTIAL])
    proposals = [credential + proposal for proposal in bare.transactions(log, 'INSERT INTO "pairings"')]
    return {"inbox": [bare.reads(log, INBOX)] * RECORDED, "pairing": proposals}


def propose(scene, count):
    for body in scene.bodies()[:count]:
        scene.server.call(scene.key, "POST", scene.pairings_path, body)
    del scene.pairs[:count]


def told(database, scene, known, folder):
    """The rows of a database."""
    key = f"Authorization: Bearer {scene.key}"
    inbox = load(SECONDS, "--header", key, scene.server.url + scene.inbox_path)
    pairing = propose_many(scene, SECONDS, scene.write_bodies(os.path.join(folder, "bodies")))
    for kind, name, measured in (("inbox", "inbox of 10 transfers", inbox), ("pairing", "create pairing", pairing)):
        (rate, p50, p99), (a_second, bare_p99) = measured, bare.row(known[kind])
        figures = [f"{rate:.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{a_second:.0f}", f"{bare_p99:.1f}"]
        yield [f"{database}, {name}", *figures]


def propose_many(scene, seconds, bodies):
    """Proposes the pairings of a file; returns what wrk tells."""
    headers = [f"Authorization: Bearer {scene.key}", "Content-Type: application/json"]
    arguments = [argument for header in headers for argument in ("--header", header)]
    url = scene.server.url + scene.pairings_path
    return load(seconds, "--script", script("pairings.lua"), *arguments, url, "--", bodies, str(THREADS))
