"""Measuring: rounds in turns, medians, memory."""

import os
import random
import re
import statistics
import subprocess

TICKS = os.sysconf("SC_CLK_TCK")


def curl(*arguments):
    """Runs curl; returns (seconds, what was answered). A status outside 2xx is an error."""
    result = subprocess.run(
        ["curl", "--silent", "--show-error", "--write-out", "\n%{time_total} %{http_code}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    answer, _, told = result.stdout.rpartition("\n")
    seconds, status = told.split()
    if result.returncode != 0 or not status.startswith("2"):
        raise RuntimeError(f"curl {arguments}: {status} {answer} {result.stderr}")
    return float(seconds), answer


def processor_seconds(process_ids):
    """User and system time that the processes have used so far."""
    total = 0
    for process_id in process_ids:
        with open(f"/proc/{process_id}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def peak_mib(process_id):
    """The most memory that the process has had, in MiB."""
    with open(f"/proc/{process_id}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) / 1024


class Candidate:
    """Something that is measured: `run` returns the seconds it took; `tidy` undoes it, unmeasured."""

    def __init__(self, name, server, run, tidy=lambda: None):
        self.name, self.server, self.run, self.tidy = name, server, run, tidy
        self.seconds, self.processor = [], []

    def measure(self, counted):
        # What an earlier candidate left to be written is not this one's work.
        os.sync()
        before = processor_seconds(self.server.process_ids())
        seconds = self.run()
        used = processor_seconds(self.server.process_ids()) - before
        self.tidy()
        if counted:
            self.seconds.append(seconds)
            self.processor.append(used)

    @property
    def median(self):
        return statistics.median(self.seconds)


def in_turns(candidates, rounds):
    """Runs each candidate once a round, after one round to warm up, in another order each time.

    What one leaves to a server or a disk to be done then does not meet the same one every time.
    """
    for number in range(rounds + 1):
        for candidate in random.Random(number).sample(candidates, len(candidates)):
            candidate.measure(counted=number > 0)


def table(candidates, mib, others=None):
    """The medians as a Markdown table; ratios are of speed, to each of `others` (by default all but the first)."""
    others = candidates[1:] if others is None else others
    names = (f"to {other.name}" for other in others)
    rows = [["", "median s", "fastest s", "MiB/s", "processor s", *names]]
    for candidate in candidates:
        ratios = (f"{other.median / candidate.median:.2f}" for other in others)
        rows.append([
            candidate.name,
            f"{candidate.median:.3f}",
            f"{min(candidate.seconds):.3f}",
            f"{mib / candidate.median:.0f}",
            f"{statistics.median(candidate.processor):.2f}",
            *ratios,
        ])
    return markdown(rows)


def markdown(rows):
    """A table whose first row is its head."""
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body])
