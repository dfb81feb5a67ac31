"""The image and its neighbours, as far as they can be read: nobody is root, everything copied exists.

That an image builds and answers is for a machine with a Docker engine; no test here says so.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.image import compose_faults, dockerfile_faults, unknown_variables
from tests.support.trees import write_tree

DOCKERFILE = """\
FROM python:3.13-slim AS deps
COPY pyproject.toml \\
     geo /src/
FROM python:3.13-slim
COPY --from=deps /src /src
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK CMD ["true"]
ENTRYPOINT ["flare"]
"""
COMPOSE = """\
services:
  db: {image: "postgres:18.1", volumes: ["data:/data"], environment: {POSTGRES_PASSWORD_FILE: /run/x}}
  flare: {build: ., depends_on: [db], volumes: ["./geo:/geo"]}
volumes: {data: }
"""


def test_the_image_keeps_its_promises(project_root: Path) -> None:
    faults = dockerfile_faults(project_root) + compose_faults(project_root) + unknown_variables(project_root)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "command",
    [
        ["hadolint", "Dockerfile"],
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"],
    ],
    ids=["hadolint", "compose-schema"],
)
def test_a_linter_finds_nothing_in_the_image(command: list[str], project_root: Path) -> None:
    program = shutil.which(command[0], path=str(Path(sys.executable).parent))
    assert program, f"{command[0]} is not installed: make setup"
    done = subprocess.run([program, *command[1:]], cwd=project_root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("USER 10001:10001\n", "", "runs as root"),
        ("USER 10001:10001", "USER flare", "runs as flare"),
        ("USER 10001:10001", "USER 0", "runs as 0"),
        ('HEALTHCHECK CMD ["true"]\n', "", "no HEALTHCHECK"),
        ("     geo /src/", "     gone /src/", "Dockerfile:2: gone doesn't exist"),
        ("python:3.13-slim\n", "python:latest\n", "Dockerfile:4: python:latest is not pinned"),
        ("STOPSIGNAL", "ENV FLARE_SECRET=x\nSTOPSIGNAL", "a secret in ENV"),
    ],
)
def test_a_careless_dockerfile_is_found_out(tmp_path: Path, old: str, new: str, says: str) -> None:
    good = {"pyproject.toml": "", "geo/a.py": "", "Dockerfile": DOCKERFILE}
    assert dockerfile_faults(write_tree(tmp_path, good)) == []
    (fault,) = dockerfile_faults(write_tree(tmp_path, {"Dockerfile": DOCKERFILE.replace(old, new)}))
    assert says in fault


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("postgres:18.1", "postgres:latest", "db runs postgres:latest, which is not pinned"),
        ("depends_on: [db]", "depends_on: [gone]", "flare waits for gone"),
        ("./geo:/geo", "./gone:/geo", "flare mounts ./gone"),
        ("data:/data", "other:/data", "db mounts other"),
        ("POSTGRES_PASSWORD_FILE", "POSTGRES_PASSWORD", "in the open"),
        ("build: .", "build: ., privileged: true", "flare is privileged"),
    ],
)
def test_a_careless_compose_file_is_found_out(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert compose_faults(write_tree(tmp_path, {"geo/a.py": "", "compose.yaml": COMPOSE})) == []
    (fault,) = compose_faults(write_tree(tmp_path, {"compose.yaml": COMPOSE.replace(old, new)}))
    assert says in fault


def test_a_misspelt_variable_is_found_out(tmp_path: Path) -> None:
    tree = write_tree(
        tmp_path,
        {
            "dispatch/settings.py": 'NAMES = ["FLARE_HOST", "FLARE_SECRET"]',
            "Dockerfile": "ENV FLARE_HOST=0.0.0.0 FLARE_HOTS=1",
            "compose.yaml": "FLARE_SECRET_FILE: /run/secrets/x",
        },
    )
    assert unknown_variables(tree) == ["Dockerfile: FLARE_HOTS is no setting"]
