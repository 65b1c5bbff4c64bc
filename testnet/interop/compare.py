"""Holds the two implementations against each other: the same files, the same words.

    python compare.py --sampan ../../target/debug/sampan --vectors ../../proto/vectors [--count 32] [--seed 1]

Each bundle vector, changed files made from each, and anchors with changed ones go to `sampan verify --json` and to this package. Both must
refuse the file, or give the same verdict on every rung. Exit 0 when they agree throughout, 3 when they do not.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mutations import mutants
from sampan_verify.anchor import Anchor, read_anchor
from sampan_verify.bundle import Bundle
from sampan_verify.encoding import Refused
from sampan_verify.ladder import INVALID, NOT_CLIMBED, Policy, climb

REFUSED = "refused"
#: The vector whose document breaks its schema and nothing else.
DOCUMENT = "claims-the-documents-schema-is-not-kept: "
#: The verdict on each rung in order, or that the file was refused.
Answer = tuple[tuple[str, str], ...] | str


@dataclass(frozen=True)
class Case:
    """A bundle file and an anchor for both, and how strict they shall be."""

    name: str
    data: bytes
    genesis: bytes
    max_age_s: int | None = None
    strict: bool = False


def ask_python(case: Case) -> Answer:
    """This implementation's answer."""
    try:
        anchor, bundle = _anchor(case.genesis), Bundle.from_json(case.data)
    except Refused:
        return REFUSED
    max_age_ms = None if case.max_age_s is None else 1_000 * case.max_age_s
    ladder = climb(bundle, anchor, Policy(time.time_ns() // 1_000_000, max_age_ms, case.strict))
    return tuple((rung.name, rung.verdict) for rung in ladder.rungs if rung.name not in NOT_CLIMBED)


@lru_cache(maxsize=4)
def _anchor(data: bytes) -> Anchor:
    return read_anchor(data)


def ask_rust(sampan: Path, case: Case, folder: Path, number: int) -> tuple[Answer, Answer]:
    """The Rust implementation's answer, without and with the rungs that Python does not climb."""
    file, genesis = folder / f"{number}.json", folder / f"{number}.genesis.json"
    file.write_bytes(case.data)
    genesis.write_bytes(case.genesis)
    command: list[str | Path] = [sampan, "verify", file, "--genesis", genesis, "--json", "--quiet"]
    command += [] if case.max_age_s is None else ["--max-age", f"{case.max_age_s}s"]
    command += ["--strict"] if case.strict else []
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SAMPAN_")}
    ran = subprocess.run(command, capture_output=True, check=False, env=clean)
    file.unlink()
    genesis.unlink()
    if ran.returncode not in (0, 1, 3):
        raise RuntimeError(f"{sampan} ended with {ran.returncode}: {ran.stderr.decode(errors='replace')}")
    document = json.loads(ran.stdout)
    if "error" in document:
        return REFUSED, REFUSED
    whole = tuple((rung["name"], rung["verdict"]) for rung in document["ladder"])
    assert (ran.returncode == 0) == (document["outcome"] == "VALID"), "exit code and outcome go together"
    return tuple(rung for rung in whole if rung[0] not in NOT_CLIMBED), whole


def _word(answer: Answer) -> str:
    if isinstance(answer, str):
        return answer
    return "invalid" if any(verdict == INVALID for _, verdict in answer) else "valid"


def _cases(folder: Path, count: int, seed: int) -> Iterator[Case]:
    genesis = (folder / "genesis.json").read_bytes()
    goods = {file.stem: file.read_bytes() for file in sorted(folder.glob("bundles/*.json"))}
    for name, data in goods.items():
        yield Case(f"{name}: as it is", data, genesis)
        yield Case(f"{name}: at most a second old", data, genesis, max_age_s=1)
        yield Case(f"{name}: strictly", data, genesis, max_age_s=10**9, strict=True)
    index = json.loads((folder / "bundles.json").read_bytes())
    bases = [case["name"] for case in index["cases"] if case.get("mutate")]
    for name in bases:
        others = [goods[other] for other in bases if other != name]
        for what, data in mutants(name, goods[name], others, count, seed):
            yield Case(what, data, genesis)
    for what, data in mutants("genesis", genesis, [], 4 * count, seed):
        yield Case(what, goods[bases[0]], data)
    pins = json.loads((folder / "anchors.json").read_bytes())["cases"]
    for case in pins:
        bundle = case.get("bundle", pins[0]["bundle"]).encode()
        yield Case(f"pin, {case['name']}", bundle, case["anchor"].encode(), strict=case.get("strict", False))
    for what, data in mutants("pin", pins[0]["anchor"].encode(), [], 4 * count, seed):
        yield Case(what, pins[0]["bundle"].encode(), data)


def main() -> int:
    """Runs the comparison; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sampan", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--count", type=int, default=32, help="changed files of each class and bundle")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    words: Counter[str] = Counter()
    differences: list[str] = []
    law = document = 0
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        folder = Path(name)

        def judge(numbered: tuple[int, Case]) -> tuple[Case, Answer, Answer, Answer]:
            number, case = numbered
            return case, ask_python(case), *ask_rust(arguments.sampan, case, folder, number)

        cases = _cases(arguments.vectors, arguments.count, arguments.seed)
        for case, ours, rust, whole in pool.map(judge, enumerate(cases)):
            words[_word(ours)] += 1
            if ours == rust:
                law += _word(rust) != _word(whole)
            elif case.name.startswith(DOCUMENT):
                document += 1
            else:
                differences.append(f"{case.name}\n  python: {_shown(ours)}\n  rust:   {_shown(rust)}")
    for difference in differences:
        print(difference)
    print(f"seed {arguments.seed}: {sum(words.values())} files, {dict(words)}; {len(differences)} differences")
    print(f"not compared: the rung `law`, which only Rust climbs; alone it made {law} of these files invalid")
    print(f"not compared: the documents' schemas, which only Rust judges; alone they made {document} files invalid")
    return 0 if not differences else 3


def _shown(answer: Any) -> str:
    if isinstance(answer, str):
        return answer
    said = [f"{name} {verdict}" for name, verdict in answer if verdict == INVALID]
    return ", ".join(said) or f"no rung INVALID: {', '.join(name for name, _ in answer)}"


if __name__ == "__main__":
    sys.exit(main())
