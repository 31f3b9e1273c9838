"""What is shown of an output."""

from pathlib import Path

from localcloud.results import CodedLine, coded_lines

NURSES = '{"codeCategory": "2544", "codeLabel": "Nurses", "codeConfidence": 0.9}'
HEADS = '{"codeCategory": "1", " codeLabel": "Heads", "codeConfidence": 0.4}'
OUTPUT = f"""\
{{"recordId": "a", "result": {NURSES}}}
{{"recordId": "b", "suggestions": [{HEADS}, {NURSES}]}}
{{"recordId": "c", "result": {{}}}}
"""


def should_show_the_result_or_the_best_suggestion_of_each_line(tmp_path: Path) -> None:
    (tmp_path / "output.jsonl").write_text(OUTPUT, "utf-8")
    first, second = coded_lines(tmp_path / "output.jsonl", first=2)
    assert first == CodedLine("a", "2544", "Nurses", 0.9, coded=True)
    assert second == CodedLine("b", "1", "Heads", 0.4, coded=False)
