"""Names nobody can guess, from the system's randomness or from a seed."""

import base64
import random
import secrets


class SystemIds:
    """Public ids, tokens and codes from the operating system's randomness."""

    def public_id(self) -> str:
        """128 random bits as 22 base64url characters."""
        return secrets.token_urlsafe(16)

    def token(self, prefix: str) -> str:
        """`prefix` + 22 base64url characters (132 bits)."""
        return prefix + secrets.token_urlsafe(17)[:22]

    def digits(self, count: int) -> str:
        """That many decimal digits."""
        return f"{secrets.randbelow(10**count):0{count}}"


class SeededIds:
    """The same, repeatable: for stories and tests only."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def _text(self, count: int) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(count)).decode().rstrip("=")

    def public_id(self) -> str:
        """22 base64url characters."""
        return self._text(16)

    def token(self, prefix: str) -> str:
        """`prefix` + 22 base64url characters."""
        return prefix + self._text(17)[:22]

    def digits(self, count: int) -> str:
        """That many decimal digits."""
        return "".join(str(self._random.randrange(10)) for _ in range(count))
