"""Peak memory of the server process, a fresh one for each figure."""

import os
from concurrent.futures import ThreadPoolExecutor

from measure import curl, markdown, peak_mib
from servers import AgentDrop
from store import server_settings

PARALLEL = 16


def measure(options, folder, path, small):
    """Returns Markdown; `small` is the file that is uploaded 16 times at once."""
    stores = {"files": {}}
    if options.s3:
        stores["S3"] = server_settings()
    rows = [["store", "at rest", f"one upload of {options.mib} MiB", "one download of it", "16 uploads at once"]]
    for name, settings in stores.items():
        folder_of_store = os.path.join(folder, "agentdrop")
        with AgentDrop(folder_of_store, options.server, **settings) as server:
            rest = peak_mib(server.process.pid)
            _, transfer = server.upload(path)
            one = peak_mib(server.process.pid)
        with AgentDrop(folder_of_store, options.server, **settings) as server:
            _, transfer = server.upload(path)
            before = peak_mib(server.process.pid)
            curl("--output", "/dev/null", server.download_url(transfer))
            download = max(before, peak_mib(server.process.pid))
        with AgentDrop(folder_of_store, options.server, **settings) as server:
            upload_at_once(server, small)
            many = peak_mib(server.process.pid)
        rows.append([name, *(f"{mib:.0f} MiB" for mib in (rest, one, download, many))])
    return f"""
### Peak memory (VmHWM of the process)

{markdown(rows)}
"""


def upload_at_once(server, path):
    with ThreadPoolExecutor(PARALLEL) as pool:
        # An upload that is refused is an error here.
        list(pool.map(server.upload, [path] * PARALLEL))

