"""Files that begin like something that is no table we read; each with its name and a way out."""

import re

from tables.errors import TableRefused

TAKEN = "Drop CSV, .xlsx, Parquet, JSON or JSON Lines; each may be gzipped, or alone in a zip."
SAVE_SHEET = (
    "Open it in Excel or LibreOffice, save the sheet as .xlsx or as “CSV UTF-8”, and drop that."
)
EXPORT = "Write it as CSV or Parquet in the program that made it, and drop that."
UNPACK = "Unpack it, and drop the table that is in it; gzip, and a zip of one file, are taken."
NO_TABLE = "Drop a table, as CSV or .xlsx: a row for each text."
IN_SPSS = (
    "Write it as CSV in SPSS (SAVE TRANSLATE OUTFILE='x.csv' /TYPE=CSV /FIELDNAMES.), and drop "
    "that."
)
IN_STATA = "Write it as CSV in Stata (export delimited using x.csv), and drop that."
IN_SAS = "Write it as CSV in SAS (proc export outfile='x.csv' dbms=csv;), and drop that."
IN_R = "Write it as CSV in R (write.csv(x, 'x.csv', row.names = FALSE)), and drop that."

PDF, IMAGE, SOUND = (
    ("a PDF document", NO_TABLE),
    ("an image", NO_TABLE),
    ("sound or film", NO_TABLE),
)
XLS = ("an Excel workbook of the old kind (.xls)", SAVE_SHEET)
SPSS, STATA = ("an SPSS file (.sav)", IN_SPSS), ("a Stata file (.dta)", IN_STATA)
R = ("a file of R's", IN_R)

SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    *((mark, *XLS) for mark in (b"\t\0\4\0", b"\t\2\6\0", b"\t\4\6\0", b"\t\x08\x10\0\0\6")),
    (b"%PDF-", *PDF),
    (b"{\\rtf", "a text document (RTF)", NO_TABLE),
    (b"MIME-Version:", "a saved web page or a message (MIME)", SAVE_SHEET),
    (b"$FL2@(#)", *SPSS),
    (b"$FL3@(#)", "an SPSS file (.zsav)", IN_SPSS),
    (b"<stata_dta>", *STATA),
    *((bytes([v, order, 1, 0]), *STATA) for v in range(104, 116) for order in (1, 2)),
    (bytes(12) + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf", "a SAS data set (.sas7bdat)", IN_SAS),
    (b"HEADER RECORD*******LIB", "a SAS transport file (.xpt)", IN_SAS),
    (b"RDX2\n", *R),
    (b"RDX3\n", *R),
    (b"X\n\0\0\0", "a file of R's (.rds)", IN_R),
    (b"FEA1\0", "a Feather file", EXPORT),
    (b"ARROW1\0\0", "an Arrow or Feather file", EXPORT),
    (b"\xff\xff\xff\xff", "a stream of Arrow, or another binary file", EXPORT),
    (b"Obj\x01", "an Avro file", EXPORT),
    (b"SQLite format 3\0", "an SQLite database", EXPORT),
    (b"\0\1\0\0Standard ", "an Access database", EXPORT),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", EXPORT),
    (b"\x93NUMPY", "a file of NumPy's", EXPORT),
    (b"\x80\x04\x95", "a pickle of Python's", EXPORT),
    (b"\x80\x05\x95", "a pickle of Python's", EXPORT),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\xfd7zXZ\0", "a file packed with xz", UNPACK),
    (b"(\xb5/\xfd", "a file packed with Zstandard", UNPACK),
    (b"\x04\x22\x4d\x18", "a file packed with LZ4", UNPACK),
    (b"\xff\x06\0\0sNaPpY", "a file packed with Snappy", UNPACK),
    (b"\x1f\x9d", "a file packed with compress (.Z)", UNPACK),
    (b"LZIP\x01", "a file packed with lzip", UNPACK),
    (b"PK\x07\x08", "a zip archive of several parts", UNPACK),
    (b"\x89PNG\r\n", *IMAGE),
    (b"\xff\xd8\xff", *IMAGE),
    (b"II*\0", *IMAGE),
    (b"MM\0*", *IMAGE),
    (b"ID3\x03", *SOUND),
    (b"ID3\x04", *SOUND),
    (b"OggS\0", *SOUND),
    (b"\x7fELF", "a program", NO_TABLE),
)
"""First bytes, the name and the way out. None of them is a beginning that a table's text may have:
a column may well be called `ORC` or `PAR1`."""

PATTERNS: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"GIF8[79]a"), *IMAGE),
    (re.compile(rb"BM.{4}\0{4}", re.DOTALL), *IMAGE),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), *IMAGE),
    (re.compile(rb"RIFF.{4}(WAVE|AVI )", re.DOTALL), *SOUND),
    (re.compile(rb"\0\0\0.ftyp(hei|mif|avif)", re.DOTALL), *IMAGE),
    (re.compile(rb"\0\0\0.ftyp", re.DOTALL), *SOUND),
    (re.compile(rb"BZh[1-9]1AY&SY"), "a file packed with bzip2", UNPACK),
    (re.compile(rb"ORC[^\x20-\x7e\t\r\n]"), "an ORC file", EXPORT),
    (
        re.compile(rb"PARE[^\x20-\x7e\t\r\n]"),
        "an encrypted Parquet file",
        "Write it without encryption, and drop that.",
    ),
    (re.compile(rb"MZ.{,60}\0", re.DOTALL), "a program", NO_TABLE),
    (re.compile(rb".{257}ustar", re.DOTALL), "a tar archive", UNPACK),
    (re.compile(rb".{456}SPSSPORT", re.DOTALL), "an SPSS portable file (.por)", IN_SPSS),
    (
        re.compile(rb"[\x03\x83\x8b\x30\x31\xf5].[\x01-\x0c][\x01-\x1f].{8}\0\0", re.DOTALL),
        "a dBase file (.dbf)",
        SAVE_SHEET,
    ),
)
"""The same for what is not all at the beginning."""


def refuse_other_kinds(head: bytes) -> None:
    """Raises `TableRefused`, with its name, for a file that begins like something else."""
    for mark, name, next_step in SIGNATURES:
        if head.startswith(mark):
            raise TableRefused(f"The file is {name}.", next_step)
    for pattern, name, next_step in PATTERNS:
        if pattern.match(head):
            raise TableRefused(f"The file is {name}.", next_step)
