"""JSON of other systems is read by `shared.received_json` alone."""

import ast
from pathlib import Path

LAMBDAS = Path(__file__).parents[2] / "lambdas"
OWN = {
    "coding_service/amazon_ml/api/access_keys.py": "a variable that the stack wrote",
    "coding_service/amazon_ml/work/join.py": "an attribute of the service's own table",
    "coding_service/amazon_ml/work/ranges.py": "the service's own objects",
    "pipeline/engines/coding_service/engine.py": "an item of the ledger",
    "pipeline/executions/pieces.py": "a list that Pipeline wrote",
    "pipeline/ledger/drops.py": "an item of the ledger",
    "pipeline/ledger/groups.py": "an item of the ledger",
    "pipeline/ledger/parts.py": "an item of the ledger",
    "pipeline/ledger/topic_reports.py": "an item of the ledger",
    "pipeline/storage/prepared_bucket.py": "Pipeline's own checkpoint",
    "pipeline/table_settings.py": "a variable that the stack wrote",
}
"""Modules that read with `json.loads` what their own package wrote."""


def _reads_with_json(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"load", "loads"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "json"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )


def should_read_with_json_what_the_package_wrote_itself_alone() -> None:
    found = {
        str(path.relative_to(LAMBDAS)) for path in LAMBDAS.rglob("*.py") if _reads_with_json(path)
    }
    assert found == OWN.keys()
