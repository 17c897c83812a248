"""Small calls: how many a second, and how long the slowest of a hundred takes. Beside them the bare database."""

import json
import os
import re
import sqlite3
import subprocess
import time

import bare
from measure import markdown
from postgres import Postgres
from scene import Scene
from servers import AgentDrop

SECONDS = 5
CLIENTS = 16
THREADS = 2
RECORDED = 500

LUA = os.path.join(os.path.dirname(__file__), "pairings.lua")
# By these the statements of a call are known: those of its credential, then its own.
CREDENTIAL = 'FROM (("api_keys"'
INBOX = (CREDENTIAL, 'FROM "agents" WHERE (("agents"."id" = ', 'FROM "transfers" WHERE ((("transfers"."recipient_agent')


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
    inbox = wrk("--header", key, scene.server.url + scene.inbox_path)
    bodies = os.path.join(folder, "bodies")
    with open(bodies, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(body) + "\n" for body in scene.bodies())
    json_type = "Content-Type: application/json"
    url = scene.server.url + scene.pairings_path
    pairing = wrk("--script", LUA, "--header", key, "--header", json_type, url, "--", bodies, str(THREADS))
    for kind, name, measured in (("inbox", "inbox of 10 transfers", inbox), ("pairing", "create pairing", pairing)):
        a_second, p99 = bare.row(known[kind])
        yield [f"{database}, {name}", *measured, f"{a_second:.0f}", f"{p99:.1f}"]


def wrk(*arguments):
    """Returns (calls a second, p50, p99 in milliseconds); an answer outside 2xx is an error."""
    command = ["wrk", f"-t{THREADS}", f"-c{CLIENTS}", f"-d{SECONDS}s", "--latency", "--timeout=10s", *arguments]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)[1]
    p50, p99 = (re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", output).groups() for percent in (50, 99))
    return [f"{float(rate):.0f}", *(f"{milliseconds(*told):.1f}" for told in (p50, p99))]


def milliseconds(number, unit):
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
