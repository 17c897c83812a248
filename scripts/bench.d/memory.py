"""Peak memory of the server process, a fresh one for each figure."""

import os
from concurrent.futures import ThreadPoolExecutor

from measure import curl, markdown, peak_mib
from servers import AgentDrop

PARALLEL = 16


def measure(options, folder, path, small):
    """Returns Markdown; `small` is the file that is uploaded 16 times at once."""
    stores = {"files": {}}
    if options.s3:
        stores["S3"] = s3_settings()
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


def s3_settings():
    """The server that scripts/bench started, as settings of ours."""
    names = ("BUCKET", "ENDPOINT", "REGION", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
    settings = {f"AGENTDROP_S3_{name}": os.environ[f"AGENTDROP_TEST_S3_{name}"] for name in names}
    return {**settings, "AGENTDROP_S3_PATH_STYLE": "true"}
