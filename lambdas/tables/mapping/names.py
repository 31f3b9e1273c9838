"""The names of columns: which are known, how they are compared, and how they stand in a message."""

import unicodedata
from collections.abc import Sequence

NAMES_SHOWN = 5  # in one message; ours
NAME_CHARACTERS = 40  # of each of them; ours
NAMES_ROOM = 150  # characters of all of them, so that a message stays under 300; ours

KNOWN_NAMES: dict[str, tuple[str, ...]] = {
    "occp_text": (
        *(
            "occupation",
            "occupation title",
            "occupation name",
            "occupation text",
            "occupation desc",
        ),
        *("occupation description", "main occupation", "current occupation", "occupational title"),
        *("your occupation", "occupation verbatim", "occ text", "occp", "occ title", "profession"),
        *("job title", "main job title", "job", "main job", "current job", "job name"),
        *("title of job", "position", "position title", "job position", "job role", "role"),
        *("beruf", "berufsbezeichnung", "berufsangabe", "beruf text", "ausgeübter beruf"),
        *("ausgeuebter beruf", "berufliche tätigkeit", "berufliche taetigkeit", "berufstitel"),
        *("stellenbezeichnung", "stellentitel", "jobtitel", "position im betrieb"),
        *(
            "métier",
            "emploi",
            "poste",
            "intitulé du poste",
            "intitulé de l'emploi",
            "libellé emploi",
        ),
        *("libellé de la profession", "intitulé de poste", "fonction", "profession exercée"),
        *("ocupación", "profesión", "puesto", "puesto de trabajo", "cargo", "oficio", "empleo"),
        *("ocupación principal", "professione", "occupazione", "mestiere", "mansione", "lavoro"),
        *("ocupação", "profissão", "emprego", "função", "beroep", "functie", "functietitel"),
        *("yrke", "yrkestitel", "befattning", "stilling", "stillingsbetegnelse", "ammatti"),
        *("ammattinimike", "zawód", "stanowisko", "povolání", "zaměstnání", "pracovní pozice"),
        *(
            "foglalkozás",
            "ocupație",
            "meslek",
            "職業",
            "職種",
            "职业",
            "職位",
            "职位",
            "직업",
            "профессия",
        ),
        *("должность",),
    ),
    "tasks_text": (
        *("tasks", "task", "main tasks", "main task", "tasks and duties", "task description"),
        *(
            "job tasks",
            "main tasks and duties",
            "duties",
            "main duties",
            "job duties",
            "tasks desc",
        ),
        *("duties and tasks", "responsibilities", "main responsibilities", "job description"),
        *("job desc", "main activities", "activities", "work activities", "description of duties"),
        *("description of tasks", "tasks description", "work description", "duties text"),
        *("tätigkeiten", "taetigkeiten", "tätigkeitsbeschreibung", "taetigkeitsbeschreibung"),
        *("tätigkeit beschreibung", "aufgaben", "hauptaufgaben", "aufgabenbeschreibung"),
        *("haupttätigkeiten", "haupttaetigkeiten", "stellenbeschreibung", "arbeitsaufgaben"),
        *("tâches", "tâches principales", "missions", "activités", "activités principales"),
        *("description du poste", "description de poste", "description des tâches", "descriptif"),
        *("tareas", "tareas principales", "funciones", "funciones principales"),
        *("descripción del puesto", "descripción de tareas", "mansioni", "compiti", "attività"),
        *("tarefas", "tarefas principais", "atividades", "funções", "taken", "werkzaamheden"),
        *("taakomschrijving", "functieomschrijving", "arbetsuppgifter", "arbeidsoppgaver"),
        *("arbejdsopgaver", "työtehtävät", "obowiązki", "zadania", "náplň práce", "feladatok"),
        *("görevler", "仕事内容", "工作内容", "주요업무", "обязанности"),
    ),
}
"""Field → the names by which a column of its texts usually goes, in English and a few languages.
No name stands for two fields."""

RECORD_ID_NAMES: tuple[str, ...] = (
    *("id", "record id", "record", "record number", "record no", "row id", "row number", "uid"),
    *("uuid", "identifier", "case id", "case", "case number", "case no", "respondent id"),
    *("respondent", "resp id", "response id", "participant id", "participant", "person id"),
    *("subject id", "interview id", "id nr", "id no", "id number", "lfd nr", "laufende nummer"),
    *("fallnummer", "fall id", "identifiant", "numéro", "identificador", "identificativo"),
)
"""The names by which a column of ids usually goes, beside recordId itself."""


def plain_name(text: str) -> str:
    """What of a name counts when two are compared: its letters and digits.

    Case, accents, spaces, underscores, hyphens and punctuation are gone: `Métier (actuel)` and
    `metier_actuel` are one."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(filter(str.isalnum, decomposed)).casefold()


def shown(name: str) -> str:
    """A name of the file for a message: cut, and what can't be seen made visible."""
    text = "".join(map(_visible, name[: NAME_CHARACTERS + 1]))
    return text if len(text) <= NAME_CHARACTERS else text[:NAME_CHARACTERS] + "…"


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character < " ":
        return chr(0x2400 + ord(character))  # Unicode's pictures of control characters
    return " " if character.isspace() else f"\\u{ord(character):04x}"


def listed(names: Sequence[str], *, room: int = NAMES_ROOM) -> str:
    """The first few names in quotes, and how many there are beside them."""
    texts: list[str] = []
    for name in names[:NAMES_SHOWN]:
        text = f"“{shown(name)}”" if name.strip() else "one without a name"
        if texts and len(text) > room:
            break
        room -= len(text) + 2
        texts.append(text)
    more = len(names) - len(texts)
    return ", ".join(texts) + (f" and {more:,} more" if more else "")
