"""Bytes in and out: one large file by one client."""

import os

from measure import Candidate, in_turns, table
from servers import AgentDrop, Dufs, Nginx


class Upload:
    """An upload to our server that is deleted when it was measured."""

    def __init__(self, server, path):
        self.server, self.path, self.transfer = server, path, None

    def run(self):
        seconds, self.transfer = self.server.upload(self.path)
        return seconds

    def tidy(self):
        self.server.delete(self.transfer)


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
        downloads = measure_downloads(options, ours, nginx, dufs, path)
    return f"""
### {options.mib} MiB, {kind}

{table(uploads, options.mib)}

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
