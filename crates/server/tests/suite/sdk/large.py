"""The official Python SDK, unchanged, sends a file that is large enough to go straight to signed URLs.

Run by the suite with AGENTDROP_TEST_URL, the account key of ann, the file's size in AGENTDROP_TEST_MIB and the way
that the SDK is to take in AGENTDROP_TEST_WAY (`presigned` or `multipart`). Prints `arrived`, or `refused` with the
status that the upload was answered with.
"""

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from agentdrop import AgentDrop, AgentDropError

MIB = 1 << 20
FOLDER = tempfile.TemporaryDirectory(prefix="agentdrop-sdk-")
WORK = Path(FOLDER.name)


def register(agent_id):
    client = AgentDrop(
        os.environ["AGENTDROP_TEST_KEY_ANN"],
        api_base=os.environ["AGENTDROP_TEST_URL"],
        config_dir=str(WORK / agent_id),
        shield=False,
    )
    client.register(agent_id)
    return client


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


sender, receiver = register("sender"), register("receiver")
path = WORK / "large.bin"
with open(path, "wb") as file:
    for _ in range(int(os.environ["AGENTDROP_TEST_MIB"])):
        file.write(os.urandom(MIB))
try:
    sent = sender.send("receiver", [str(path)])
except AgentDropError as error:
    print("refused", error.status)
    sys.exit()
assert sent["upload_path"] == os.environ["AGENTDROP_TEST_WAY"], sent["upload_path"]
assert sent["status"] == "active" and sent["is_encrypted"], sent
(transfer,) = receiver.inbox()
(received,) = receiver.download(transfer, output_dir=str(WORK / "in"))
assert digest(received["path"]) == digest(path)
print("arrived")
