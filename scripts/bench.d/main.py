"""What scripts/bench runs; see there."""

import argparse
import datetime
import os
import platform
import subprocess
import sys

import calls
import direct
import durability
import memory
import million
import transfers
from servers import fresh

PARTS = ("transfers", "direct", "memory", "durability", "calls", "million")
DOCUMENT = "docs/benchmarks.md"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"


def options():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--server", required=True, type=os.path.abspath)
    parser.add_argument("--dufs", required=True, type=os.path.abspath)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--disk", type=os.path.abspath, default=os.path.abspath("target/bench"))
    parser.add_argument("--tmpfs", type=os.path.abspath, default="/dev/shm/agentdrop-bench")
    parser.add_argument("--s3", action="store_true")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    chosen.s3 |= "direct" in (chosen.only or ())
    if chosen.write and (chosen.only or not chosen.s3):
        parser.error(f"--write replaces all results in {DOCUMENT}: it goes with --s3, and without --only")
    return chosen


def make_file(path, mib):
    """Random bytes: nothing on the way can shrink them."""
    with open(path, "wb") as file:
        for _ in range(mib):
            file.write(os.urandom(1 << 20))
    return path


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    versions = ", ".join(first_line(*command) for command in (["nginx", "-v"], ["dufs", "--version"]))
    return (
        f"{datetime.date.today()}, commit {commit.stdout.strip()}; {os.cpu_count()} × {model}, "
        f"{memory_gib:.0f} GiB, Linux {platform.release()}; {versions}."
    )


def first_line(*command):
    told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return told.stdout.splitlines()[0]


def results(chosen):
    """Yields Markdown as it comes."""
    yield machine() + "\n"
    folders = {"on a disk": fresh(chosen.disk), "on tmpfs": fresh(chosen.tmpfs)}
    parts = chosen.only or PARTS
    # In memory, so that reading it costs the same wherever it goes.
    path = make_file(os.path.join(chosen.tmpfs, "file"), chosen.mib)
    small = make_file(os.path.join(chosen.tmpfs, "small"), 256)
    if "transfers" in parts:
        for kind, folder in folders.items():
            yield transfers.measure(chosen, kind, folder, path)
    # Without a store there is nothing to deliver to.
    if "direct" in parts and chosen.s3:
        yield direct.measure(chosen, chosen.disk, path)
    if "memory" in parts:
        yield memory.measure(chosen, chosen.disk, path, small)
    if "durability" in parts:
        yield durability.measure(chosen, chosen.disk, path)
    if "calls" in parts:
        yield calls.measure(chosen, chosen.disk)
    if "million" in parts:
        yield from million.measure(chosen, chosen.disk)


def write(text):
    with open(DOCUMENT, encoding="utf-8") as document:
        before, rest = document.read().split(BEGIN)
    after = rest.split(END)[1]
    with open(DOCUMENT, "w", encoding="utf-8") as document:
        document.write(f"{before}{BEGIN}\n{text.strip()}\n\n{END}{after}")


def main():
    chosen = options()
    os.environ["PATH"] += ":" + os.path.dirname(chosen.dufs)
    told = []
    try:
        for part in results(chosen):
            print(part, flush=True)
            told.append(part)
    finally:
        for folder in (chosen.disk, chosen.tmpfs):
            fresh(folder)
            os.rmdir(folder)
    if chosen.write:
        write("\n".join(told))


if __name__ == "__main__":
    sys.exit(main())
