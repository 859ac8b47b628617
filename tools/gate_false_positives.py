"""How often does `ffi-spectrum gate` fail on identical code? Whole gates on a commit that changes nothing, counted.

    .venv/bin/python tools/gate_false_positives.py [--gates 100] [--max-s 5] [--rounds 20] [--block-ns 20000]

Each gate checks out its base, measures three calls (an empty function, a loop, a sort) in fresh processes, and judges
with the default margin. Printed are the gates that failed, with the exact upper bound of their rate, what the verdicts
were, and how many 95 % intervals leave out the true difference of zero: the rate of false alarms without a margin.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from ffi_spectrum.analysis.gate import GateRow
from ffi_spectrum.commands.gate import GateRequest, run_gate
from ffi_spectrum.measure.sampling import Protocol
from ffi_spectrum.validation.replay import Rate

SOURCE = """
VALUES = [(7 * i) % 31 for i in range(50)]

def empty():
    pass

def add_up(count):
    total = 0
    for i in range(count):
        total += i
    return total

def sort_values():
    return sorted(VALUES)
"""
CALLS = ("subject:empty", "subject:add_up(100)", "subject:sort_values")


def make_repository(directory: Path) -> None:
    """A base commit, and one that only adds a file that nothing reads."""
    for name, text in (("subject.py", SOURCE), ("notes.txt", "nothing changed\n")):
        (directory / name).write_text(text)
        git = ["git", "-C", str(directory), "-c", "user.name=gate", "-c", "user.email=gate@localhost"]
        for command in (["init", "-q"], ["add", name], ["commit", "-q", "-m", name]):
            subprocess.run([*git, *command], check=True, timeout=60)


def excludes_zero(row: GateRow) -> bool:
    low, high = row.difference_low_ns, row.difference_high_ns
    return low is not None and high is not None and not low <= 0 <= high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gates", type=int, default=100)
    parser.add_argument("--max-s", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--block-ns", type=int, default=20_000)
    options = parser.parse_args()
    protocol = Protocol(rounds=options.rounds, block_ns=options.block_ns)
    failed = 0
    rows: list[GateRow] = []
    started, load = time.monotonic(), [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as scratch:
        make_repository(Path(scratch))
        for number in range(options.gates):
            request = GateRequest(CALLS, max_s=options.max_s, seed=number, protocol=protocol)
            found = run_gate(Path(scratch), "HEAD~1", request)
            rows += found
            failed += any(row.is_failed for row in found)
            load.append(os.getloadavg()[0])
            if sys.stderr.isatty():
                print(f"\r{number + 1} of {options.gates} gates, {failed} failed", end="", file=sys.stderr)
    rate, zero = Rate(failed, options.gates), Rate(sum(map(excludes_zero, rows)), len(rows))
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(Counter(r.verdict for r in rows).items()))
    print(f"{failed} of {rate.count} gates failed: {rate.percent:.1f} %, below {rate.upper_percent():.1f} % (95 %)")
    print(f"verdicts on {len(rows)} calls: {verdicts}")
    print(f"intervals without zero: {zero.hits} of {zero.count}, {zero.percent:.1f} % (5 % are nominal for one look)")
    seconds = (time.monotonic() - started) / options.gates
    disturbed = sum(bool(row.note) for row in rows)
    print(f"{seconds:.1f} s a gate; {disturbed} rows much disturbed; load {min(load):.1f} to {max(load):.1f}")
    print(f"{os.cpu_count()} CPUs; rounds {options.rounds}, blocks {options.block_ns} ns, cap {options.max_s:g} s")


if __name__ == "__main__":
    main()
