"""Web push: a message that only one browser can read (RFC 8291), and the signature that says who sends it (RFC 8292).

Pure but for the luck of each message's key and salt, which may be given. Knows no network, no people, no words.
Why our own lines and no library: docs/decisions/0008-web-push.md.
Invariant: what is encrypted here, a browser decrypts (tests/notify/test_web_push.py: the example of RFC 8291,
appendix A, and any bytes there and back).
"""

import base64
import hashlib
import json
import os
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD: Final = 4_096
"""One record holds the message: its size, the padding mark and the tag included."""
OVERHEAD: Final = 1 + 16
SIGNED_FOR: Final = timedelta(hours=12)
"""A signature may live a day; half of it leaves room for clocks."""
SIGN_AGAIN: Final = timedelta(hours=1)
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256: private keys lie between 1 and one less."""


def b64(plain: bytes) -> str:
    """base64url without padding, as every part of web push is written."""
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """What `b64` wrote, padded or not.

    Raises: ValueError.
    """
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as browsers write it: 65 bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def read_point(raw: bytes) -> ec.EllipticCurvePublicKey:
    """The public key of those 65 bytes.

    Raises: ValueError for anything that is no point of P-256.
    """
    if len(raw) != 65:
        raise ValueError("a public key has 65 bytes")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)


def private_key(raw: bytes) -> ec.EllipticCurvePrivateKey:
    """The private key of those 32 bytes.

    Raises: ValueError.
    """
    if len(raw) != 32:
        raise ValueError("a private key has 32 bytes")
    return ec.derive_private_key(int.from_bytes(raw), ec.SECP256R1())


def private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The 32 bytes of a private key."""
    return key.private_numbers().private_value.to_bytes(32)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A key nobody has."""
    return ec.generate_private_key(ec.SECP256R1())


def key_from(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """The same private key for the same secret, wherever it is worked out."""
    wide = _derived(secret, None, b"flare vapid key", 48)
    return ec.derive_private_key(int.from_bytes(wide) % (ORDER - 1) + 1, ec.SECP256R1())


def _derived(secret: bytes, salt: bytes | None, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def encrypt(
    plain: bytes,
    p256dh: bytes,
    auth: bytes,
    *,
    salt: bytes | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """The body of a push in the content encoding `aes128gcm`; `salt` and `key` are fresh unless a test gives them.

    Raises: ValueError for a key that is none, or a message that does not fit into one record.
    """
    if len(plain) > RECORD - OVERHEAD:
        raise ValueError(f"{len(plain):,} bytes do not fit into one record")
    salt, key = salt or os.urandom(16), key or new_key()
    ours = point(key.public_key())
    shared = key.exchange(ec.ECDH(), read_point(p256dh))
    secret = _derived(shared, auth, b"WebPush: info\0" + p256dh + ours, 32)
    content_key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    sealed = AESGCM(content_key).encrypt(nonce, plain + b"\x02", None)
    return salt + RECORD.to_bytes(4) + bytes([len(ours)]) + ours + sealed


class Vapid:
    """Says who sends: one key pair, and a signature for each push service, kept until it is nearly over."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, contact: str | None = None) -> None:
        """`contact`: a mailto: or https: address under which a push service finds the operator."""
        self._key, self._contact = key, contact
        self.public_key = b64(point(key.public_key()))
        """What browsers ask for as applicationServerKey."""
        self._signed: dict[str, tuple[datetime, str]] = {}

    def authorization(self, origin: str, now: datetime) -> str:
        """The Authorization header for a push service."""
        until, header = self._signed.get(origin, (now, ""))
        if until - now <= SIGN_AGAIN:
            until = now + SIGNED_FOR
            header = f"vapid t={self._token(origin, until)}, k={self.public_key}"
            self._signed[origin] = until, header
        return header

    def _token(self, origin: str, until: datetime) -> str:
        claims: dict[str, object] = {"aud": origin, "exp": int(until.timestamp())}
        if self._contact:
            claims["sub"] = self._contact
        head, body = (b64(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
        signature = self._key.sign(f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(signature)
        return f"{head}.{body}.{b64(r.to_bytes(32) + s.to_bytes(32))}"


def topic_of(secret: bytes, name: str) -> str:
    """32 characters that say "the same matter" to a push service, and nothing else to anybody."""
    return b64(hashlib.blake2b(name.encode(), key=secret[:64], digest_size=24).digest())
