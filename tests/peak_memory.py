"""Measures the peak memory of a program that a test has started."""

import resource
import sys
from pathlib import Path


def peak_memory() -> int:
    """Return the peak memory of this process in bytes, since the process started its current program.

    `ru_maxrss` is not suitable: Linux keeps its value when a process starts another program. Therefore the value can be
    the memory of the test process.
    """
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024
