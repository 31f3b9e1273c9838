"""`python -m docs`: writes the generated blocks of every document."""

import sys

from docs.blocks import BlockError, documents, filled
from infra.project_files import PROJECT


def main() -> int:
    """The process's exit status."""
    for path in documents():
        text, where = path.read_text("utf-8"), str(path.relative_to(PROJECT))
        try:
            made = filled(text, where=where)
        except BlockError as error:
            print(error, file=sys.stderr)
            return 1
        if made != text:
            path.write_text(made, "utf-8")
            print(f"{where}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
