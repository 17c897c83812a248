"""The official Python SDK, unchanged, against a running server.

Run by the suite with AGENTDROP_TEST_URL and the account keys of ann, bob and cat in the environment. Every
check is an assert; each scenario prints its name when it has passed.
"""

import base64
import os
import sys
import tempfile
from pathlib import Path

import requests
from agentdrop import AgentDrop, AgentDropAmbiguousRecipientError, AgentDropError

URL = os.environ["AGENTDROP_TEST_URL"]
KEYS = {name: os.environ[f"AGENTDROP_TEST_KEY_{name.upper()}"] for name in ("ann", "bob", "cat")}
FOLDER = tempfile.TemporaryDirectory(prefix="agentdrop-sdk-")
WORK = Path(FOLDER.name)


def api(method, path, owner, **body):
    response = requests.request(
        method, URL + path, headers={"Authorization": f"Bearer {KEYS[owner]}"}, json=body or None, timeout=60
    )
    assert response.status_code < 300, (method, path, response.status_code, response.text)
    return response.json()


def register(owner, agent_id):
    client = AgentDrop(KEYS[owner], api_base=URL, config_dir=str(WORK / f"{owner}-{agent_id}"), shield=False)
    answer = client.register(agent_id, name=f"{agent_id} of {owner}", metadata={"made": "by the suite"})
    assert answer["connection_status"] == "connected" and client.agent_uuid
    api("PATCH", f"/v1/agents/{client.agent_uuid}", owner, available_for_connections=True)
    return client


def connect(inviter, invitee):
    connection = api("POST", "/v1/connections", inviter, email=f"{invitee}@example.com")["id"]
    api("POST", f"/v1/connections/{connection}/accept", invitee)
    return connection


def pair(connection, mine, my_owner, theirs, their_owner):
    pairing = api(
        "POST",
        f"/v1/connections/{connection}/pairings",
        my_owner,
        my_agent_id=mine.agent_uuid,
        their_agent_id=theirs.agent_uuid,
    )["id"]
    api("POST", f"/v1/pairings/{pairing}/confirm", their_owner)


def make(name, content):
    path = WORK / "out" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return str(path)


def receive(client, sent):
    [transfer] = [item for item in client.inbox() if item.id == sent["id"]]
    folder = WORK / "in" / sent["id"]
    saved = client.download(transfer, output_dir=str(folder))
    return transfer, {entry["name"]: Path(entry["path"]).read_bytes() for entry in saved}


def encryption_of(transfer):
    return transfer._raw["encryption_algorithm"]


def exchange(sender, receiver, layout, files, **options):
    paths = [make(name, content) for name, content in files.items()]
    sent = sender.send(receiver.agent_id, paths, **options)
    assert sent["status"] == "active" and sent["is_encrypted"], sent
    transfer, received = receive(receiver, sent)
    assert encryption_of(transfer) == layout, (encryption_of(transfer), layout)
    assert received == files, {name: len(content) for name, content in received.items()}
    return sent


LEGACY = "X25519-HKDF-AES-256-GCM"
CHANNEL = "X25519-CHANNEL-HKDF-AES-256-GCM"


def both_layouts_both_directions(alpha, beta):
    # The first side's channel waits for the other, so the first message uses the per-transfer layout.
    exchange(alpha, beta, LEGACY, {"first.txt": b"to beta"}, message="hello")
    exchange(beta, alpha, CHANNEL, {"second.txt": b"to alpha"})
    exchange(alpha, beta, CHANNEL, {"third.txt": b"to beta again"})


def files_of_every_kind(alpha, beta):
    exchange(alpha, beta, CHANNEL, {"empty.bin": b"", "Übersicht – 日本語.txt": "grüße".encode(), "c": b"x" * 100_000})


def a_file_just_below_the_presigned_path(alpha, beta):
    sent = exchange(alpha, beta, CHANNEL, {"large.bin": os.urandom(1 << 20) * 49})
    assert "upload_path" not in sent, sent["upload_path"]


def files_of_the_presigned_path(alpha, beta):
    # On this path the SDK keeps to the per-transfer layout, whatever channel there is.
    sent = exchange(alpha, beta, LEGACY, {"large.bin": os.urandom(51 << 20), "small.bin": b"beside it"})
    assert sent["upload_path"] == "presigned", sent["upload_path"]


def one_download_when_auto_delete(alpha, beta):
    sent = exchange(alpha, beta, CHANNEL, {"once.txt": b"once"}, auto_delete=True)
    try:
        beta.download(type("T", (), {"id": sent["id"]})(), output_dir=str(WORK))
        raise AssertionError("a second download was answered")
    except AgentDropError as error:
        assert error.status == 410, error.status


def several_downloads_otherwise(alpha, beta):
    sent = alpha.send(beta.agent_id, [make("again.txt", b"again")], auto_delete=False)
    for _ in range(2):
        assert receive(beta, sent)[1] == {"again.txt": b"again"}


def plaintext_on_request(alpha, beta):
    sent = alpha.send(beta.agent_id, [make("plain.txt", b"plain")], encrypt=False)
    assert not sent["is_encrypted"]
    assert receive(beta, sent)[1] == {"plain.txt": b"plain"}


def errors_with_details(alpha, beta):
    try:
        alpha.send(beta.agent_id, [make("late.txt", b"x")], expires_in="2weeks")
        raise AssertionError("a nonsensical expiry was accepted")
    except AgentDropError as error:
        assert (error.status, error.code) == (400, "VALIDATION_ERROR"), error
        assert [row["field"] for row in error.details] == ["expires_in"], error.details


def a_refused_large_body_shows_the_answer(alpha):
    try:
        alpha.send("nobody-here", [make("refused.bin", bytes(49 << 20))], encrypt=False)
        raise AssertionError("a transfer to nobody was accepted")
    except AgentDropError as error:
        assert (error.status, error.code) == (403, "SHARE_REQUIRED"), error


def agent_keys(alpha, beta):
    made = beta.create_agent_key(beta.agent_id, name="suite")
    assert made["scope"] == "agent" and made["api_key"].startswith("ada_live_")
    scoped = AgentDrop(made["api_key"], api_base=URL, config_dir=str(WORK / f"bob-{beta.agent_id}"), shield=False)
    sent = alpha.send(beta.agent_id, [make("scoped.txt", b"for the scoped key")])
    assert receive(scoped, sent)[1] == {"scoped.txt": b"for the scoped key"}
    exchange(scoped, alpha, CHANNEL, {"from-scoped.txt": b"from the scoped key"})
    [row] = [row for row in beta.list_agent_keys(beta.agent_id) if row["id"] == made["id"]]
    assert made["api_key"].startswith(row["prefix"])
    beta.revoke_agent_key(beta.agent_id, made["id"])
    try:
        scoped.inbox()
        raise AssertionError("a revoked key was accepted")
    except AgentDropError as error:
        assert (error.status, error.code) == (401, "KEY_REVOKED"), error


def ambiguous_recipients(alpha, connection_bob):
    twins = register("bob", "twin"), register("cat", "twin")
    pair(connection_bob, alpha, "ann", twins[0], "bob")
    pair(connect("ann", "cat"), alpha, "ann", twins[1], "cat")
    try:
        alpha.send("twin", [make("twin.txt", b"which")])
        raise AssertionError("an ambiguous recipient was accepted")
    except AgentDropAmbiguousRecipientError as error:
        masked = sorted(candidate["email_masked"] for candidate in error.candidates)
        assert masked == ["bo*@example.com", "ca*@example.com"], error.candidates
    for account in ("cat@example.com", "CAT"):
        sent = alpha.send("twin", [make("twin.txt", b"cat's")], recipient_account=account)
        assert receive(twins[1], sent)[1] == {"twin.txt": b"cat's"}
    assert twins[0].inbox() == []


def profile_and_resolve(alpha, beta):
    profile = alpha.startup()
    assert profile["agent"]["agent_id"] == "alpha" and profile["account"]["email"] == "ann@example.com"
    assert "beta" in profile["connections"]["paired_agents"]
    assert profile["plan_limits"]["storage_bytes"] == -1
    answer = requests.get(
        f"{URL}/v1/agents/resolve",
        params={"agent_id": beta.agent_id},
        headers={"Authorization": f"Bearer {KEYS['ann']}"},
        timeout=60,
    ).json()
    assert len(base64.b64decode(answer["public_key"])) == 32
    assert {"alpha", "twin"} <= {agent["agent_id"] for agent in alpha.list_agents()} | {"twin"}
    assert alpha.list_connections()["connections"]


def two_step_registration(alpha):
    answer = api("POST", "/v1/agents/register", "bob", agent_id="late-joiner")
    assert answer["connection_status"] == "pending"
    late = AgentDrop(KEYS["bob"], api_base=URL, config_dir=str(WORK / "bob-late"), shield=False)
    connected = late.connect(answer["connection_token"])
    assert connected["status"] == "connected" and late.agent_uuid == answer["id"]
    assert late.inbox() == []
    assert late.disconnect()["status"] == "disconnected"


def main():
    alpha, beta = register("ann", "alpha"), register("bob", "beta")
    connection = connect("ann", "bob")
    pair(connection, alpha, "ann", beta, "bob")
    scenarios = [
        (both_layouts_both_directions, alpha, beta),
        (files_of_every_kind, alpha, beta),
        (a_file_just_below_the_presigned_path, alpha, beta),
        (files_of_the_presigned_path, alpha, beta),
        (one_download_when_auto_delete, alpha, beta),
        (several_downloads_otherwise, alpha, beta),
        (plaintext_on_request, alpha, beta),
        (errors_with_details, alpha, beta),
        (a_refused_large_body_shows_the_answer, alpha),
        (agent_keys, alpha, beta),
        (profile_and_resolve, alpha, beta),
        (two_step_registration, alpha),
        (ambiguous_recipients, alpha, connection),
    ]
    skipped = os.environ.get("AGENTDROP_TEST_SKIP", "").split()
    scenarios = [row for row in scenarios if row[0].__name__ not in skipped]
    for scenario, *arguments in scenarios:
        scenario(*arguments)
        print(f"ok {scenario.__name__}", flush=True)
    print(f"{len(scenarios)} scenarios passed")


if __name__ == "__main__":
    sys.exit(main())
