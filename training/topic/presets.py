"""Official classifications, as their offices publish them for download.

Where each layout is known from (public programs that read these very files, 2022 to 2026):

* **ANZSCO 2022**, Australian Bureau of Statistics: `anzsco 2022 structure 062023.xlsx`, sheet
  "Table 5", a code of each level in columns A to E with its label in the next cell, data from row
  11 below a title and headings of several rows, skill level in G; `anzsco 2022 index of principal
  titles, alternative titles and specialisations 062023.xlsx`, sheet "Table 2" (by code; "Table 1"
  is by title), header in row 6, code, description and category, a copyright line at the end.
  `get_ANZSCO` of an R package for ABS's classifications; readers of "Table 2" with header row 5
  counted from 0. https://www.abs.gov.au/statistics/classifications/
  anzsco-australian-and-new-zealand-standard-classification-occupations/2022
* **OSCA 2024**, version 1.0, the same office: `OSCA structure.xlsx`, "Table 5" as above with
  "Identifier" in the header, data from row 6; `OSCA index of principal titles alternative titles
  and specialisations.xlsx`, "Table 2": Identifier, Description, Category; `OSCA Category
  Descriptions.xlsx`, "Table 1", header in row 5: Identifier, Principal Title, Alternative Title,
  …, Main Tasks (several, with ; or line breaks between). https://www.abs.gov.au/statistics/
  classifications/osca-occupation-standard-classification-australia/2024-version-1-0/data-downloads
* **ISCO-08**, International Labour Organization: `ISCO-08 EN Structure and definitions.xlsx`, sheet
  "ISCO-08 EN Struct and defin", header in row 1: Level, ISCO 08 Code, Title EN, Definition, Tasks
  include ("(a) …; (b) …"), …; `ISCO-08 -88 EN Index.xlsx`, first sheet: ISCO-08, ISCO-88, English
  title, codes as numbers without their zeros, titles inverted ("Engineer, civil").
  https://www.ilo.org/ilostat-files/ISCO/newdocs-08-2021/ISCO-08/
* **SOC 2018**, U.S. Bureau of Labor Statistics: `soc_structure_2018.xlsx`, Major Group, Minor
  Group, Broad Group, Detailed Occupation in a column each and the title in a fifth without a name,
  header in row 6 or 8 by edition; `soc_2018_direct_match_title_file.xlsx`, two sheets of the same
  titles: 2018 SOC Code, 2018 SOC Title, 2018 SOC Direct Match Title. https://www.bls.gov/soc/2018/.
  And **O*NET** (U.S. Department of Labor), as text with tabs or Excel: `Occupation Data`,
  `Alternate Titles` (`Job Titles` from 30 on), `Sample of Reported Titles`, `Task Statements`; the
  first column is O*NET-SOC Code.
  https://www.onetcenter.org/dictionary/29.2/excel/alternate_titles.html
"""

from dataclasses import dataclass

from training.topic.layouts import CodeColumn, Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How a published classification becomes a topic."""

    full_name: str
    standard: str
    version: str
    """The classification's, for `topicVersion`."""
    levels: tuple[int, ...]
    """The characters of a code at each level."""
    source: str
    """Whose it is and under which licence, to be named wherever the topic goes."""
    codes: tuple[Layout, ...]
    titles: tuple[Layout, ...]
    tasks: tuple[Layout, ...] = ()
    """() where the office publishes no table of them."""


_ABS_STAIRS = Layout(
    sheet="Table 5",
    code=tuple(
        CodeColumn((f"#{place}",), rf"\d{{{length}}}")
        for place, length in enumerate((1, 2, 3, 4, 6), start=1)
    ),
)
_ABS_INDEX = Layout(sheet="Table 2", code=(CodeColumn(("#1",), r"\d{6}"),), text=("#2",))
_ISCO_CODE = CodeColumn(("ISCO 08 Code", "ISCO-08 Code", "Code"), r"\d{1,4}")
_SOC = r"\d\d-\d{4}"
_ONET_CODE = CodeColumn(("O*NET-SOC Code",), rf"{_SOC}(\.\d\d)?", keep=7)

PRESETS = {
    "anzsco2022": Preset(
        full_name="ANZSCO 2022",
        standard="ANZSCO",
        version="2022 Australian Update",
        levels=(1, 2, 3, 4, 6),
        source="ANZSCO 2022, Australian Bureau of Statistics, CC BY 4.0",
        codes=(_ABS_STAIRS,),
        titles=(_ABS_INDEX,),
    ),
    "osca2024": Preset(
        full_name="OSCA 2024",
        standard="OSCA",
        version="2024, Version 1.0",
        levels=(1, 2, 3, 4, 6),
        source="OSCA 2024 Version 1.0, Australian Bureau of Statistics, CC BY 4.0",
        codes=(_ABS_STAIRS,),
        titles=(_ABS_INDEX,),
        tasks=(
            Layout(
                sheet="Table 1",
                code=(CodeColumn(("Identifier",), r"\d{6}"),),
                text=("Main Tasks",),
                split=r";|\n",
            ),
        ),
    ),
    "isco08": Preset(
        full_name="ISCO-08",
        standard="ISCO",
        version="2008",
        levels=(1, 2, 3, 4),
        source="ISCO-08, International Labour Organization",
        codes=(Layout(code=(_ISCO_CODE,), text=("Title EN",), digits="Level"),),
        titles=(
            Layout(
                code=(CodeColumn(("ISCO-08", "ISCO 08"), r"\d{1,4}"),),
                text=("English title", "Title EN"),
                digits=4,
                inverted=True,
            ),
        ),
        tasks=(
            Layout(
                code=(_ISCO_CODE,),
                text=("Tasks include", "Tasks"),
                digits="Level",
                split=r"^Tasks include\b|;|\n|\([a-z]\)",
            ),
        ),
    ),
    "soc2018": Preset(
        full_name="SOC 2018",
        standard="SOC",
        version="2018",
        levels=(2, 4, 6, 7),
        source="SOC 2018, U.S. Bureau of Labor Statistics; O*NET, U.S. Department of Labor, "
        "CC BY 4.0",
        codes=(
            Layout(
                code=(
                    CodeColumn(("Major Group",), _SOC, keep=2),
                    CodeColumn(("Minor Group",), _SOC, keep=4),
                    CodeColumn(("Broad Group", "Broad Occupation"), _SOC, keep=6),
                    CodeColumn(("Detailed Occupation",), _SOC, keep=7),
                ),
            ),
            Layout(code=(_ONET_CODE,), text=("Title",)),
        ),
        titles=(
            Layout(
                code=(CodeColumn(("2018 SOC Code",), _SOC, keep=7),),
                text=("2018 SOC Direct Match Title", "2018 Direct Match Title"),
            ),
            Layout(
                code=(_ONET_CODE,),
                text=("Alternate Title", "Job Title", "Reported Job Title"),
                more=("Short Title",),
            ),
        ),
        tasks=(Layout(code=(_ONET_CODE,), text=("Task",)),),
    ),
}
"""By the name that `training import --preset` takes."""
