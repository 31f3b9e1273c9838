import pytest

from tables.readers.sheets.number_formats import NumberFormats
from tests.support.tables.made_workbook import MAIN


def should_know_excels_formats_and_the_workbooks_own() -> None:
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="00000"/>'
        '<numFmt numFmtId="165" formatCode="[h]:mm"/><numFmt numFmtId="9" formatCode="DD.MM.YY"/>'
        "</numFmts><fills><fill><patternFill><fgColor rgb='no colour'/></patternFill></fill>"
        "</fills>"
        '<cellXfs><xf/><xf numFmtId="164"/><xf numFmtId="14"/><xf numFmtId="165"/>'
        '<xf numFmtId="49"/><xf numFmtId="9"/><xf numFmtId="999"/></cellXfs></styleSheet>'
    )
    formats = NumberFormats.of_styles(styles.encode())
    assert formats.codes == {1: "00000", 2: "mm-dd-yy", 3: "[h]:mm", 5: "DD.MM.YY"}
    assert formats.dates == {2, 3, 5}
    assert formats.spans == {3}


def should_raise_for_a_format_without_a_code() -> None:
    with pytest.raises(KeyError):
        NumberFormats.of_styles(
            f'<s xmlns="{MAIN}"><numFmts><numFmt numFmtId="164"/></numFmts></s>'.encode()
        )
