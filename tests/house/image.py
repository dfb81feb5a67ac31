"""What Dockerfile and compose.yaml must promise, read without a Docker engine.

hadolint and the compose schema (`make image-check`) see misspellings; this sees what only this project knows: which
files exist, which variables the settings read, and that nobody runs as root.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PINNED = re.compile(r"^[\w./-]+:\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$")
VARIABLE = re.compile(r"\bFLARE_[A-Z_]+\b")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a Dockerfile, its continued lines joined."""

    line: int
    name: str
    rest: str


def instructions(dockerfile: str) -> list[Instruction]:
    """What a builder would read, comments and continuations gone."""
    found: list[Instruction] = []
    start, parts = 0, list[str]()
    for number, line in enumerate(dockerfile.splitlines(), 1):
        if (not parts and not line.strip()) or line.lstrip().startswith("#"):
            continue
        start = start if parts else number
        parts.append(line.strip().removesuffix("\\").strip())
        if not line.rstrip().endswith("\\"):
            name, _, rest = " ".join(parts).partition(" ")
            found.append(Instruction(start, name.upper(), rest.strip()))
            parts = []
    return found


def dockerfile_faults(root: Path) -> list[str]:
    """One sentence for each broken promise of the Dockerfile."""
    steps = instructions((root / "Dockerfile").read_text(encoding="utf-8"))
    stages = {step.rest.split()[-1] for step in steps if step.name == "FROM" and " as " in step.rest.lower()}
    faults = []
    for step in steps:
        where = f"Dockerfile:{step.line}"
        if step.name == "FROM" and step.rest.split()[0] not in stages and not PINNED.match(step.rest.split()[0]):
            faults.append(f"{where}: {step.rest.split()[0]} is not pinned to a version")
        if step.name in {"COPY", "ADD"} and "--from=" not in step.rest:
            sources = [part for part in step.rest.split() if not part.startswith("--")][:-1]
            faults += [f"{where}: {source} doesn't exist" for source in sources if not list(root.glob(source))]
        if step.name in {"ARG", "ENV"} and re.search(r"(SECRET|TOKEN|PASSWORD|KEY)\w*[= ]", step.rest):
            faults.append(f"{where}: a secret in {step.name} stays in the image for everyone to read")
    last = max(index for index, step in enumerate(steps) if step.name == "FROM")
    run = {step.name: step.rest for step in steps[last:]}
    user = run.get("USER", "root").partition(":")[0]
    if not user.isdigit() or int(user) == 0:
        faults.append(f"Dockerfile: the last stage runs as {user}; a number above 0 can be checked by whoever runs it")
    faults += [f"Dockerfile: no {name}" for name in ("HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT") if name not in run]
    return faults


def compose_faults(root: Path) -> list[str]:
    """One sentence for each broken promise of compose.yaml."""
    compose: dict[str, Any] = yaml.safe_load((root / "compose.yaml").read_text(encoding="utf-8"))
    faults = []
    for name, service in compose["services"].items():
        where = f"compose.yaml: {name}"
        if "build" not in service and not PINNED.match(service.get("image", "")):
            faults.append(f"{where} runs {service.get('image')}, which is not pinned to a version")
        if service.get("privileged"):
            faults.append(f"{where} is privileged")
        unknown = set(service.get("depends_on", ())) - set(compose["services"])
        faults += [f"{where} waits for {other}, which doesn't exist" for other in sorted(unknown)]
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            there = (root / source).exists() if source.startswith(".") else source in compose.get("volumes", {})
            if not there:
                faults.append(f"{where} mounts {source}, which doesn't exist")
        for key, value in (service.get("environment") or {}).items():
            if re.search(r"SECRET|TOKEN|PASSWORD|_KEY\b", key) and not key.endswith("_FILE"):
                faults.append(f"{where} has {key}={value} in the open; secrets come by file")
    return faults


def known_variables(reader: Path) -> set[str]:
    """The environment variables that a file of ours names, each also with _FILE."""
    texts = (node.value for node in ast.walk(ast.parse(reader.read_text())) if isinstance(node, ast.Constant))
    names = {text for text in texts if isinstance(text, str) and VARIABLE.fullmatch(text)}
    return names | {f"{name}_FILE" for name in names}


def unknown_variables(root: Path) -> list[str]:
    """FLARE_ names in Dockerfile, compose.yaml and deploy/ that nobody reads: a typo there is silent otherwise."""
    readers = [path for path in (root / "dispatch" / "settings.py", root / "hatch_build.py") if path.exists()]
    if not readers:
        return []
    known = set().union(*(known_variables(path) for path in readers))
    places = [root / "Dockerfile", root / "compose.yaml", *sorted((root / "deploy").glob("*"))]
    return [
        f"{path.relative_to(root).as_posix()}: {name} is no setting"
        for path in places
        if path.exists()
        for name in sorted(set(VARIABLE.findall(path.read_text(encoding="utf-8"))) - known)
    ]
