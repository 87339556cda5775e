"""Seals: the chain's end signed with Ed25519, so that nobody without the key can make another chain that adds up.

A checkpoint is a seal that stays and may be sent elsewhere: whoever holds one can prove that the events up to it are
the ones that were there, whatever happens to the store. Four lines of text are signed, which anyone can write again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from gateway.audit.errors import AuditError


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The end of a store's chain at some moment: number, time and hash of the newest event, and who signed that."""

    store: str
    seq: int
    at: int
    hash: bytes
    signer: str = ""
    signature: bytes = b""

    @property
    def text(self) -> bytes:
        """What is signed."""
        return _text(self.store, self.seq, self.at, self.hash)

    def as_json(self) -> dict[str, Any]:
        return {
            "store": self.store,
            "seq": self.seq,
            "at": self.at,
            "hash": self.hash.hex(),
            "signer": self.signer,
            "signature": self.signature.hex(),
        }

    def __str__(self) -> str:
        return json.dumps(self.as_json())

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """A checkpoint as it was kept elsewhere. ValueError when it is none."""
        try:
            given = json.loads(text)
            hash_, signature = bytes.fromhex(given["hash"]), bytes.fromhex(given["signature"])
            return cls(given["store"], int(given["seq"]), int(given["at"]), hash_, str(given["signer"]), signature)
        except (KeyError, TypeError, ValueError):
            raise ValueError("this is no checkpoint of the record") from None


def _text(store: str, seq: int, at: int, hash_: bytes) -> bytes:
    return f"postvagt checkpoint\n{store}\n{seq} {at}\n{hash_.hex()}\n".encode()


class Signer:
    """Holds the private key and seals."""

    def __init__(self, pem: bytes) -> None:
        try:
            key = load_pem_private_key(pem, None)
        except (ValueError, TypeError):
            raise AuditError("the signing key is no private key in PEM without a password") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise AuditError("the signing key is not an Ed25519 key")
        self._key = key
        self.public = key.public_key()
        self.id = key_id(self.public)

    def seal(self, store: str, seq: int, at: int, hash_: bytes) -> Checkpoint:
        return Checkpoint(store, seq, at, hash_, self.id, self._key.sign(_text(store, seq, at, hash_)))

    @property
    def public_pem(self) -> bytes:
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @staticmethod
    def new_pem() -> bytes:
        return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_key(pem: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem)
    except ValueError:
        raise AuditError("the public key is no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise AuditError("the public key is not an Ed25519 key")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """How a key is named beside its signatures."""
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def keyring(keys: Iterable[Ed25519PublicKey]) -> dict[str, Ed25519PublicKey]:
    return {key_id(key): key for key in keys}


def complaint(checkpoint: Checkpoint, keys: Mapping[str, Ed25519PublicKey]) -> str:
    """What is wrong with the signature; empty when it is one of these keys' own."""
    key = keys.get(checkpoint.signer)
    if key is None:
        return f"is signed with a key that is not among the given ones ({checkpoint.signer or 'none'})"
    try:
        key.verify(checkpoint.signature, checkpoint.text)
    except InvalidSignature:
        return "has a signature that is not its key's"
    return ""
