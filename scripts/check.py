"""Set this folder up for development, then check everything: python3 scripts/check.py [pytest's arguments].

Up to the check of the version, any Python 3 must be able to read this file, so that an old one can say what it lacks.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 -- the reason for this line
    sys.exit(
        "Stembridge needs Python 3.11 or newer, and this is Python " + sys.version.split()[0] + ". "
        "Install a newer one, then run for example: python3.12 scripts/check.py"
    )

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120

from scripts import process, verdict

if __name__ == "__main__":
    sys.exit(process.guarded(verdict.give, sys.argv[1:]))
