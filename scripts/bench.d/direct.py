"""Direct delivery: bytes go to an S3 store by URLs that our server signs, beside URLs that somebody else signs."""

import os
import time
import urllib.parse

from measure import Candidate, curl, in_turns, table
from sections import put_sections
from servers import AgentDrop
from store import Store, server_settings

PART = 64 << 20


class Direct:
    """A prepared transfer of one file, whose bytes go to the store."""

    def __init__(self, server, store, path, part_size=None):
        self.server, self.store, self.path, self.part_size = server, store, path, part_size
        self.transfer = None

    def prepare(self):
        self.transfer = self.server.prepare(self.path, self.part_size)

    def put(self):
        """Sends the bytes alone; returns the seconds. What is prepared must be."""
        begun = time.perf_counter()
        if self.part_size is None:
            return curl(*self.headers(), "--upload-file", self.path, self.urls()[0])[0]
        tags = put_sections(self.path, [(p["upload_url"], p["size"]) for p in self.part_urls()])
        seconds = time.perf_counter() - begun
        self.parts = [{"part_number": number, "etag": tag} for number, tag in enumerate(tags, 1)]
        return seconds

    def whole(self):
        """All that a client does for a transfer; returns the seconds."""
        begun = time.perf_counter()
        self.prepare()
        self.put()
        self.finish()
        return time.perf_counter() - begun

    def finish(self):
        if self.part_size is not None:
            self.server.complete(self.transfer, self.parts)
        self.server.confirm(self.transfer)

    def headers(self):
        """What the store insists on, as curl's options."""
        headers = self.transfer["upload_urls"][0]["headers"].items()
        return [option for name, value in headers for option in ("--header", f"{name}: {value}")]

    def part_urls(self):
        return self.transfer["files"][0]["part_urls"]

    def urls(self):
        if self.part_size is None:
            return [self.transfer["upload_urls"][0]["upload_url"]]
        return [part["upload_url"] for part in self.part_urls()]

    def tidy(self):
        """Finishes and deletes the transfer and waits until its bytes are gone."""
        key = urllib.parse.urlsplit(self.urls()[0]).path.removeprefix(f"/{self.store.bucket}/")
        self.server.end(self.transfer)
        deadline = time.monotonic() + 120
        while self.store.holds(key):
            if time.monotonic() > deadline:
                raise RuntimeError("a deleted transfer's object is still there after two minutes")
            time.sleep(0.1)

    def tidy_put(self):
        self.finish()
        self.tidy()
        self.prepare()


class Bare:
    """The same bytes to the same bucket, without our server."""

    KEY = "bare"

    def __init__(self, store, path):
        self.store, self.path, self.size = store, path, os.path.getsize(path)

    def put(self):
        return curl("--upload-file", self.path, self.store.put_url(self.KEY, self.size))[0]

    def begin(self):
        """Where the parts go, each with its size."""
        self.upload_id = self.store.begin(self.KEY)
        sizes = [min(PART, self.size - at) for at in range(0, self.size, PART)]
        named = ({"partNumber": number, "uploadId": self.upload_id} for number in range(1, len(sizes) + 1))
        return [(self.store.put_url(self.KEY, size, names), size) for names, size in zip(named, sizes)]

    def parts(self):
        places = self.begin()
        begun = time.perf_counter()
        self.tags = put_sections(self.path, places)
        return time.perf_counter() - begun

    def whole_parts(self):
        begun = time.perf_counter()
        self.parts()
        self.finish()
        return time.perf_counter() - begun

    def finish(self):
        self.store.complete(self.KEY, self.upload_id, self.tags)

    def tidy(self):
        self.store.remove(self.KEY)

    def tidy_parts(self):
        self.finish()
        self.tidy()


def measure(options, folder, path):
    """Returns Markdown."""
    store = Store()
    settings = {**server_settings(), "AGENTDROP_DELIVERY": "direct"}
    with AgentDrop(os.path.join(folder, "agentdrop"), options.server, **settings) as ours:
        puts = in_one(ours, store, path, options.rounds)
        parts = in_parts(ours, store, path, options.rounds)
    return f"""
### Direct delivery of {options.mib} MiB to S3 ({os.environ["AGENTDROP_TEST_S3_SERVER"]})

{table(puts, options.mib, puts[2:])}

{table(parts, options.mib, parts[2:])}
"""


def in_one(ours, store, path, rounds):
    put, whole, bare = Direct(ours, store, path), Direct(ours, store, path), Bare(store, path)
    put.prepare()
    candidates = [
        Candidate("PUT to our URL alone", ours, put.put, put.tidy_put),
        Candidate("prepare, PUT, confirm", ours, whole.whole, whole.tidy),
        Candidate("bare PUT", ours, bare.put, bare.tidy),
    ]
    in_turns(candidates, rounds)
    return candidates


def in_parts(ours, store, path, rounds):
    parts, whole, bare = Direct(ours, store, path, PART), Direct(ours, store, path, PART), Bare(store, path)
    parts.prepare()
    candidates = [
        Candidate("parts of 64 MiB to our URLs alone", ours, parts.put, parts.tidy_put),
        Candidate("prepare, parts, complete, confirm", ours, whole.whole, whole.tidy),
        Candidate("bare parts alone", ours, bare.parts, bare.tidy_parts),
        Candidate("bare begin, parts, complete", ours, bare.whole_parts, bare.tidy),
        Candidate("bare PUT by the same client", ours, by_sections(bare), bare.tidy),
    ]
    in_turns(candidates, rounds)
    return candidates


def by_sections(bare):
    def run():
        begun = time.perf_counter()
        put_sections(bare.path, [(bare.store.put_url(bare.KEY, bare.size), bare.size)])
        return time.perf_counter() - begun

    return run
