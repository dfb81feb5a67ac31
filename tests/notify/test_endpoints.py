"""A push goes to a push service and nowhere else: not to this machine, its network, or wherever a browser says."""

import asyncio
from collections.abc import Sequence

import pytest

from dispatch.notify.endpoints import Allowed, NotThere, is_public
from dispatch.notify.post import Postman, wait_of
from dispatch.settings import BadSettings, Settings
from tests.support.receiver import receiving

USUAL = Allowed(hosts=Settings().push_hosts)
LOOPBACK = Allowed(hosts=("push.test",), loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://wns2-by3p.notify.windows.com/w/?token=abc%3d",
        "https://FCM.googleapis.com:443/fcm/send/abc",
    ],
)
def test_the_services_of_the_known_browsers_are_allowed(url: str) -> None:
    endpoint = USUAL.endpoint(url)
    assert (endpoint.scheme, endpoint.port) == ("https", 443)
    assert endpoint.origin == f"https://{endpoint.host}"
    assert endpoint.at("192.0.2.1").startswith("https://192.0.2.1:443/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "fcm.googleapis.com/fcm/send/abc",
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://fcm.googleapis.com:8443/abc",
        "https://me:secret@fcm.googleapis.com/abc",
        "https://fcm.googleapis.com@10.0.0.1/abc",
        "https://fcm.googleapis.com.evil.test/abc",
        "https://evilpush.apple.com/abc",
        "https://push.apple.com.evil.test/abc",
        "https://.push.apple.com/abc",
        "https://127.0.0.1/abc",
        "https://[::1]/abc",
        "https://10.0.0.1/abc",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/abc",
        "https://fcm.googleapis.com/a b",
        "https://fcm.googleapis.com/\r\nHost: evil",
        "https://fcm.googleapis.com/é",
        "https://fcm.googleapis.com:x/abc",
        "file:///etc/passwd",
        "https://fcm.googleapis.com/" + "a" * 1_000,
    ],
)
def test_anything_else_is_refused_before_it_is_kept(url: str) -> None:
    with pytest.raises(NotThere):
        USUAL.endpoint(url)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
        *("224.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1"),
        *("2002:0a00:0001::", "nonsense"),
    ],
)
def test_a_name_that_leads_inside_is_never_called(address: str) -> None:
    assert not is_public(address)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["142.250.1.1", address]

    async def post() -> None:
        postman = Postman(USUAL, resolve)
        await postman.hand_in(USUAL.endpoint("https://fcm.googleapis.com/fcm/send/x"), b"", {})

    with pytest.raises(NotThere, match="not public"):
        asyncio.run(post())


def test_the_connection_goes_to_the_address_that_was_checked_not_to_the_name() -> None:
    with receiving() as receiver:
        endpoint = LOOPBACK.endpoint(f"{receiver.address}/phone")
        asked: list[str] = []

        async def resolve(host: str, port: int) -> Sequence[str]:
            asked.append(host)
            return ["192.0.2.1"]

        async def post() -> tuple[int, str | None]:
            postman = Postman(LOOPBACK, resolve)
            try:
                return await postman.hand_in(endpoint, b"x", {"TTL": "1"})
            finally:
                await postman.close()

        receiver.say("/phone", "307 Elsewhere\r\nLocation: /other\r\nRetry-After: 3")
        assert asyncio.run(post()) == (307, "3")
        assert asked == []  # an address needs no looking up
        assert [each.path for each in receiver.got] == ["/phone"]
        assert receiver.got[0].headers["host"] == receiver.address.removeprefix("http://")


def test_this_machine_is_called_only_where_the_operator_says_so() -> None:
    url = "http://127.0.0.1:9999/phone"
    assert LOOPBACK.endpoint(url).port == 9999
    with pytest.raises(NotThere):
        USUAL.endpoint(url)
    for inside in ("http://10.0.0.1:9999/", "http://push.test/", "https://127.0.0.2/"):
        with pytest.raises(NotThere):
            LOOPBACK.endpoint(inside)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        *((None, 0), ("", 0), ("5", 5), (" 7 ", 7), ("-3", 0), ("soon", 0), ("1e9", 0)),
        *(("999999999999", 86_400), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)),
    ],
)
def test_how_long_a_service_asks_to_wait_is_believed_up_to_a_day(said: str | None, seconds: int) -> None:
    assert wait_of(said).total_seconds() == seconds


@pytest.mark.parametrize(
    "environ",
    [
        {"FLARE_PUSH_HOSTS": "http://push.test"},
        {"FLARE_PUSH_HOSTS": "*"},
        {"FLARE_PUSH_HOSTS": "localhost"},
        {"FLARE_PUSH_CONTACT": "operator"},
    ],
)
def test_a_setting_that_names_no_service_is_said_at_the_start(environ: dict[str, str]) -> None:
    with pytest.raises(BadSettings):
        Settings.read(environ)
