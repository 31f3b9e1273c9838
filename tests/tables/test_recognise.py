import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.containers.unpack import Packed
from tables.errors import TableRefused
from tables.plan import TableFormat, TableOptions
from tables.recognise import Recognised, recognise
from tests.support.tables.held_bytes import HeldBytes

CSV = b"id;job\n1;nurse\n"


def _zip_of(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _workbook() -> bytes:
    saved = io.BytesIO()
    openpyxl.Workbook().save(saved)
    return saved.getvalue()


def _parquet(folder: Path) -> bytes:
    path = folder / "table.parquet"
    duckdb.execute("copy (select 'nurse' as job from range(100)) to $path", {"path": str(path)})
    return path.read_bytes()


def _compound(*names: str, sector: int = 0) -> bytes:
    """The head of a compound file, and its directory with these names."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(22) + struct.pack("<H", 9)
    head = head.ljust(48, b"\0") + struct.pack("<I", sector)
    entries = [
        (name + "\0").encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2)
        for name in ("Root Entry", *names)
    ]
    return head.ljust(512 * (sector + 1), b"\0") + b"".join(e.ljust(128, b"\0") for e in entries)


def _tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("a.csv")
        entry.size = len(CSV)
        archive.addfile(entry, io.BytesIO(CSV))
    return packed.getvalue()


def _id(value: object) -> str:
    """The words alone: packed contents have the time in them, which differs between processes."""
    return value if isinstance(value, str) else "bytes"


def _found(content: bytes, options: TableOptions | None = None) -> Recognised:
    source = HeldBytes(content)
    try:
        return recognise(source, options)
    finally:
        assert source.open_streams == 0
        assert source.bytes_read < 1_000_000


def _refused(content: bytes) -> TableRefused:
    with pytest.raises(TableRefused) as refused:
        _found(content)
    for text in (refused.value.reason, refused.value.next_step):
        assert 0 < len(text) <= 300
        assert text.isprintable()
        assert text[0].isupper()
    return refused.value


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CSV, TableFormat.CSV),
        (b"\xef\xbb\xbf" + CSV, TableFormat.CSV),
        (b"x", TableFormat.CSV),
        ("id;Tätigkeit\n".encode("cp1252"), TableFormat.CSV),
        (("\ufeff" + CSV.decode()).encode("utf-16-le"), TableFormat.CSV),
        (b"PAR1,PARENT\n1,2\n", TableFormat.CSV),
        (b"PARENT_ID,job\n1,2\n", TableFormat.CSV),
        (b"PAR1", TableFormat.CSV),
        (b"ORC,FEA1\n1,2\n", TableFormat.CSV),
        (b"FEA1,job\n1,2\n", TableFormat.CSV),
        (b"BMI,job\n1,2\n", TableFormat.CSV),
        (b"MZ,job\n1,2\n", TableFormat.CSV),
        (b"PK,job\n1,2\n", TableFormat.CSV),
        (b"ID;Position\n1;nurse\n", TableFormat.CSV),
        (b"[id],[job]\n1,nurse\n", TableFormat.CSV),
        (b"<id>,job\n1,nurse\n", TableFormat.CSV),
        (b"sep=;\r\n" + CSV, TableFormat.CSV),
        (b"job,x\nnurse\0,y" + b"\nab,cd" * 20, TableFormat.CSV),
        (b"\n\n" * 8000 + CSV, TableFormat.CSV),
        (b'{"a": 1}\n', TableFormat.JSON_LINES),
        (b'\r\n \t{"a": 1}\n', TableFormat.JSON_LINES),
        (b"\xef\xbb\xbf{}", TableFormat.JSON_LINES),
        (b"{", TableFormat.JSON_LINES),
        ('\ufeff\n{"a": 1}'.encode("utf-16-be"), TableFormat.JSON_LINES),
        (b'[{"a": 1}]', TableFormat.JSON_ARRAY),
        (b"\xef\xbb\xbf \n[\n\n  {", TableFormat.JSON_ARRAY),
        (b"[]", TableFormat.JSON_ARRAY),
        (b"[" + b" " * 9000 + b"{}]", TableFormat.JSON_ARRAY),
        ('\ufeff[{"a": 1}]'.encode("utf-16-le"), TableFormat.JSON_ARRAY),
        (b"[" * 100_000, TableFormat.JSON_ARRAY),
    ],
    ids=_id,
)
def should_recognise_text_by_how_it_begins(content: bytes, expected: TableFormat) -> None:
    assert _found(content) == Recognised(expected, None)


def should_recognise_workbooks_and_parquet(tmp_path: Path) -> None:
    assert _found(_workbook()) == Recognised(TableFormat.XLSX, None)
    assert _found(_parquet(tmp_path)) == Recognised(TableFormat.PARQUET, None)


def should_recognise_what_is_packed(tmp_path: Path) -> None:
    for content in (CSV, b"", _workbook(), _parquet(tmp_path)):
        assert _found(gzip.compress(content)) == Recognised(None, Packed())
        assert _found(_zip_of(table=content)) == Recognised(None, Packed("table"))


def should_read_utf_16_without_a_mark_where_somebody_says_so() -> None:
    options = TableOptions(fields=("occp_text",), encoding="utf-16")

    assert _found('{"a": 1}'.encode("utf-16-le"), options).format is TableFormat.JSON_LINES


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n", "empty but for white space"),
        (_compound("Workbook"), "(.xls)"),
        (_compound("\x05SummaryInformation", "Book", sector=9), "(.xls)"),
        (_compound("EncryptionInfo", "\x06DataSpaces", "EncryptedPackage"), "password"),
        (_compound("1Table", "WordDocument"), "Word"),
        (_compound("__properties_version1.0"), "Outlook"),
        (_compound("other"), "of the old kind"),
        (_compound("Workbook", sector=9)[:600], "of the old kind"),
        (_compound("Workbook")[:20], "of the old kind"),
        (b"\t\x08\x10\0\0\6\5\0", "(.xls)"),
        (b"%PDF-1.7\n%\xe2", "PDF"),
        (b"{\\rtf1\\ansi", "RTF"),
        (b"$FL2@(#) SPSS DATA FILE", ".sav"),
        (b"$FL3@(#) SPSS DATA FILE", ".zsav"),
        (b"<stata_dta><header><release>118", ".dta"),
        (b"r\x02\x01\0", ".dta"),
        (bytes(12) + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92", ".sas7bdat"),
        (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!", ".xpt"),
        (b"x" * 456 + b"SPSSPORT", ".por"),
        (b"RDX3\nX\n\0\0\0\3", "R's"),
        (b"FEA1\0\0\0\0", "Feather"),
        (b"ARROW1\0\0\xff", "Arrow"),
        (b"ORC\x08\x03", "ORC"),
        (b"PARE\x15\x04", "encrypted Parquet"),
        (b"Obj\x01\x04\x14avro.codec", "Avro"),
        (b"SQLite format 3\0\x10", "SQLite"),
        (b"\0\1\0\0Standard ACE DB\0", "Access"),
        (b"\x03\x7c\x0a\x1f\x0a\0\0\0\x61\0\x20\0\0\0", "dBase"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (b"\xfd7zXZ\0\0", "xz"),
        (b"BZh91AY&SY\x01", "bzip2"),
        (b"(\xb5/\xfd\x04", "Zstandard"),
        (_tar(), "tar"),
        (gzip.compress(_tar()), "tar"),
        (gzip.compress(gzip.compress(CSV)), "twice"),
        (gzip.compress(b"%PDF-1.7"), "PDF"),
        (_zip_of(a=b"\x89PNG\r\n\x1a\n"), "image"),
        (_zip_of(a=gzip.compress(CSV)), "twice"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image"),
        (b"GIF89a\1\0", "image"),
        (b"BM\x36\0\x0c\0\0\0\0\0\x36", "image"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image"),
        (b"\0\0\0\x18ftypheic", "image"),
        (b"\x7fELF\2", "program"),
        (b"MZ\x90\0\3", "program"),
        (b"PAR1\x15\x04\x15", "cut off"),
        (b"<?xml version='1.0'?><a/>", "XML"),
        (b'\xef\xbb\xbf\n<html xmlns:x="urn"><table>', "HTML"),
        (b"<table border=1><tr><td>job", "HTML"),
        ("\ufeff<html>".encode("utf-16-le"), "HTML"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "XML Spreadsheet 2003",
        ),
        (b"MIME-Version: 1.0\nX-Document-Type: Workbook", "MIME"),
        (CSV.decode().encode("utf-16-le"), "UTF-16"),
        (CSV.decode().encode("utf-16-be"), "UTF-16"),
        (("\ufeff" + CSV.decode()).encode("utf-32-le"), "UTF-32"),
        (("\ufeff" + CSV.decode()).encode("utf-32-be"), "UTF-32"),
        (bytes(100), "binary"),
        (b"\x00\x01\x02\x03abc", "binary"),
        (b"PK\x03\x04" + bytes(200), "cut off"),
        (_workbook()[:3000], "cut off"),
        (_zip_of(), "empty"),
        (_zip_of(a=CSV, b=CSV), "2 files"),
        (_zip_of(**{"xl/workbook.bin": b"", "[Content_Types].xml": b""}), ".xlsb"),
        (_zip_of(**{"[Content_Types].xml": b"", "word/document.xml": b""}), ".docx"),
        (_zip_of(**{"[Content_Types].xml": b"", "ppt/presentation.xml": b""}), ".pptx"),
        (_zip_of(**{"Index/Document.iwa": b"", "x.jpg": b""}), "Apple"),
        (_zip_of(**{"content.xml": b"", "META-INF/manifest.xml": b""}), "OpenDocument"),
        (b"PK\x07\x08PK\x03\x04", "several parts"),
        (b"\x1f\x8b\x07" + bytes(9), "gzip"),
    ],
    ids=_id,
)
def should_name_what_is_no_table_and_say_what_to_do(content: bytes, said: str) -> None:
    assert said in _refused(content).reason


def should_name_an_open_document_spreadsheet() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", b"")
        archive.writestr("META-INF/manifest.xml", b"")

    assert "(.ods)" in _refused(packed.getvalue()).reason


def should_recognise_the_samples_that_people_dropped() -> None:
    project = Path(__file__).parents[2]

    for path in (project / "samples").glob("*.jsonl"):
        assert _found(path.read_bytes()).format is TableFormat.JSON_LINES


@given(st.binary(max_size=300))
def should_recognise_or_refuse_any_bytes(content: bytes) -> None:
    assert _outcome(content)


def should_recognise_or_refuse_any_beginning_of_a_file(tmp_path: Path) -> None:
    whole = [_workbook(), _parquet(tmp_path), gzip.compress(CSV), _zip_of(a=CSV), _tar()]
    whole += [_compound("Workbook"), CSV.decode().encode("utf-16"), b'[{"a": 1}]']
    for content in whole:
        for end in range(0, len(content), max(1, len(content) // 150)):
            assert _outcome(content[:end])


@given(st.data())
def should_recognise_or_refuse_a_file_with_other_bytes_in_it(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(WHOLE)))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    assert _outcome(bytes(content))


WHOLE = [
    *(_workbook(), gzip.compress(CSV), _zip_of(a=CSV), _tar()),
    *(_compound("Workbook"), CSV.decode().encode("utf-16")),
]


def _outcome(content: bytes) -> str:
    try:
        found = _found(content)
    except TableRefused as refused:
        return refused.reason if len(refused.reason) <= 300 else ""
    return str(found)
