import pytest

from tables.readers.json_objects import ObjectFault, read_object


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": "x",}', "a comma behind its last value"),
        ('{"a": ["x",]}', "a comma behind its last value"),
        ("{'a': 'x'}", "single quotes"),
        ("{\"a\": 'x'}", "single quotes"),
        ("{“a”: “x”}", "typographic quotes"),
        ('{"a": None}', "Python's None for a value; write null"),
        ('{"a": True}', "Python's True for a value; write true"),
        ('{"a": NA}', "NA for a value; write null"),
        ('{"a": undefined}', "write null"),
        ('{"a": nurse}', "a text without quotes, nurse"),
        ('{a: "x"}', 'a name without quotes; write "a"'),
        ('{"a": }', "a name without a value"),
        ('{"a": "x" "b": 1}', "lacks a comma"),
        ('{"a": "the "big" one"}', 'a quote in a text that is not written as \\"'),
        ('{"a" "x"}', "lacks a colon"),
        ('{"a": "x', "without its closing quote"),
        ('{"a": "x"', "ends before the object does"),
        ('{"a": "C:\\dir"}', "a backslash in a text"),
        ('{"a": "x"},', "a comma behind its object"),
        ('{"a": "x"} {"a": "y"}', "two objects"),
        ('{"a": "x"} ]', "something behind its object: “]”"),
        ('{"a": 007}', "a number that begins with 0"),
        ('["x"]', "is a list in [ ]"),
        ('"x"', 'begins with “"x"”'),
        ("nurse", "begins with “nurse”"),
        ("17", "begins with “17”"),
        ("null", "begins with “null”"),
        ("}", "is not an object"),
        ("", "is empty"),
        ('{"a": ' + "[" * 100_000, "nested too deeply"),
        ('{"a": 1, "b": 2, "a": 3}', "the field “a” twice"),
        ('{"a": {"b": 2, "b": 3}}', "the field “b” twice"),
    ],
)
def should_name_the_likeliest_fault(text: str, words: str) -> None:
    with pytest.raises(ObjectFault) as fault:
        read_object(text.encode())

    assert words in str(fault.value)
    assert len(str(fault.value)) < 150
