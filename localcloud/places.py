"""Where the local cloud keeps its files. Nothing of it is worth keeping once it has stopped."""

from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
KEPT = "up"
"""The name of the cloud that `make up` starts."""


@dataclass(frozen=True, slots=True)
class Place:
    """The directory of one local cloud; two clouds at a time have two names."""

    root: Path

    @classmethod
    def named(cls, name: str, *, project: Path = PROJECT) -> "Place":
        return cls(root=project / ".localcloud" / name)

    def made(self) -> "Place":
        """The same place, its directories made for the owner's eyes only."""
        for directory in (self.root, self.tls, self.temporary, self.logs):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self

    @property
    def tls(self) -> Path:
        return self.root / "tls"

    @property
    def temporary(self) -> Path:
        """The server's TMPDIR: unpacked functions, among others."""
        return self.root / "tmp"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def server_log(self) -> Path:
        return self.logs / "server.log"

    @property
    def state(self) -> Path:
        return self.root / "state.json"

    @property
    def outputs(self) -> Path:
        """What the stacks put out, as the CDK CLI writes it."""
        return self.root / "outputs.json"

    @property
    def cloud_assembly(self) -> Path:
        return self.root / "cdk.out"


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs of the environments that the Makefile made."""

    project: Path = PROJECT

    @property
    def python(self) -> Path:
        return self.project / ".venv" / "bin" / "python"

    @property
    def cloud_python(self) -> Path:
        return self.project / ".venv-cloud" / "bin" / "python"

    @property
    def cdk(self) -> Path:
        return self.project / "node_modules" / "aws-cdk" / "bin" / "cdk"
