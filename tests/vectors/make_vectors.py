"""Write the pinned vectors, one JSON file per kernel, from oracles that share no code with the C kernels.

Run without arguments to write the files, with --check to verify that they are what would be written. The
README.md next to this file describes the format.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from . import float_cases, integer_cases
from .notation import Case

FOLDER = Path(__file__).parent
EXACT_SUMS = "exact rational arithmetic (Python fractions), rounded once"
STEPWISE = "binary64 arithmetic on binary32 inputs, rounded to binary32 after each operation"

KERNELS: dict[str, tuple[str, Callable[[], list[Case]]]] = {
    "noop": ("nothing to compute", integer_cases.noop_cases),
    "add": ("Python integers, reduced modulo 2**64", integer_cases.add_cases),
    "sum8": ("Python fractions, rounded to binary64 after each sum", float_cases.sum8_cases),
    "dot": (EXACT_SUMS, float_cases.dot_cases),
    "saxpy": (STEPWISE, float_cases.saxpy_cases),
    "crc32": (
        "Python zlib; check value: Greg Cook, Catalogue of parametrised CRC algorithms, CRC-32/ISO-HDLC",
        integer_cases.crc32_cases,
    ),
    "base64_encode": ("RFC 4648 section 10, and Python base64", integer_cases.base64_encode_cases),
    "matmul": (EXACT_SUMS, float_cases.matmul_cases),
    "bias_add": (STEPWISE, float_cases.bias_add_cases),
    "relu": ("the definition: 0 for x < 0, else x", float_cases.relu_cases),
    "dense_relu": (EXACT_SUMS + ", negative results replaced by 0", float_cases.dense_relu_cases),
    "spin": ("Python integers: x = (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9 mod 2**64", integer_cases.spin_cases),
    "ends": ("the definition: 65536 + bytes[0] + 256 * bytes[-1]", integer_cases.ends_cases),
    **{
        f"args{count}": ("Python integers, reduced modulo 2**64", partial(integer_cases.args_cases, count))
        for count in range(1, 9)
    },
}


def text_of(kernel: str) -> str:
    """Return the vector file of kernel, one case a line."""
    source, cases = KERNELS[kernel]
    lines = ",\n".join("    " + json.dumps(entry, allow_nan=False) for entry in cases())
    head = f'{{\n  "kernel": {json.dumps(kernel)},\n  "source": {json.dumps(source)},\n  "cases": [\n'
    return f"{head}{lines}\n  ]\n}}\n"


def main() -> None:
    """Write every file, or with --check exit with the names of those that differ."""
    parser = argparse.ArgumentParser(description="Write the pinned vectors of every kernel.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs")
    check = parser.parse_args().check
    texts = {FOLDER / f"{kernel}.json": text_of(kernel) for kernel in KERNELS}
    if not check:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        return
    stale = [path.name for path, text in texts.items() if not path.exists() or path.read_text("utf-8") != text]
    stale += [path.name for path in FOLDER.glob("*.json") if path not in texts]
    if stale:
        parser.exit(1, f"not what make_vectors.py writes: {', '.join(sorted(stale))}; run it to write them anew\n")


if __name__ == "__main__":
    main()
