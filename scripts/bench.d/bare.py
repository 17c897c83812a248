"""The bare database: the statements of recorded calls, one after the other on one connection."""

import re
import sqlite3
import statistics
import time

STATEMENT = re.compile(r"^(\d+)\|LOG:  (?:execute (\S+): |statement: )(.*)$")
PARAMETERS = re.compile(r"^(\d+)\|DETAIL:  parameters: (.*)$")
PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")
UUID = re.compile(r"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$")


class Statement:
    def __init__(self, sql):
        self.sql, self.parameters = sql, []

    def has(self, marker):
        """Whether this text is in it; the brackets move with each condition more, and do not count."""
        return marker in self.sql.replace("(", "")


def recorded(log):
    """The statements in a Postgres log, by connection."""
    by_connection = {}
    for line in log.splitlines():
        if found := STATEMENT.match(line):
            by_connection.setdefault(found[1], []).append(Statement(found[3]))
        elif found := PARAMETERS.match(line):
            values = (None if value == "NULL" else value[1:-1].replace("''", "'")
                      for _, value in PARAMETER.findall(found[2]))
            by_connection[found[1]][-1].parameters = list(values)
    return by_connection


def transactions(log, marker):
    """Those of the recorded transactions that have a statement with `marker`, in the order of their commits."""
    found = []
    for statements in recorded(log).values():
        current = None
        for statement in statements:
            if statement.sql.startswith("BEGIN"):
                current = []
            if current is not None:
                current.append(statement)
            if statement.sql in ("COMMIT", "ROLLBACK"):
                if current and any(marker in s.sql for s in current):
                    found.append(current)
                current = None
    return sorted(found, key=order)


def order(transaction):
    """Calls were made one after the other, so the times in their parameters tell the order."""
    insert = next(s for s in transaction if 'INSERT INTO "pairings"' in s.sql)
    return insert.parameters[9]


def reads(log, markers):
    """The first statement of each marker outside of transactions."""
    everything = [s for statements in recorded(log).values() for s in statements]
    for marker in markers:
        if not any(s.has(marker) for s in everything):
            raise SystemExit(f"no statement with {marker} was recorded: the queries have changed")
    return [next(s for s in everything if s.has(marker)) for marker in markers]


def postgres(server, database, groups):
    """Seconds that each group of statements took, prepared, by psql."""
    prepared, lines, marks = {}, ["\\timing on"], []
    for group in groups:
        marks.append(len(group))
        lines += [execute(prepared, statement) for statement in group]
    definitions = [f"PREPARE {name} AS {sql};" for sql, name in prepared.items()]
    script = "\n".join([*definitions, *lines])
    told = server.run("psql", *server.connection, f"--dbname={database}", "--quiet", "--tuples-only",
                      "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-", given=script)
    times = iter(float(ms) / 1000 for ms in re.findall(r"^Time: ([\d.]+) ms", told, re.MULTILINE))
    return [sum(next(times) for _ in range(count)) for count in marks]


def execute(prepared, statement):
    if not statement.parameters:
        return f"{statement.sql};"
    name = prepared.setdefault(statement.sql, f"s{len(prepared)}")
    values = ", ".join("NULL" if v is None else "'" + v.replace("'", "''") + "'" for v in statement.parameters)
    return f"EXECUTE {name}({values});"


def sqlite(path, groups, names):
    """Seconds that each group took in a SQLite database; `names` tells its things by those of the record."""
    database = sqlite3.connect(path, isolation_level=None, cached_statements=1000)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        database.execute(f"PRAGMA {pragma}").fetchall()
    seconds = []
    for group in groups:
        # The one writer needs no row locks.
        translated = [translate(s, names) for s in group if "FOR NO KEY UPDATE" not in s.sql]
        begun = time.perf_counter()
        for sql, parameters in translated:
            database.execute(sql, parameters).fetchall()
        seconds.append(time.perf_counter() - begun)
    database.close()
    return seconds


def translate(statement, names):
    """A statement of Postgres as SQLite has it."""
    columns = re.search(r"^INSERT INTO \S+ \(([^)]*)\)", statement.sql)
    columns = [name.strip(' "') for name in columns[1].split(",")] if columns else []
    # An id is bytes, but where it stands as a text.
    texts = [name == "subject" for name in columns] + [False] * len(statement.parameters)
    values = [value(told, names, text) for told, text in zip(statement.parameters, texts)]
    if "agent_low" in statement.sql and "agent_high" in statement.sql:
        # The two were in the order of the other database's ids.
        values[-2:] = sorted(values[-2:])
    given = []

    def place(found):
        chosen = values[int(found[2]) - 1]
        given.extend(chosen if found[1] else [chosen])
        return f"IN ({', '.join('?' * len(chosen))})" if found[1] else "?"

    sql = re.sub(r"(= ANY\()?\$(\d+)(?(1)\))", place, statement.sql)
    return re.sub(r"\bDEFAULT\b", "NULL", sql.replace("BEGIN ISOLATION LEVEL READ COMMITTED", "BEGIN IMMEDIATE")), given


def value(told, names, is_text):
    if told is None or told.startswith('{"'):
        return told
    if told.startswith("{"):
        return [value(item, names, is_text) for item in told[1:-1].split(",")]
    told = names.get(told, told)
    if told.startswith("\\x"):
        return bytes.fromhex(told[2:])
    if UUID.match(told) and not is_text:
        return bytes.fromhex(told.replace("-", ""))
    return int(told) if re.fullmatch(r"-?\d+", told) else told


def row(seconds):
    """(a second, p99 in milliseconds)"""
    return len(seconds) / sum(seconds), statistics.quantiles(seconds, n=100)[98] * 1000
