"""A busy neighbour: a script that works and rests in turns on one CPU, run by its path.

    python busy.py CPU BUSY_MS REST_MS LONGEST_S

It ends with its standard input: when the process that started it closes the pipe, or dies, however that dies. A CPU
below 0 stands for any. One byte on standard output says that it is under way.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

# Beyond the second-level cache of today's cores, so that the caches and buses behind it are shared with the neighbour.
WORKING_SET_NBYTES = 16 << 20


def main(cpu: int, busy_s: float, rest_s: float, longest_s: int) -> None:
    """Work for `busy_s`, rest for `rest_s`, again and again; no longer than `longest_s` in all."""
    signal.alarm(longest_s)
    if cpu >= 0:
        os.sched_setaffinity(0, {cpu})
    memory = memoryview(bytearray(WORKING_SET_NBYTES))
    half = WORKING_SET_NBYTES // 2
    os.write(1, b"!")
    while not select.select([0], [], [], rest_s)[0]:
        end = time.monotonic() + busy_s
        while time.monotonic() < end:
            memory[:half] = memory[half:]
            sum(range(20_000))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]) / 1000, float(sys.argv[3]) / 1000, int(sys.argv[4]))
