"""Servers that do nothing but broadcast: what ours is measured beside, each in a process of its own.

Node's are fetched by npm into a temporary folder at run time and never kept; whoever is missing is one honest line.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent
PACKAGES: Final = ("ws@8", "socket.io@4")
SERVER_CORE: Final = 0

NGINX: Final = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
{load}
events {{ worker_connections 20000; }}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:{port} backlog=2048 sndbuf=64k;
    location = /sub {{ nchan_subscriber websocket; nchan_channel_id all; nchan_subscriber_first_message newest; }}
    location = /pub {{ nchan_publisher http; nchan_channel_id all; nchan_message_buffer_length 100; }}
  }}
}}
"""


class Missing(Exception):
    """This peer can't be had here; says why."""


@dataclass
class Peer:
    """One running server."""

    name: str
    process: subprocess.Popen[str]
    port: int
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)
    by_http: bool = False
    claimer: tuple[str, str] | None = None
    """A person's token and an ask of which they may claim seats; ours only."""

    def send(self, events: int) -> None:
        """That many events to everybody."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{events}\n")
        self.process.stdin.flush()

    def cpu_s(self) -> float:
        """Processor time it has used: fair on a machine that others use too."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kb(self) -> int:
        """What it alone keeps in memory."""
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@contextlib.contextmanager
def node_modules() -> Iterator[Path | None]:
    """A temporary folder with the node peers in it; None when there is no node, no npm or no registry."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="flare-bench-") as folder:
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--silent"]
        command += ["--fetch-retries=1", "--fetch-timeout=15000", *PACKAGES]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
        yield Path(folder) if done.returncode == 0 else None


def nginx() -> tuple[str, str]:
    """(program, its load_module line). Raises: Missing."""
    program = os.environ.get("FLARE_BENCH_NGINX") or shutil.which("nginx")
    module = os.environ.get("FLARE_BENCH_NCHAN") or "/usr/lib/nginx/modules/ngx_nchan_module.so"
    if program is None or not Path(module).exists():
        raise Missing("absent (Debian: nginx and libnginx-mod-nchan)")
    return program, f"load_module {module};"


@contextlib.contextmanager
def running(name: str, size: int, modules: Path | None) -> Iterator[Peer]:
    """That server, pinned to one core, ended with the block. Raises: Missing."""
    with tempfile.TemporaryDirectory(prefix="flare-bench-") as folder:
        command, environ, port = _command(name, size, modules, Path(folder))
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environ, "TMPDIR": folder}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
                os.sched_setaffinity(process.pid, {SERVER_CORE})
            yield _peer(name, process, port)
        finally:
            process.kill()
            process.wait()


def _command(name: str, size: int, modules: Path | None, folder: Path) -> tuple[list[str], dict[str, str], int]:
    if name in ("ws", "socketio"):
        if modules is None:
            raise Missing("absent (needs node, npm and a registry)")
        return ["node", str(HERE / f"{name}.js"), str(size)], {"NODE_PATH": str(modules / "node_modules")}, 0
    if name == "nchan":
        import socket

        program, load = nginx()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, load=load, port=port))
        user = f"-g user {'root' if os.getuid() == 0 else 'nobody'};"
        return [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), *user.split(" ", 1)], {}, port
    return [sys.executable, "-m", "bench.peers.loops", name, str(size)], {}, 0


def _peer(name: str, process: subprocess.Popen[str], port: int) -> Peer:
    if name == "nchan":
        return Peer(name, process, port, "/sub", by_http=True)
    line = process.stdout.readline().split() if process.stdout else []
    if not line:
        raise Missing("did not start")
    if name == "flare":
        hello = ['{"f":"hello","v":1}', f'{{"f":"sub","id":1,"topic":"req:{line[2]}"}}']
        bearer = {"Authorization": f"Bearer {line[1]}"}
        return Peer(name, process, int(line[0]), "/v1/live", bearer, hello, claimer=(line[3], line[4]))
    if name == "wall":
        hello = ['{"f":"hello","v":1}', '{"f":"sub","id":1,"topic":"map:*"}']
        return Peer(name, process, int(line[0]), "/v1/live", {"Authorization": f"Bearer {line[1]}"}, hello)
    if name == "socketio":
        return Peer(name, process, int(line[0]), "/socket.io/?EIO=4&transport=websocket", first=["40"])
    return Peer(name, process, int(line[0]))
