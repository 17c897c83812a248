"""What the small calls are made on: two connected accounts with agents, and an inbox with something in it."""

import hashlib
import json
import os
import random

AGENTS = 150
WAITING = 10


class Scene:
    """Set up in the same order on every database, so that what was recorded on one can be told on another."""

    def __init__(self, server, agents=AGENTS):
        self.server, self.mine, self.theirs = server, server.account, server.create_account("b@example.org", "B")
        call = server.call
        self.connection = call(self.key, "POST", "/v1/connections", {"email": "b@example.org"})["id"]
        call(self.theirs["api_key"], "POST", f"/v1/connections/{self.connection}/accept", {})
        self.my_agents = [server.register(self.key, f"a-{n}")["id"] for n in range(agents)]
        available = {"available_for_connections": True}
        self.their_agents = [
            server.register(self.theirs["api_key"], f"b-{n}", **available)["id"] for n in range(agents)
        ]
        self.fill_inbox()
        self.pairs = [(mine, theirs) for mine in self.my_agents for theirs in self.their_agents]
        # Neither account's agents one after the other, but the same pairs in each scene.
        random.Random(1).shuffle(self.pairs)

    @property
    def key(self):
        return self.mine["api_key"]

    def fill_inbox(self):
        path = os.path.join(self.server.folder, "small-file")
        with open(path, "wb") as file:
            file.write(b"x" * 1000)
        for _ in range(WAITING):
            self.server.upload(path)
        agents = self.server.call(self.key, "GET", "/v1/agents?limit=100")["agents"]
        self.inbox_owner = next(a["id"] for a in agents if a["agent_id"] == self.server.RECIPIENT)

    @property
    def pairings_path(self):
        return f"/v1/connections/{self.connection}/pairings"

    @property
    def inbox_path(self):
        return f"/v1/agents/{self.inbox_owner}/inbox?status=active&limit=50"

    def bodies(self):
        return [{"my_agent_id": mine, "their_agent_id": theirs} for mine, theirs in self.pairs]

    def write_bodies(self, path, most=None):
        """Writes the next bodies into a file for wrk, one a line; returns its path. They are not used again."""
        count = most or len(self.pairs)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(body) + "\n" for body in self.bodies()[:count])
        del self.pairs[:count]
        return path

    def names(self):
        """What tells the scene's things in a database, in the order in which they were made."""
        key_id = self.server.call(self.key, "GET", "/v1/api-keys")["keys"][0]["id"].removeprefix("key_")
        digest = "\\x" + hashlib.sha256(self.key.encode()).hexdigest()
        accounts = [self.mine["account_id"], self.theirs["account_id"]]
        inbox = self.server.call(self.key, "GET", self.inbox_path)["transfers"]
        transfers = [transfer["id"].removeprefix("tr_") for transfer in inbox]
        agents = [self.inbox_owner, *self.my_agents, *self.their_agents]
        return [*accounts, key_id, digest, self.connection, *transfers, *agents]
