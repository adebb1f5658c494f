"""Import finished stems into the project that is open in Audacity: python3 scripts/audacity/import_stems.py --help.

Needs Python 3.11, Audacity 3.2 or newer with its module mod-script-pipe on, and nothing else. README.md beside it says
how to switch that on. Up to the check of the version, any Python 3 must be able to read this file.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 -- the reason for this line
    sys.exit("This needs Python 3.11 or newer, and this is Python " + sys.version.split()[0] + ".")

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120

import argparse
from pathlib import Path

from scripts.audacity import session
from scripts.audacity.finding import StemsFolder
from scripts.audacity.placing import Choices


def seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 10_000_000:
        raise ValueError(text)
    return value


def parser() -> argparse.ArgumentParser:
    stems = str(StemsFolder(None).now()).replace("%", "%%")
    parser = argparse.ArgumentParser(
        prog="import_stems.py", description="Import finished stems into the project that is open in Audacity."
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help="a delivery's folder or its stems.json; with --newest or --watch the folder to look in "
        f"(default, as the bridge says: {stems})",
    )
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--newest", action="store_true", help="import the newest delivery (so it is without a folder)")
    way.add_argument("--watch", action="store_true", help="import every delivery that is finished from now on")
    parser.add_argument("--at", type=seconds, metavar="SECONDS", help="put the stems there, not where the bounce began")
    parser.add_argument("--no-silent", action="store_true", help="leave out stems with nothing in them")
    return parser


def main(arguments: list[str]) -> int:
    chosen = parser().parse_args(arguments)
    choices = Choices(at_s=chosen.at, silent=not chosen.no_silent)
    if chosen.watch:
        return session.watch(StemsFolder(chosen.folder), choices)
    if chosen.newest or chosen.folder is None:
        return session.import_newest(StemsFolder(chosen.folder).now(), choices)
    return session.import_one(chosen.folder, choices)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
