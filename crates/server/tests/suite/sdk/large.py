"""The official Python SDK, unchanged, sends a file that is large enough to go straight to a signed URL.

Run by the suite with AGENTDROP_TEST_URL and the account key of ann in the environment. Prints `arrived`, or
`refused` with the status that the upload was answered with.
"""

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from agentdrop import AgentDrop, AgentDropError

SIZE = 51 << 20
WORK = Path(tempfile.mkdtemp(prefix="agentdrop-sdk-"))


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
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


sender, receiver = register("sender"), register("receiver")
sent = WORK / "large.bin"
sent.write_bytes(os.urandom(1 << 20) * (SIZE >> 20))
try:
    sender.send("receiver", [str(sent)])
except AgentDropError as error:
    print("refused", error.status)
    sys.exit()
(transfer,) = receiver.inbox()
(received,) = receiver.download(transfer, output_dir=str(WORK / "in"))
assert digest(received["path"]) == digest(sent)
print("arrived")
