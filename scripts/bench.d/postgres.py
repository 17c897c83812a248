"""A throw-away Postgres with its default settings: what it commits is on the disk."""

import glob
import os
import pwd
import subprocess
import time

from servers import free_port, fresh


class Postgres:
    """Runs as another user if we are root, since it refuses to be root."""

    def __init__(self, folder, databases=("agentdrop",)):
        self.folder, self.port = fresh(folder), free_port()
        self.programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.as_user = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self.data, self.log = os.path.join(self.folder, "data"), os.path.join(self.folder, "log")
        self.run("initdb", "--pgdata", self.data, "--username=bench", "--auth=trust", "--encoding=UTF8")
        self.process = self.start()
        for database in databases:
            self.run("createdb", *self.connection, database)

    @property
    def connection(self):
        return ["--host=127.0.0.1", f"--port={self.port}", "--username=bench"]

    @property
    def url(self):
        return self.url_of("agentdrop")

    def url_of(self, database):
        return f"postgres://bench@127.0.0.1:{self.port}/{database}"

    def command(self, program, *arguments):
        return [*self.as_user, os.path.join(self.programs, program), *arguments]

    def run(self, program, *arguments, given=None):
        done = subprocess.run(
            self.command(program, *arguments),
            input=given, capture_output=True, text=True, cwd=self.folder, check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr}")
        return done.stdout

    def query(self, *statements, database="agentdrop"):
        """Runs statements on one connection, each on its own; returns the rows."""
        commands = [argument for statement in statements for argument in ("--command", statement)]
        options = ["--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        return self.run("psql", *self.connection, *options, f"--dbname={database}", *commands)

    def log_statements(self, what):
        """From now on writes all statements into the log, or none."""
        self.query(
            f"ALTER SYSTEM SET log_statement = '{what}'",
            "ALTER SYSTEM SET log_line_prefix = '%p|'",
            "SELECT pg_reload_conf()",
        )

    def start(self):
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": ""}
        arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        with open(self.log, "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                self.command("postgres", "-D", self.data, *arguments),
                cwd=self.folder, stdout=log, stderr=log, process_group=0,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.run("pg_isready", *self.connection)
                return process
            except RuntimeError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # SIGINT: do not wait for clients.
        self.process.send_signal(2)
        self.process.wait(60)
        fresh(self.folder)
        os.rmdir(self.folder)
