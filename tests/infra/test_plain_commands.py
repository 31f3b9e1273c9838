"""The plain CDK commands of the documents work in a fresh environment, from a fresh copy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.project_files import PROJECT
from tests.support.markdown import document

pytestmark = pytest.mark.slow
REACHED = ("pip download --quiet --no-deps --dest . constructs", "npm view aws-cdk version")
# Ours: how long each may take. An install that hangs must not take all of a run's time.
REACH_SECONDS, INSTALL_SECONDS, SYNTH_SECONDS = 120, 900, 900


def commands() -> tuple[str, str]:
    """How the page installs, and how it synthesizes."""
    (block,) = [
        each.body.splitlines()
        for each in document("docs/deploying.md").fences
        if each.body.startswith("pip install --require-hashes")
    ]
    install, synth, deploy = block
    assert deploy.startswith("npx cdk deploy")
    return install, synth


def fresh_copy(place: Path) -> Path:
    """The project's files as they are now, and nothing that was built or installed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        source, target = PROJECT / name, place / name
        if source.is_file() and not source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    return place


def environment(venv: Path) -> dict[str, str]:
    """That of a shell in which the environment is active: what it lacks, the system may have."""
    ours = ("PYTHON", "JSII_", "AWS_", "CDK_")  # what this project's own shells set
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.defpath}",
        "VIRTUAL_ENV": str(venv),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def run(command: str, where: Path, venv: Path, seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=where,
        env=environment(venv),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def is_reached(command: str, where: Path, venv: Path) -> bool:
    try:
        return run(command, where, venv, REACH_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def should_synthesize_as_the_page_says_in_a_fresh_environment(tmp_path: Path) -> None:
    venv, project = tmp_path / "venv", fresh_copy(tmp_path / "project")
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    install, synth = commands()
    if not is_reached(REACHED[0], tmp_path, venv):
        pytest.skip("no index of Python packages can be reached")
    installed = run(install.partition("&&")[0], project, venv, INSTALL_SECONDS)
    assert installed.returncode == 0, installed.stderr[-2000:]
    if not is_reached(REACHED[1], tmp_path, venv):
        pytest.skip("no registry of npm packages can be reached")
    installed = run(install.partition("&&")[2], project, venv, INSTALL_SECONDS)
    assert installed.returncode == 0, installed.stderr[-2000:]
    made = run(synth, project, venv, SYNTH_SECONDS)
    assert made.returncode == 0, (made.stdout + made.stderr)[-4000:]
    written = {path.name for path in (project / "cdk.out").glob("*.template.json")}
    assert written == {"Pipeline.template.json", "CodingService.template.json"}
