"""Writes docs/reference/ from the code: every state, refusal, setting, bound, kind, role and command.

    python tools/make_docs.py           writes them
    python tools/make_docs.py --check   says which are stale, exit code 1

Nothing there is edited by hand (tests/house/test_reference.py).
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path

import typer

from dispatch import __main__ as command_line
from dispatch.domain import errors, events, kinds, lifecycle, limits, visibility
from dispatch.domain.people import Duty
from dispatch.domain.request import WEIGHT
from dispatch.settings import Settings

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "reference"
MADE = "<!-- Made by tools/make_docs.py from the code; edit the code, then `make docs`. -->\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def first_sentence(thing: object) -> str:
    """The first line of a docstring."""
    return (thing.__doc__ or "").strip().split("\n")[0]


def lifecycle_page() -> str:
    """States and the ways between them."""
    requests = table(
        ("from", "what happened", "to"),
        ((a, h, b) for (a, h), b in lifecycle.REQUEST_TRANSITIONS.items()),
    )
    claims = table(("from", "step", "to"), ((a, s, b) for (a, s), b in lifecycle.CLAIM_TRANSITIONS.items()))
    dispositions = table(
        ("disposition", "request becomes"),
        (
            (d, lifecycle.REQUEST_TRANSITIONS[lifecycle.RequestState.OPEN, happening])
            for d, happening in lifecycle.DISPOSITIONS.items()
        ),
    )
    final = ", ".join(sorted(f"`{s}`" for s in lifecycle.FINAL))
    request_kinds = "".join(f"- `{kind}`\n" for kind in events.EventKind)
    inbox_kinds = "".join(f"- `{kind}`\n" for kind in events.InboxKind)
    duties = ", ".join(f"`{duty}`" for duty in Duty)
    return (
        f"# Lifecycle\n\nThe one table in `dispatch/domain/lifecycle.py`. Final: {final}.\n\n"
        f"## Requests\n\n{requests}\n"
        f"## Claims\n\n{claims}\nSeats are held in {', '.join(sorted(f'`{s}`' for s in lifecycle.HOLDS_SEATS))}; "
        f"the exact place is shown in {', '.join(sorted(f'`{s}`' for s in lifecycle.STANDING))}.\n\n"
        f"## Dispositions\n\n{dispositions}\n## Events of a request\n\n{request_kinds}\n"
        f"## Events of an inbox\n\n{inbox_kinds}\n## Duty\n\n{duties}\n"
    )


def errors_page() -> str:
    """Every refusal."""
    from web.errors import STATUS

    rows = (
        (f"`{refusal.code}`", STATUS.get(refusal.code, ""), refusal.retry, first_sentence(refusal))
        for refusal in errors.every_refusal()
    )
    return (
        "# Refusals\n\nEvery no has a stable `code`; the sentence beside it may change. `retry` says what helps: "
        "`fix` the message, `refresh` the picture, `later`, `sign_in`, or `no`.\n\n"
        + table(("code", "HTTP", "retry", "when"), rows)
    )


def settings_page() -> str:
    """Every setting."""
    rows = []
    for spec in fields(Settings):
        default = "" if spec.default in (None, ()) else f"`{spec.default}`"
        rows.append((f"`{spec.metadata['env']}`", default, spec.metadata["says"]))
    return (
        "# Settings\n\nFrom the environment; `NAME_FILE` names a file that holds the value. All faults are reported "
        "together at the start.\n\n" + table(("variable", "default", "what for"), rows)
    )


LIMIT = re.compile(r"^([A-Z_0-9]+): Final = (.+?)(?:  # (.*))?$")
SECTION = re.compile(r"^# -- (.+?) -+$")


def limits_page() -> str:
    """Every bound, in the order of the file."""
    parts = ["# Bounds\n\nAll of `dispatch/domain/limits.py`.\n"]
    rows: list[tuple[str, str, str]] = []
    for line in Path(str(limits.__file__)).read_text().splitlines():
        if section := SECTION.match(line):
            if rows:
                parts.append(table(("bound", "value", "of"), rows))
            rows = []
            parts.append(f"## {section[1].capitalize()}\n")
        elif bound := LIMIT.match(line):
            rows.append((f"`{bound[1]}`", f"`{bound[2]}`", bound[3] or ""))
    parts.append(table(("bound", "value", "of"), rows))
    return "\n".join(parts)


def kinds_page() -> str:
    """Every kind of need and urgency."""
    rows = (
        (
            f"`{kind.name}`",
            kind.unit,
            f"{kind.quantity_max:,}",
            "yes" if kind.located else "no",
            "yes" if kind.open_ended else "no",
            f"{kind.plan.total_seconds() / 60:.0f} min",
            f"{kind.give_up.total_seconds() / 3600:.0f} h",
        )
        for kind in kinds.KINDS.values()
    )
    head = ("kind", "unit", "at most", "somebody travels", "open-ended", "planned within", "given up after")
    urgency = table(("urgency", "weight"), ((f"`{name}`", weight) for name, weight in WEIGHT.items()))
    return f"# Kinds of need\n\nRows of `dispatch/domain/kinds.py`.\n\n{table(head, rows)}\n## Urgency\n\n{urgency}"


def visibility_page() -> str:
    """Which role sees which part."""
    roles = list(visibility.Role)
    rows = (
        (f"`{part}`", *("yes" if role in allowed else "" for role in roles))
        for part, allowed in visibility.FIELDS.items()
    )
    return (
        "# Who sees what\n\nParts of an event's body by role (`dispatch/domain/visibility.py`). The exact place is for "
        f"{' and '.join(sorted(visibility.EXACT))} alone; the public sees a coarser cell than members. "
        "What is not listed leaves nobody.\n\n" + table(("part", *roles), rows)
    )


def commands_page() -> str:
    """Every command with its options."""
    group = typer.main.get_command(command_line.app)
    parts = ["# Commands\n"]
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        if command.hidden:
            continue
        parts.append(f"## `flare {name}`\n\n{(command.help or '').strip()}\n")
        rows = []
        for option in command.params:
            shown = ", ".join(f"`{text}`" for text in option.opts)
            rows.append((shown, getattr(option, "help", None) or ""))
        if rows:
            parts.append(table(("option", "what for"), rows))
    return "\n".join(parts)


PAGES: dict[str, Callable[[], str]] = {
    "lifecycle.md": lifecycle_page,
    "errors.md": errors_page,
    "settings.md": settings_page,
    "limits.md": limits_page,
    "kinds.md": kinds_page,
    "visibility.md": visibility_page,
    "commands.md": commands_page,
}


def stale(folder: Path = FOLDER) -> list[str]:
    """Names of pages that don't say what the code says."""
    return [
        name
        for name, text in pages().items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
    ]


def write(folder: Path = FOLDER) -> None:
    """Writes every page."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """Every page's name with its text."""
    made = {}
    for name, page in PAGES.items():
        title, _, rest = page().partition("\n")
        made[name] = f"{title}\n\n{MADE}{rest}".rstrip() + "\n"
    return made


def main() -> int:
    """Writes the pages, or says which are stale."""
    if "--check" not in sys.argv:
        write()
        return 0
    names = stale()
    for name in names:
        sys.stderr.write(f"docs/reference/{name} is stale: run make docs\n")
    return bool(names)


if __name__ == "__main__":
    sys.exit(main())
