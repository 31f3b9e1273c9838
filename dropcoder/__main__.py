"""`python -m dropcoder`, in a checkout as well: there the packages lie in `lambdas`."""

import sys
from pathlib import Path

LAMBDAS = Path(__file__).parents[1] / "lambdas"

if __name__ == "__main__":
    if LAMBDAS.is_dir():
        sys.path.append(str(LAMBDAS))
    from dropcoder.commands.app import main

    main()
