"""Whether calls stay as fast as tables grow: the same calls at a thousand transfers and at a million."""

import os
import uuid

from fill import Party, PostgresDatabase, SqliteFile, Watched, fill
from measure import Candidate, in_turns, markdown
from postgres import Postgres
from servers import AgentDrop
from wrk import CLIENTS, THREADS, load, script

SMALL, LARGE = 1_000, 1_000_000
SECONDS = 2


class Caller:
    """Somebody whose lists are read, and whose inbox is downloaded from."""

    def __init__(self, server, account):
        self.server, self.key, self.account = server, account["api_key"], account["account_id"]
        # The id of an account, or of an agent, as the tables have it.
        self.agent = server.register(self.key, f"agent-{account['account_id'][-4:]}")["id"]
        self.downloads = None

    def watched(self, sent, received):
        return Watched(Party(as_id(self.account), as_id(self.agent)), sent, received)

    def calls(self):
        """What is measured, by name: each yields the seconds of one of many calls at once."""
        listed = {
            "inbox": f"/v1/agents/{self.agent}/inbox?limit=10",
            "transfers": "/v1/transfers?limit=10",
            "transfers?status=active": "/v1/transfers?limit=10&status=active",
            "transfers?status=deleted": "/v1/transfers?limit=10&status=deleted",
        }
        calls = {name: lambda path=path: self.load([path]) for name, path in listed.items()}
        return {**calls, "download": lambda: self.load(self.downloads)}

    def load(self, paths):
        file = os.path.join(self.server.folder, "paths")
        with open(file, "w", encoding="utf-8") as lines:
            lines.writelines(f"{path}\n" for path in paths)
        key = f"Authorization: Bearer {self.key}"
        arguments = ["--script", script("paths.lua"), "--header", key, self.server.url, "--", file, str(THREADS)]
        return 1 / load(SECONDS, *arguments)[0]


def as_id(name):
    """The UUID in a public id."""
    return uuid.UUID(name.rpartition("_")[2])


class Filled:
    """A server on a database of that many transfers. Of its two callers one has the same lists whatever the size, the
    other's are a twentieth and a hundredth of all."""

    def __init__(self, server, size, database):
        self.server, self.size = server, size
        self.same, self.grown = (
            Caller(server, account) for account in (server.account, server.create_account("b@example.org", "B"))
        )
        path = os.path.join(server.folder, "small-file")
        with open(path, "wb") as file:
            file.write(b"x" * 1000)
        server.upload(path)
        server.stop()
        watched = [self.same.watched(500, 100), self.grown.watched(size // 20, size // 100)]
        self.same.downloads, self.grown.downloads = fill(database, size, watched)
        server.serve()


def measure(options, folder):
    """Yields Markdown."""
    yield f"\n### One million transfers, {CLIENTS} connections for {SECONDS} s\n"
    with (
        AgentDrop(os.path.join(folder, "small"), options.server) as small,
        AgentDrop(os.path.join(folder, "large"), options.server) as large,
    ):
        yield compared("SQLite", options, [on_sqlite(small, SMALL), on_sqlite(large, LARGE)])
    with Postgres(os.path.join(folder, "postgres"), ["small", "large"]) as postgres:
        urls = {name: {"AGENTDROP_DATABASE_URL": postgres.url_of(name)} for name in ("small", "large")}
        with (
            AgentDrop(os.path.join(folder, "small"), options.server, **urls["small"]) as small,
            AgentDrop(os.path.join(folder, "large"), options.server, **urls["large"]) as large,
        ):
            filled = [
                Filled(small, SMALL, PostgresDatabase(postgres, "small")),
                Filled(large, LARGE, PostgresDatabase(postgres, "large")),
            ]
            yield compared("Postgres", options, filled)


def on_sqlite(server, size):
    path = os.path.join(server.settings["AGENTDROP_DATA_DIR"], "agentdrop.sqlite3")
    return Filled(server, size, SqliteFile(path))


def compared(database, options, filled):
    """A table of both sizes."""
    rows = [[database, *(f"{f.size:,}: calls/s" for f in filled), "time of a call at the larger, to the smaller"]]
    for lists, callers in (
        ("same list", [f.same for f in filled]),
        ("list grown as well", [f.grown for f in filled]),
    ):
        calls = [caller.calls() for caller in callers]
        for name in calls[0]:
            pair = [Candidate(name, caller.server, each[name]) for caller, each in zip(callers, calls)]
            in_turns(pair, options.rounds)
            ratio = pair[1].median / pair[0].median
            rows.append([f"{name}, {lists}", *(f"{1 / c.median:.0f}" for c in pair), f"{ratio:.2f}"])
    return f"\n{markdown(rows)}\n"
