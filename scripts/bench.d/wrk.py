"""Many small calls at once, sent by wrk."""

import os
import re
import subprocess

CLIENTS = 16
THREADS = 2


def script(name):
    """The path of a Lua script beside this file."""
    return os.path.join(os.path.dirname(__file__), name)


def load(seconds, *arguments):
    """Returns (calls a second, p50, p99 in milliseconds); an answer outside 2xx is an error."""
    command = ["wrk", f"-t{THREADS}", f"-c{CLIENTS}", f"-d{seconds}s", "--latency", "--timeout=10s", *arguments]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(output)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    return rate, *(milliseconds(*re.search(rf"{p}%\s+([\d.]+)(us|ms|s)", output).groups()) for p in (50, 99))


def milliseconds(number, unit):
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
