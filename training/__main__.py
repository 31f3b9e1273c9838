"""`python -m training`: train a topic, evaluate it, code records, import tables, publish."""

import signal
import sys

from training.cli import main

if __name__ == "__main__":
    # A reader that has enough (head) ends this as quietly as any other command.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main(sys.argv[1:], stdin=sys.stdin.buffer, stdout=sys.stdout, stderr=sys.stderr))
