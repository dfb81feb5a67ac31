"""A browser's side of web push: its keys, and how it reads what it is sent. Written from RFC 8188 and 8291 alone."""

import json
import os
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def _hmac(key: bytes, data: bytes) -> bytes:
    mac = HMAC(key, hashes.SHA256())
    mac.update(data)
    return mac.finalize()


@dataclass(frozen=True)
class Reader:
    """One browser that has subscribed."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def p256dh(self) -> bytes:
        """Its public key."""
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def read(self, body: bytes) -> bytes:
        """What was encrypted for it."""
        salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(sealed) <= size
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        shared = self.key.exchange(ec.ECDH(), public)
        secret = _hmac(_hmac(self.auth, shared), b"WebPush: info\0" + self.p256dh + theirs + b"\1")
        pseudo = _hmac(salt, secret)
        content_key = _hmac(pseudo, b"Content-Encoding: aes128gcm\0\1")[:16]
        nonce = _hmac(pseudo, b"Content-Encoding: nonce\0\1")[:12]
        plain, mark, padding = AESGCM(content_key).decrypt(nonce, sealed, None).rpartition(b"\2")
        assert mark == b"\2"
        assert not padding.strip(b"\0")
        return plain

    def read_json(self, body: bytes) -> dict[str, Any]:
        """The same, as the message it is."""
        found: dict[str, Any] = json.loads(self.read(body))
        return found
