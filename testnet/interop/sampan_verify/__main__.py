"""The command line: `python3 -m sampan_verify bundle FILE --genesis GENESIS` and `… vectors DIR`."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path
from typing import NoReturn

from .anchor import read_anchor
from .bundle import Bundle
from .encoding import Refused
from .ladder import VALID, Ladder, Policy, climb

#: Exit codes.
DONE, REFUSED, UNPROVEN = 0, 1, 3
_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class _Arguments(argparse.ArgumentParser):
    """Bad usage is the user's to correct: exit code 1."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(REFUSED, f"error: {message}\n")


def _span(text: str) -> int:
    """A length of time such as `90s` or `24h`, in milliseconds."""
    found = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text)
    if found is None:
        raise argparse.ArgumentTypeError("expected a span such as 90s, 15m, 24h or 7d")
    return int(found[1]) * _UNITS_MS[found[2]]


def _arguments() -> argparse.ArgumentParser:
    parser = _Arguments(prog="sampan_verify", description="An independent verifier of Sampan bundles.")
    commands = parser.add_subparsers(dest="command", required=True)
    bundle = commands.add_parser("bundle", help="climb the ladder of a bundle file")
    bundle.add_argument("file", type=Path)
    bundle.add_argument("--genesis", type=Path, required=True, help="the anchor: the genesis file, or a pinned header")
    bundle.add_argument("--max-age", type=_span, metavar="SPAN", help="how old the proof may be, such as 24h")
    bundle.add_argument("--strict", action="store_true", help="an anchor beyond the trusting period is a failure")
    bundle.add_argument("--now-ms", type=int, help="the time to judge by, in Unix milliseconds (default: the clock)")
    bundle.add_argument("--json", action="store_true", help="answer with one JSON document")
    vectors = commands.add_parser("vectors", help="check the golden vectors in a folder")
    vectors.add_argument("folder", type=Path)
    return parser


def main() -> int:
    """Runs a command; gives the exit code."""
    arguments = _arguments().parse_args()
    try:
        if arguments.command == "vectors":
            from .vectors import check_folder

            return DONE if check_folder(arguments.folder) else UNPROVEN
        return _bundle(arguments)
    except (Refused, OSError) as error:
        if getattr(arguments, "json", False):
            print(json.dumps({"error": str(error)}))
        else:
            print(f"error: {error}", file=sys.stderr)
        return REFUSED


def _bundle(arguments: argparse.Namespace) -> int:
    anchor = read_anchor(arguments.genesis.read_bytes())
    bundle = Bundle.from_json(arguments.file.read_bytes())
    now_ms = time.time_ns() // 1_000_000 if arguments.now_ms is None else arguments.now_ms
    ladder = climb(bundle, anchor, Policy(now_ms, arguments.max_age, arguments.strict))
    _print(ladder, arguments.json)
    return DONE if ladder.outcome() == VALID else UNPROVEN


def _print(ladder: Ladder, as_json: bool) -> None:
    if as_json:
        rungs = [{"name": rung.name, "verdict": rung.verdict, "detail": rung.detail} for rung in ladder.rungs]
        print(json.dumps({"outcome": ladder.outcome(), "ladder": rungs}, ensure_ascii=False))
        return
    for rung in ladder.rungs:
        print(f"{rung.verdict:<8} {rung.name:<12} {rung.detail}")
    print(f"\n{'valid' if ladder.outcome() == VALID else 'not valid'}")


if __name__ == "__main__":
    sys.exit(main())
