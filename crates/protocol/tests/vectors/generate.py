"""Writes sdk-0.3.5.json: what the official Python SDK makes of fixed keys, nonces, salts and files.

Run from this folder, with a throw-away environment outside the repository:

    python3 -m venv /tmp/sdkvenv
    /tmp/sdkvenv/bin/pip install agentdrop==0.3.5
    /tmp/sdkvenv/bin/python generate.py > sdk-0.3.5.json

The output is the same on every run. The SDK draws its nonces from os.urandom, which is replaced here, so that
the Rust tests can demand the same bytes when they encrypt. Keys, nonces and salts are base64, as on the wire.
A file is given by its length and a seed (see `plaintext`); long ones by the SHA-256 of their stored form.
"""

import base64
import hashlib
import importlib.metadata
import json
import sys
import tempfile
from unittest import mock

from agentdrop import crypto

SHORT_LENGTHS = [0, 1, 15, 16, 17, 31, 32, 33, 255, 1000]
# Around the SDK's block of 1 MiB, which it encrypts in stream.
LONG_LENGTHS = [1024 * 1024 - 1, 1024 * 1024, 3 * 1024 * 1024 + 5]


def fixed(label, length):
    """Bytes that look random and depend on the label alone."""
    return hashlib.shake_256(label.encode()).digest(length)


def plaintext(length, seed):
    return bytes((7 * i + 13 * (i >> 8) + seed) & 0xFF for i in range(length))


def b64(data):
    return base64.b64encode(data).decode()


def key_pair(label):
    return crypto.KeyPair.from_private_bytes(b64(fixed(label, 32)))


def random_is(*draws):
    """For a while os.urandom gives these values in turn."""
    return mock.patch("os.urandom", side_effect=list(draws))


def files(label, stored_form, lengths, describe):
    made = []
    for seed, length in enumerate(lengths):
        nonce = fixed(f"{label} nonce {seed}", crypto.NONCE_BYTES)
        stored = stored_form(plaintext(length, seed), nonce)
        made.append({"length": length, "seed": seed, "nonce": b64(nonce), **describe(stored)})
    return made


def short_files(label, stored_form):
    return files(label, stored_form, SHORT_LENGTHS, lambda stored: {"stored": b64(stored)})


def long_files(label, stored_form):
    return files(
        label, stored_form, LONG_LENGTHS, lambda stored: {"stored_sha256": hashlib.sha256(stored).hexdigest()}
    )


def one_shot(key):
    def stored_form(data, nonce):
        with random_is(nonce):
            ciphertext, used = crypto.encrypt_file(data, key)
        assert used == nonce and crypto.decrypt_file(ciphertext, key, nonce) == data
        return ciphertext

    return stored_form


def streamed(key):
    def stored_form(data, nonce):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return b"".join(crypto.encrypting_file_iterator(file.name, key, nonce))

    return stored_form


def nonce_in_front(key):
    def stored_form(data, nonce):
        with random_is(nonce):
            stored = crypto.encrypt_for_a2h(data, key)
        assert crypto.decrypt_a2h(stored, key) == data
        return stored

    return stored_form


def legacy(label):
    sender, recipient = key_pair(f"{label} sender"), key_pair(f"{label} recipient")
    key, wrap_nonce = fixed(f"{label} file key", 32), fixed(f"{label} wrap nonce", crypto.NONCE_BYTES)
    with random_is(wrap_nonce):
        wrapped = crypto.encrypt_symmetric_key(key, sender, recipient.public_key_b64)
    assert crypto.decrypt_symmetric_key(wrapped, recipient, sender.public_key_b64) == key
    return {
        "algorithm": crypto.ALGORITHM,
        "sender_secret": sender.private_key_b64,
        "sender_public": sender.public_key_b64,
        "recipient_secret": recipient.private_key_b64,
        "recipient_public": recipient.public_key_b64,
        "file_key": b64(key),
        "wrap_nonce": b64(wrap_nonce),
        "encrypted_key": wrapped,
        "files": short_files(label, one_shot(key)) + long_files(f"{label} long", streamed(key)),
    }


def channel(label):
    sender, recipient = key_pair(f"{label} sender"), key_pair(f"{label} recipient")
    salt = fixed(f"{label} salt", crypto.SALT_BYTES)
    shared = crypto.derive_shared_secret(sender.private_key_b64, recipient.public_key_b64)
    key = crypto.derive_transfer_key(shared, salt)
    return {
        "algorithm": crypto.CHANNEL_ALGORITHM,
        "sender_secret": sender.private_key_b64,
        "sender_public": sender.public_key_b64,
        "recipient_secret": recipient.private_key_b64,
        "recipient_public": recipient.public_key_b64,
        "encryption_salt": b64(salt),
        "file_key": b64(key),
        "files": short_files(label, one_shot(key)),
    }


def a2h(label):
    ephemeral, recipient = key_pair(f"{label} ephemeral"), key_pair(f"{label} recipient")
    salt = fixed(f"{label} salt", crypto.SALT_BYTES)
    key = crypto.derive_a2h_key(ephemeral.private_key_b64, recipient.public_key_b64, salt)
    return {
        "algorithm": crypto.A2H_ALGORITHM,
        "sender_secret": ephemeral.private_key_b64,
        "sender_public": ephemeral.public_key_b64,
        "recipient_secret": recipient.private_key_b64,
        "recipient_public": recipient.public_key_b64,
        "encryption_salt": b64(salt),
        "file_key": b64(key),
        "files": short_files(label, nonce_in_front(key)),
    }


def main():
    json.dump(
        {
            "sdk": f"agentdrop {importlib.metadata.version('agentdrop')}",
            "legacy": [legacy(f"legacy {n}") for n in range(2)],
            "channel": [channel(f"channel {n}") for n in range(2)],
            "a2h": [a2h(f"a2h {n}") for n in range(2)],
        },
        sys.stdout,
        indent=1,
    )
    print()


if __name__ == "__main__":
    main()
