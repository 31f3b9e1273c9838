"""Where the project's folders lie."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LAMBDAS = PROJECT / "lambdas"
