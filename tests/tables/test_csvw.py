import csv
import io

from tables.csvw import description
from tables.plan import TableFormat
from tests.support.tables.coding import TOPIC, coded_table, streamed


def should_describe_the_csv_that_is_given_back() -> None:
    content = b"Survey\n\nid;Beruf;;id\n007;Koch;x;y;more\n"
    table = coded_table(content, TableFormat.CSV)
    found = description(table.plan, topic=TOPIC, url="results.csv")
    dialect, columns = found["dialect"], found["tableSchema"]["columns"]
    assert found["@context"] == "http://www.w3.org/ns/csvw"
    assert found["url"] == "results.csv"
    text = streamed(table, TableFormat.CSV).decode(dialect["encoding"])
    lines = io.StringIO(text, newline="").readlines()[dialect["skipRows"] :]
    header = next(csv.reader(lines, delimiter=dialect["delimiter"]))
    assert [column.get("titles", "") for column in columns] == header
    assert [column["name"] for column in columns[:6]] == [
        *("id", "Beruf", "column_3", "id_2", "column_5", "occupation_code")
    ]
    kinds = {column["name"]: column["datatype"] for column in columns}
    assert kinds["id"] == kinds["occupation_code"] == kinds["occupation_alt3_code"] == "string"
    assert kinds["occupation_level"] == "integer"
    assert kinds["occupation_confidence"] == kinds["occupation_alt1_confidence"] == "decimal"


def should_skip_no_rows_of_formats_without_any_above() -> None:
    table = coded_table(b'{"job": "cook", "_x": 1}\n', TableFormat.JSON_LINES)
    found = description(table.plan, topic=TOPIC, url="results.csv")
    assert found["dialect"]["skipRows"] == 0
    assert found["tableSchema"]["columns"][1] == {
        "name": "column_x",
        "titles": "_x",
        "datatype": "string",
    }


def should_name_columns_as_variables_of_uri_templates() -> None:
    table = coded_table("job,Main tasks,Tätig-keit\ncook,,\n".encode(), TableFormat.CSV)
    columns = description(table.plan, topic="my-topic", url="x.csv")["tableSchema"]["columns"]
    assert [each["name"] for each in columns[1:4]] == [
        *("Main%20tasks", "T%C3%A4tig%2Dkeit", "my%2Dtopic_code")
    ]
    assert columns[1]["titles"] == "Main tasks"
