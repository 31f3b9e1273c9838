"""Sample files of any size: realistic answers to "what is your job?", the same for the same seed.

python -m bench.sample_files /tmp/1GB.jsonl 1000000000
"""

import json
import random
import sys
from itertools import count, cycle, islice
from pathlib import Path

TITLES = """
registered nurse|aged care nurse|Nurse (nights)|truck driver|semi trailer driver|delivery driver
software developer|web dev|senior software engineer|IT support officer|data analyst|primary teacher
secondary school teacher - maths|teacher's aide|childcare worker|child care educator|early learning
chef|head chef|cook|kitchen hand|barista|waiter/waitress|bar staff|shop assistant|retail sales
sales assistant (shoes)|store manager|checkout operator|electrician|apprentice sparky|plumber
carpenter|chippy|painter and decorater|bricklayer|labourer|concreter|crane operator|welder|fitter
diesel mechanic|motor mechanic|panel beater|farmer|dairy farmer|fruit picker|shearer|fisherman
accountant|book keeper|payroll officer|receptionist|medical receptionist|admin assistant|office mgr
project manager|HR adviser|solicitor|paralegal|police officer|firefighter|paramedic|security guard
cleaner|commercial cleaner|housekeeper (hotel)|gardener|landscaper|hairdresser|beauty therapist
dentist|dental assistant|pharmacist|physio|occupational therapist|GP|surgeon|social worker
engineer|civil engineer|mining engineer|drill rig offsider|geologist|surveyor|architect|draftsman
café owner|pâtissier|Köchin|ingénieur|看護師|водитель|mgr|self employed|various|retired|n/a
""".replace("\n", "|").strip("|")

TASKS = """
giving medication to patients|wound care|writing up notes|handing over to the next shift|driving
loading and unloading freight|long haul between cities|writing code and unit tests|fixing bugs
answering phones|booking appointments|greeting visitors|teaching year 4|marking homework
preparing lessons|supervising children at play|cooking meals to order|ordering stock|plating up
making coffee|serving customers|taking payments|stocking shelves|wiring new houses|testing circuits
installing hot water systems|building frames|hanging doors|painting interiors|laying bricks
operating machinery|welding steel|servicing engines|replacing brakes|milking cows|picking fruit
mending fences|reconciling accounts|paying invoices|doing the wages|scheduling rosters
managing a team of 12|hiring staff|giving legal advice|drafting contracts|patrolling the site
cleaning offices|mowing lawns|cutting and colouring hair|filling prescriptions|treating injuries
assessing clients at home|designing bridges|drilling cores|measuring land|drawing plans in CAD
checking "quality" of parts|packing boxes|following procedures\\checklists|meeting the clients
""".replace("\n", "|").strip("|")

DISTINCT_ANSWERS = 8191  # ours: enough that no cache of a reader holds them, and prime
LINES_AT_ONCE = 50_000  # ours: about 7 MB
EMPTY_TITLES, EMPTY_TASKS = 0.01, 0.2  # ours: shares of answers that leave a field empty
MOST_TASKS = 6  # ours: some 130 characters, as people write who have room for it


def write_sample(
    path: Path, size_bytes: int, seed: int = 1, *, distinct: int = DISTINCT_ANSWERS
) -> int:
    """Writes a sample of at most `size_bytes` bytes, less than one line short of it.

    Each line has a recordId of its own; after `distinct` answers they come again. Returns
    the number of lines. A gigabyte takes seconds.
    """
    answers = cycle(_answers(random.Random(seed), distinct))  # noqa: S311  no secret
    numbers, lines, left = count(1), 0, size_bytes
    with path.open("wb") as file:
        while True:
            batch = [
                b'{"recordId": "%010d", %b' % pair
                for pair in islice(zip(numbers, answers, strict=False), LINES_AT_ONCE)
            ]
            block = b"".join(batch)
            if len(block) > left:
                cut = block.rfind(b"\n", 0, left) + 1
                file.write(block[:cut])
                return lines + block.count(b"\n", 0, cut)
            file.write(block)
            lines += len(batch)
            left -= len(block)


def _answers(chance: random.Random, count: int) -> list[bytes]:
    """The ends of lines, after their recordId, no two alike."""
    titles, tasks = TITLES.split("|"), TASKS.split("|")
    ends: dict[bytes, None] = {}
    while len(ends) < count:
        title = "" if chance.random() < EMPTY_TITLES else chance.choice(titles)
        wanted = 0 if chance.random() < EMPTY_TASKS else chance.randint(1, MOST_TASKS)
        record = {"occp_text": title, "tasks_text": ", ".join(chance.sample(tasks, wanted))}
        ends[json.dumps(record, ensure_ascii=False).encode()[1:] + b"\n"] = None
    return list(ends)


if __name__ == "__main__":
    print(f"{write_sample(Path(sys.argv[1]), int(sys.argv[2])):,} lines")
