"""A browser without script: cookies, forms, nothing else; and the world of tests/web to ask in."""

import re
from collections.abc import Mapping

import httpx

from tests.web.conftest import World, play

__all__ = ["play"]

HOST = "https://flare.test"
PAGE = {"accept": "text/html", "accept-language": "en-US,en;q=0.9", "accept-encoding": "gzip"}


class Browser:
    """Keeps its cookies and fills in forms; `page` is the last page seen."""

    def __init__(self, world: World, **headers: str) -> None:
        transport = httpx.ASGITransport(world.app, client=("127.0.0.1", 40_000))
        self.client = httpx.AsyncClient(transport=transport, base_url=HOST, headers=PAGE | headers)
        self.world = world
        self.page = ""
        self.answer: httpx.Response | None = None

    async def get(self, path: str) -> str:
        """The page's markup."""
        return self._kept(await self.client.get(path, follow_redirects=True))

    async def post(self, path: str, fields: Mapping[str, str] | None = None, key: str | None = None) -> str:
        """The page after a form was sent, with the key that stands in the page seen last."""
        body = {"key": key or self.key(path), **(fields or {})}
        return self._kept(await self.client.post(path, data=body, follow_redirects=True))

    async def sign_in(self, who: str) -> "Browser":
        """Opens a member's own link by hand."""
        await self.get("/help")
        await self.post("/open", {"token": self.world.tokens[who], "to": "/help"})
        assert self.status == 200, self.page
        return self

    async def keep_settings(self, **fields: str) -> str:
        """The page after the settings on it were kept."""
        key = re.search(r'class="set".*?name="key" value="([^"]+)"', self.page, re.DOTALL)
        assert key, self.words()
        return await self.post("/help", {"all": "1", **fields}, key[1])

    async def invite(self) -> str:
        """The token of a fresh invite."""
        await self.get("/ready")
        await self.post("/ready/invite")
        token = re.search(r"#(fli_[\w-]+)", self.page)
        assert token, self.words()
        return token[1]

    def key(self, path: str) -> str:
        """The hidden key of the form that goes there."""
        pattern = rf'<form[^>]*action="{re.escape(path)}"[^>]*>.*?name="key" value="([^"]+)"'
        form = re.search(pattern, self.page, re.DOTALL)
        assert form, f"no form to {path} on the page"
        return form[1]

    @property
    def status(self) -> int:
        """The last answer's status."""
        assert self.answer is not None
        return self.answer.status_code

    @property
    def path(self) -> str:
        """Where the browser is now."""
        assert self.answer is not None
        return self.answer.url.path

    def words(self) -> str:
        """What can be read on the page, tags taken away."""
        body = re.sub(r"<(style|script|template|svg)\b.*?</\1>", " ", self.page, flags=re.DOTALL)
        text = (
            re.sub(r"<[^>]+>", " ", re.sub(r"</?(?:bdi|b|time|a|span)\b[^>]*>", "", body))
            .replace("&#39;", "'")
            .replace("&amp;", "&")
        )
        return re.sub(r"\s+", " ", text)

    def _kept(self, answer: httpx.Response) -> str:
        self.answer, self.page = answer, answer.text
        return self.page


async def asked(world: World, **fields: str) -> tuple[Browser, str]:
    """Ana's browser after her ask went up, and the ask's id."""
    ana = await Browser(world).sign_in("ana")
    await ana.get("/")
    form = {"kind": "ride", "quantity": "9", "lat": "35.212345", "lon": "-116.123456", "accuracy": "12"}
    await ana.post(
        "/", form | {"note": "behind the blue water tank, ask for Zephyrine", "phone": "+1 760 555 0142"} | fields
    )
    assert ana.status == 200, ana.words()
    return ana, ana.path.removeprefix("/r/")


async def taken(world: World, who: str, ask: str, seats: str = "4") -> Browser:
    """A volunteer who has taken seats from the alert on their page."""
    helper = await Browser(world).sign_in(who)
    await helper.get("/help")
    alert = re.search(r'href="/help/([\w-]+)"', helper.page)
    assert alert, helper.words()
    await helper.get(f"/help/{alert[1]}")
    await helper.post(f"/r/{ask}/take", {"seats": seats, "eta": "60"})
    return helper


async def step(helper: Browser, step: str, **fields: str) -> str:
    """The next step, by the button on the card."""
    claim = re.search(r'action="/claims/([\w-]+)/step"', helper.page)
    assert claim, helper.words()
    return await helper.post(f"/claims/{claim[1]}/step", {"step": step, **fields})
