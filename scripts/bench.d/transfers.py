"""Bytes in and out: one large file by one client."""

import os
import time

from measure import Candidate, curl, in_turns, table
from sections import put_sections
from servers import AgentDrop, Dufs, Nginx


class Upload:
    """An upload to our server that is deleted when it was measured."""

    def __init__(self, server, path):
        self.server, self.form, self.transfer = server, server.form(path), None

    def run(self):
        seconds, self.transfer = self.server.upload_form(self.form)
        return seconds

    def tidy(self):
        self.server.delete(self.transfer)


class PreparedUpload:
    """A PUT to a signed URL; the transfer is prepared before and deleted after."""

    def __init__(self, server, path):
        self.server, self.path, self.transfer = server, path, None
        self.prepare()

    def prepare(self):
        self.transfer = self.server.prepare(self.path)

    def run(self):
        seconds, _ = curl("--upload-file", self.path, self.transfer["upload_urls"][0]["upload_url"])
        return seconds

    def tidy(self):
        self.server.delete(self.transfer)
        self.prepare()


class PartsUpload(PreparedUpload):
    """The same in parts of 64 MiB, one after the other on one connection, and put together."""

    PART = 64 << 20

    def prepare(self):
        self.transfer = self.server.prepare(self.path, self.PART)

    def run(self):
        file = self.transfer["files"][0]
        begun = time.perf_counter()
        put_sections(self.path, [(part["upload_url"], part["size"]) for part in file["part_urls"]])
        self.server.complete(self.transfer, [])
        return time.perf_counter() - begun


class PythonPut:
    """A PUT to a peer by the client that sends the parts."""

    def __init__(self, server, path):
        self.server, self.path = server, path

    def run(self):
        begun = time.perf_counter()
        put_sections(self.path, [(f"{self.server.url}/object", os.path.getsize(self.path))])
        return time.perf_counter() - begun


def measure(options, kind, folder, path):
    """Returns Markdown: uploads and downloads beside nginx and dufs, all in folders below `folder`."""
    with (
        AgentDrop(os.path.join(folder, "agentdrop"), options.server) as ours,
        Nginx(os.path.join(folder, "nginx")) as nginx,
        Dufs(os.path.join(folder, "dufs"), options.dufs) as dufs,
    ):
        upload = Upload(ours, path)
        uploads = [
            Candidate("POST /v1/transfers", ours, upload.run, upload.tidy),
            Candidate("nginx PUT", nginx, lambda: nginx.put(path), nginx.remove),
            Candidate("dufs PUT", dufs, lambda: dufs.put(path), dufs.remove),
        ]
        in_turns(uploads, options.rounds)
        prepared = PreparedUpload(ours, path)
        puts = [
            Candidate("PUT to a signed URL", ours, prepared.run, prepared.tidy),
            Candidate("nginx PUT", nginx, lambda: nginx.put(path), nginx.remove),
            Candidate("dufs PUT", dufs, lambda: dufs.put(path), dufs.remove),
        ]
        in_turns(puts, options.rounds)
        parts, nginx_by_python, dufs_by_python = PartsUpload(ours, path), PythonPut(nginx, path), PythonPut(dufs, path)
        in_parts = [
            Candidate("parts of 64 MiB", ours, parts.run, parts.tidy),
            Candidate("nginx PUT (same client)", nginx, nginx_by_python.run, nginx.remove),
            Candidate("dufs PUT (same client)", dufs, dufs_by_python.run, dufs.remove),
        ]
        in_turns(in_parts, options.rounds)
        downloads = measure_downloads(options, ours, nginx, dufs, path)
    return f"""
### {options.mib} MiB, {kind}

{table(uploads, options.mib)}

{table(puts, options.mib)}

{table(in_parts, options.mib)}

{table(downloads, options.mib)}
"""


def measure_downloads(options, ours, nginx, dufs, path):
    url = ours.download_url(ours.upload(path)[1])
    nginx.put(path)
    dufs.put(path)
    downloads = [
        Candidate("GET (signed URL)", ours, lambda: ours.fetch(url)),
        Candidate("nginx GET", nginx, nginx.get),
        Candidate("dufs GET", dufs, dufs.get),
    ]
    in_turns(downloads, options.rounds)
    return downloads
