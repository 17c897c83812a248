"""What it costs that an answer means "on the disk": durability = full beside durability = os."""

import os
import statistics

from calls import propose_many
from measure import Candidate, in_turns, markdown, table
from scene import Scene
from servers import BOUNDARY, AgentDrop
from transfers import Upload
from wrk import CLIENTS, load, script

SECONDS = 3
# The pairings of a scene are used up: two ways, each round with one to warm up, have this many agents a side.
AGENTS = 250
ROUNDS = 3
SMALL_BYTES = 1000


class Rate:
    """Small calls to a server; each run tells the seconds that one of them takes."""

    def __init__(self, send):
        self.send, self.p99 = send, []

    def run(self):
        rate, _, p99 = self.send()
        self.p99.append(p99)
        return 1 / rate


def measure(options, folder, path):
    """Returns Markdown; `folder` is on a disk."""
    with server(options, folder, "full") as full, server(options, folder, "os") as lax:
        servers = {"full": full, "os": lax}
        uploads = [upload(name, server, path) for name, server in servers.items()]
        in_turns(uploads, options.rounds)
        rounds = min(options.rounds, ROUNDS)
        scenes = {name: Scene(server, AGENTS) for name, server in servers.items()}
        rows = [["", "full: calls/s", "p99 ms", "os: calls/s", "p99 ms", "full to os"]]
        rows.append(small_calls("POST /v1/transfers of 1 kB", scenes, rounds, send_small))
        rows.append(small_calls("create pairing", scenes, rounds, lambda scene: propose(scene, rounds)))
    return f"""
### Durability, on a disk

{table(uploads, options.mib)}

{CLIENTS} connections for {SECONDS} s, {rounds} rounds:

{markdown(rows)}
"""


def server(options, folder, durability):
    return AgentDrop(os.path.join(folder, durability), options.server, AGENTDROP_DURABILITY=durability)


def upload(name, server, path):
    sent = Upload(server, path)
    return Candidate(f"POST /v1/transfers, {name}", server, sent.run, sent.tidy)


def small_calls(what, scenes, rounds, send):
    """A row: the medians of calls a second and of the p99 of both, and the ratio of the former."""
    rates = [Rate(lambda scene=scene: send(scene)) for scene in scenes.values()]
    candidates = [Candidate(what, scene.server, rate.run) for scene, rate in zip(scenes.values(), rates)]
    in_turns(candidates, rounds)
    told = [(f"{1 / c.median:.0f}", f"{statistics.median(r.p99[1:]):.1f}") for c, r in zip(candidates, rates)]
    full, lax = candidates
    return [what, *told[0], *told[1], f"{lax.median / full.median:.2f}"]


def send_small(scene):
    """Sends the same small form again and again."""
    small = os.path.join(scene.server.folder, "small")
    with open(small, "wb") as file:
        file.write(os.urandom(SMALL_BYTES))
    headers = [f"Authorization: Bearer {scene.key}", f"Content-Type: multipart/form-data; boundary={BOUNDARY}"]
    arguments = [argument for header in headers for argument in ("--header", header)]
    url = f"{scene.server.url}/v1/transfers"
    return load(SECONDS, "--script", script("form.lua"), *arguments, url, "--", scene.server.form(small))


def propose(scene, rounds):
    share = AGENTS * AGENTS // (rounds + 1)
    return propose_many(scene, SECONDS, scene.write_bodies(os.path.join(scene.server.folder, "bodies"), share))
