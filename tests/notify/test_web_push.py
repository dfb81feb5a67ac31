"""A push can be read by the one browser it is for, and says who sends it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.notify import web_push
from dispatch.notify.web_push import Vapid, b64, unb64
from tests.support.reader import Reader

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
READER = Reader()

# RFC 8291, section 5 and appendix A.
PLAIN = "V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
BROWSER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
BROWSER_POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_standard_comes_out_byte_for_byte() -> None:
    key = web_push.private_key(unb64(SENDER))
    made = web_push.encrypt(unb64(PLAIN), unb64(BROWSER_POINT), unb64(AUTH), salt=unb64(SALT), key=key)
    assert b64(made) == BODY
    browser = Reader(web_push.private_key(unb64(BROWSER)), unb64(AUTH))
    assert browser.read(made) == b"When I grow up, I want to be a watermelon"


@settings(deadline=None)
@given(st.binary(max_size=web_push.RECORD - web_push.OVERHEAD))
def test_whatever_is_sent_the_browser_reads_and_nobody_else(plain: bytes) -> None:
    body = web_push.encrypt(plain, READER.p256dh, READER.auth)
    assert READER.read(body) == plain
    assert len(body) <= 16 + 4 + 1 + 65 + web_push.RECORD
    with pytest.raises(InvalidTag):
        Reader(READER.key, bytes(16)).read(body)


def test_no_two_messages_look_alike_to_the_service() -> None:
    first, second = (web_push.encrypt(b"the same", READER.p256dh, READER.auth) for _ in range(2))
    assert first[:86] != second[:86]
    assert first[86:] != second[86:]


@pytest.mark.parametrize("size", [web_push.RECORD - web_push.OVERHEAD + 1, 10_000])
def test_a_message_too_long_for_one_record_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="one record"):
        web_push.encrypt(bytes(size), READER.p256dh, READER.auth)


@pytest.mark.parametrize(
    "raw",
    [b"", bytes(65), b"\4" + bytes(64), b"\4" + b"\xff" * 64, READER.p256dh[:64]],
    ids=["nothing", "zeros", "the origin", "beyond the field", "a byte short"],
)
def test_what_is_no_public_key_is_refused_before_it_is_kept(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        web_push.read_point(raw)


def claims_of(vapid: Vapid, header: str) -> dict[str, object]:
    """What the header says, once its signature has been checked with the key beside it."""
    scheme, _, rest = header.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme == "vapid"
    assert parts["k"] == vapid.public_key
    head, body, signature = parts["t"].split(".")
    raw = unb64(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key = web_push.read_point(unb64(parts["k"]))
    key.verify(der, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    assert json.loads(unb64(head)) == {"typ": "JWT", "alg": "ES256"}
    found: dict[str, object] = json.loads(unb64(body))
    return found


def test_the_signature_names_service_operator_and_an_end_within_a_day() -> None:
    vapid = Vapid(web_push.key_from(b"a secret"), "mailto:night@flare.test")
    claims = claims_of(vapid, vapid.authorization("https://push.test", NOW))
    assert claims["aud"] == "https://push.test"
    assert claims["sub"] == "mailto:night@flare.test"
    assert NOW.timestamp() < float(str(claims["exp"])) <= (NOW + timedelta(hours=24)).timestamp()


def test_a_service_is_signed_for_once_in_half_a_day_and_each_by_itself() -> None:
    vapid = Vapid(web_push.key_from(b"a secret"))
    first = vapid.authorization("https://push.test", NOW)
    assert vapid.authorization("https://push.test", NOW + timedelta(hours=10)) == first
    assert vapid.authorization("https://push.test", NOW + timedelta(hours=11)) != first
    assert vapid.authorization("https://other.test", NOW) != first
    assert "sub" not in claims_of(vapid, first)


def test_workers_with_one_secret_have_one_key_and_others_another() -> None:
    one, same, other = (Vapid(web_push.key_from(secret)).public_key for secret in (b"a", b"a", b"b"))
    assert one == same != other
    kept = web_push.private_bytes(web_push.key_from(b"a"))
    assert Vapid(web_push.private_key(kept)).public_key == one


def test_a_topic_is_short_stable_and_tells_nothing() -> None:
    topic = web_push.topic_of(b"s" * 32, "ask-1")
    assert (len(topic), topic) == (32, web_push.topic_of(b"s" * 32, "ask-1"))
    assert topic != web_push.topic_of(b"s" * 32, "ask-2")
    assert topic != web_push.topic_of(b"t" * 32, "ask-1")
