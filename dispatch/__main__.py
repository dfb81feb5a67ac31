"""The command line: one function a command, everything heavy imported inside it.

Exit code 0 ok, 1 refused (one line on stderr that says what to do), 2 wrong usage. `flare --help`
imports nothing but typer (tests/house/test_start.py).
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from dispatch.settings import Settings
    from web.serve import Beside

app = typer.Typer(
    name="flare",
    help="Somebody is stranded and sends up a flare; the nearest people of their own network see it and come.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the embedded database.", show_default=False)]
Port = Annotated[
    int | None,
    typer.Option("--port", help="Port to listen on; 0 takes a free one.", min=0, max=65_535, show_default=False),
]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def main() -> None:
    """Runs the command line; an expected refusal is one line and exit code 1, never a stack trace."""
    # numpy's products here take microseconds: threads for them wait long where every core is busy (25 ms for 0.1).
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def refuse(says: str) -> NoReturn:
    """Says why on stderr, in one line, and ends with exit code 1."""
    typer.echo(f"flare: {' '.join(says.split())}", err=True)
    raise typer.Exit(1)


def _settings(**given: object) -> "Settings":
    from dispatch.settings import BadSettings, Settings

    try:
        return Settings.read(os.environ, **given)
    except BadSettings as faults:
        refuse(str(faults))


@app.command()
def up(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Play the night of the bus on it.")] = False,
    scaled: Annotated[bool, typer.Option("--scaled", help="PostgreSQL, Valkey and several workers here.")] = False,
    host: Host = None,
    port: Port = None,
    data: Data = None,
    speed: Annotated[float, typer.Option(help="How fast the demo's night passes; 60 = a minute a second.")] = 60.0,
    people: Annotated[int, typer.Option(help="How many people follow the demo's hub.")] = 48_000,
) -> None:
    """Run Flare on this machine: one process, one SQLite file, http://127.0.0.1:8000."""
    if scaled:
        if demo:
            refuse("the demo plays on one process: leave out --scaled or --demo")
        _up_scaled(_settings(host=host, port=port, data=data))
        return
    if demo and data is None and "FLARE_DATA" not in os.environ:
        data = Path("flare-demo")
    settings = _settings(host=host, port=port, data=data)
    beside = None
    if demo:
        from dispatch.stories.demo import night

        beside = night(people=people, speed=speed, say=typer.echo)
    _serve(settings, beside)


@app.command()
def serve(
    *,
    workers: Annotated[
        int | None, typer.Option(help="Processes; more than one needs PostgreSQL.", min=1, max=64, show_default=False)
    ] = None,
    host: Host = None,
    port: Port = None,
    data: Data = None,
) -> None:
    """Serve a community: on PostgreSQL and Redis with N workers, or on SQLite with one."""
    settings = _settings(host=host, port=port, data=data, workers=workers)
    if settings.workers > 1 and not (settings.database_url or "").startswith("postgres"):
        refuse("several workers need PostgreSQL: set FLARE_DATABASE_URL=postgresql://…, or use --workers 1")
    if settings.workers > 1:
        _serve_fleet(settings)
    else:
        _serve(settings, None)


@app.command(hidden=True)
def worker(number: int, bound: int, line: int, figures: Annotated[Path | None, typer.Argument()] = None) -> None:
    """One worker of `flare serve --workers N`, which starts it."""
    from web.serve import run_worker

    with _refusals():
        run_worker(_settings(), number, bound, line, figures)


def _serve_fleet(settings: "Settings", **more: str) -> None:
    """Workers read the same environment, with what was given by hand in it."""
    from web.fleet import WorkersFailed
    from web.serve import CannotListen, run_fleet

    given = {"DATA": settings.data, "HOST": settings.host, "PORT": settings.port, "WORKERS": settings.workers, **more}
    environ = {**os.environ, **{f"FLARE_{name}": str(value) for name, value in given.items()}}
    for name in given:
        environ.pop(f"FLARE_{name}_FILE", None)
    with _refusals():
        try:
            run_fleet(settings, say=typer.echo, environ=environ)
        except CannotListen as fault:
            refuse(str(fault))
        except WorkersFailed:
            raise typer.Exit(1) from None


def _up_scaled(settings: "Settings") -> None:
    from dataclasses import replace

    from dispatch.engines import EnginesMissing, running_engines
    from dispatch.runtime import secret_for
    from dispatch.store.migrations import upgrade

    with _refusals():
        secret = secret_for(replace(settings, database_url=None))
        try:
            with running_engines(settings.data.resolve()) as engines:
                typer.echo("PostgreSQL and Valkey run beside it: for trying the scaled shape, not for production.")
                upgrade(engines.database_url)
                workers = settings.workers if settings.workers > 1 else max(2, os.cpu_count() or 2)
                _serve_fleet(
                    replace(settings, database_url=engines.database_url, redis_url=engines.redis_url, workers=workers),
                    DATABASE_URL=engines.database_url,
                    REDIS_URL=engines.redis_url,
                    SECRET=secret,
                )
        except EnginesMissing as fault:
            refuse(str(fault))


def _serve(settings: "Settings", beside: "Beside | None") -> None:
    from dispatch.stories.tales import StoryRefused
    from web.serve import CannotListen, run

    with _refusals():
        try:
            run(settings, beside=beside, say=typer.echo)
        except (CannotListen, StoryRefused) as fault:
            refuse(str(fault))


@app.command(name="import")
def import_(
    people: Annotated[Path, typer.Option(help="CSV: person,name,lat,lon,seats,duty,last_seen.")],
    ties: Annotated[Path | None, typer.Option(help="CSV: two columns, who would hear whom.")] = None,
    tokens: Annotated[Path | None, typer.Option(help="Write person,token here (mode 600).")] = None,
    data: Data = None,
) -> None:
    """Load a network: all or nothing; importing it again changes nothing."""
    from dispatch.actions.import_lines import BadFile
    from dispatch.actions.import_network import import_network
    from dispatch.ids import SystemIds
    from dispatch.progress import Bar
    from dispatch.token_file import token_file

    settings = _settings(data=data)
    with _refusals(), token_file(tokens) as write, _open_store(settings) as store:
        bar = Bar()
        try:
            report = import_network(store, people, ties, ids=SystemIds(), progress=bar.show, tokens=tokens is not None)
        except BadFile as fault:
            bar.end()
            for line in fault.lines[1:]:
                typer.echo(f"  {line}", err=True)
            refuse(fault.lines[0] if fault.lines else str(fault))
        bar.end()
        write(report.tokens)
    for notice in report.notices:
        typer.echo(f"note: {notice}", err=True)
    typer.echo(report.says)


@app.command()
def simulate(
    story: Annotated[str, typer.Argument(help="Which story, for instance: bus; all = every world.")],
    *,
    people: Annotated[Path | None, typer.Option(help="Play it on this network (CSV).")] = None,
    ties: Annotated[Path | None, typer.Option(help="The network's ties (CSV).")] = None,
    seeds: Annotated[int, typer.Option(help="How many nights to play.", min=1, max=10_000)] = 1,
    policy: Annotated[str | None, typer.Option(help="Wave policy.", show_default=False)] = None,
    hub: Annotated[str | None, typer.Option(help="Who asks, in the network given.", show_default=False)] = None,
    willing: Annotated[
        float | None, typer.Option(help="People's willingness, times as remembered.", show_default=False)
    ] = None,
    real: Annotated[
        Path | None, typer.Option(help="Folder of the real networks and nights.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the report goes.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Play a story through the real matcher and actions on a stepped clock."""
    from dispatch.stories import StoryRefused
    from dispatch.stories import simulate as play

    with _refusals():
        try:
            code = play(
                story,
                people=people,
                ties=ties,
                seeds=seeds,
                policy=policy,
                as_json=as_json,
                out=out,
                hub=hub,
                willing=willing,
                real=real,
            )
        except StoryRefused as fault:
            refuse(str(fault))
    raise typer.Exit(code)


@app.command()
def migrate(
    *,
    restored: Annotated[
        bool, typer.Option("--restored", help="PostgreSQL was put back from a dump: everyone takes a fresh snapshot.")
    ] = False,
    data: Data = None,
) -> None:
    """Bring the database to this version."""
    from dispatch.runtime import database_of
    from dispatch.store.backup import begin_epoch
    from dispatch.store.migrations import upgrade

    settings = _settings(data=data)
    with _refusals():
        upgrade(database_of(settings))
        if restored:
            typer.echo(begin_epoch(database_of(settings)))
    typer.echo("The database is at the newest revision.")


@app.command()
def coordinator(
    what: Annotated[str, typer.Argument(help="add or remove.")],
    person: Annotated[str, typer.Argument(help="The person's name in your file, or their id.")],
    data: Data = None,
) -> None:
    """Let somebody look after the network, or no longer: they sign in as themselves, every act is in the audit."""
    from dispatch.actions.desk import appoint
    from dispatch.domain.errors import NotFound

    if what not in ("add", "remove"):
        raise typer.BadParameter("say add or remove")
    with _refusals(), _open_store(_settings(data=data)) as store:
        try:
            changed = store.submit(lambda tx, now: appoint(tx, now, person, may=what == "add")).result()
        except NotFound:
            refuse(f"there is no member {person!r}: use the name of your people file, or the id of GET /v1/me")
    typer.echo("Done." if changed else "That was so already.")


@app.command()
def doctor(data: Data = None) -> None:
    """Check this machine and the database, and say what to mend."""
    from dispatch.doctor import Finding, examine
    from web.pages.tiles import wall_map

    settings = _settings(data=data)
    says, wrong = wall_map(settings)
    findings = [*examine(settings), Finding(what="wall's map", says=says, wrong=wrong)]
    for finding in findings:
        typer.echo(f"{finding.mark} {finding.what}: {finding.says}")
    if any(finding.wrong for finding in findings):
        raise typer.Exit(1)


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="Where to write it.")], data: Data = None) -> None:
    """Write a consistent copy of the database, while it is in use."""
    from dispatch.runtime import database_of
    from dispatch.store.backup import back_up

    settings = _settings(data=data)
    with _refusals():
        typer.echo(back_up(database_of(settings), file))


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that `flare backup` wrote.")], data: Data = None) -> None:
    """Put a backup in the place of the database; everyone who follows takes a fresh snapshot."""
    from dispatch.runtime import database_of
    from dispatch.store.backup import put_back

    settings = _settings(data=data)
    with _refusals():
        typer.echo(put_back(database_of(settings), file))


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="claims, ask-to-alert, match …")],
    *,
    as_json: AsJson = False,
) -> None:
    """Run one of the benchmarks the README quotes."""
    try:
        from bench import BENCHES
    except ImportError:
        refuse("the benchmarks are part of the source tree: run this from a clone of it")
    if name not in BENCHES:
        refuse(f"there is no benchmark {name!r}; there are {', '.join(sorted(BENCHES))}")
    import importlib

    raise typer.Exit(importlib.import_module(BENCHES[name]).main(as_json=as_json))


class _refusals:  # noqa: N801 - read as a word at its uses
    """Turns expected refusals of the store and the settings into one line and exit code 1."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, SystemExit | typer.Exit):
            return
        from dispatch.settings import BadSettings
        from dispatch.store.errors import StoreUnavailable

        if isinstance(error, BadSettings | StoreUnavailable):
            refuse(str(error))
        if isinstance(error, OSError) and error.filename is not None:
            refuse(f"{error.filename}: {error.strerror}")


def _open_store(settings: "Settings") -> "OpenStore":
    return OpenStore(settings)


class OpenStore:
    """The store for the length of one command."""

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings

    def __enter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204 - the store's type costs its import
        from dispatch.clock import MachineClock
        from dispatch.ids import SystemIds
        from dispatch.runtime import database_of, secret_for
        from dispatch.store import open_store

        secret = secret_for(self._settings)
        url, keyring = database_of(self._settings), self._settings.keyring
        self._store = open_store(url, clock=MachineClock(), ids=SystemIds(), secret=secret, keyring=keyring)
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


if __name__ == "__main__":
    main()
