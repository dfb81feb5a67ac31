"""A line between a phone and a server that loses what it is told to lose: the bad network of the tests.

One port for the whole test, whatever becomes of the server behind it. Must never lose anything by itself.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PIECE = 65_536


@dataclass
class Line:
    """The phone's end is `port`; the server's end is `to` and may change."""

    to: tuple[str, int]
    listener: socket.socket
    down: bool = False
    """True: whoever calls is cut off, whoever talks, too."""
    swallow: Callable[[], None] | None = None
    """Called once when the answer to a form has come; the phone never gets that answer."""
    held: set[socket.socket] = field(default_factory=set)

    @property
    def address(self) -> str:
        """Where phones call."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def cut(self) -> None:
        """No signal: everybody is cut off until `down` is taken back."""
        self.down = True
        for each in list(self.held):
            _close(each)

    def serve(self) -> None:
        """Takes calls until the listener is closed."""
        while True:
            try:
                phone, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._call, args=(phone,), daemon=True).start()

    def _call(self, phone: socket.socket) -> None:
        try:
            server = socket.create_connection(self.to, timeout=5) if not self.down else None
        except OSError:
            server = None
        if server is None:
            _close(phone)
            return
        server.settimeout(None)
        self.held |= {phone, server}
        losing = threading.Event()
        up = threading.Thread(target=self._up, args=(phone, server, losing), daemon=True)
        up.start()
        self._down(phone, server, losing)
        self.held -= {phone, server}

    def _up(self, phone: socket.socket, server: socket.socket, losing: threading.Event) -> None:
        with suppress(OSError):
            while piece := phone.recv(PIECE):
                if self.swallow is not None and piece.startswith(b"POST "):
                    losing.set()
                server.sendall(piece)
        _close(server)

    def _down(self, phone: socket.socket, server: socket.socket, losing: threading.Event) -> None:
        with suppress(OSError):
            while piece := server.recv(PIECE):
                if losing.is_set():
                    # The server says nothing before it has committed: what is lost here is only the answer.
                    lost, self.swallow = self.swallow, None
                    self.cut()
                    if lost is not None:
                        lost()
                    break
                phone.sendall(piece)
        _close(phone)
        _close(server)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def line(to: tuple[str, int]) -> Iterator[Line]:
    """A line to that server, taken down with the block."""
    made = Line(to, socket.create_server(("127.0.0.1", 0)))
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        _close(made.listener)
        made.cut()
        thread.join(timeout=5)
