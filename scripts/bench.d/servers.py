"""The servers that are measured. Each runs on loopback and keeps its files in a folder that it is given."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from measure import curl

BOUNDARY = "agentdrop-bench-boundary"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


class Server:
    """A process with a folder of its own; both end with the block."""

    def __init__(self, folder):
        self.folder, self.port, self.process = fresh(folder), free_port(), None
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, command, path, **environment):
        """Starts the process and waits until it answers at `path`."""
        path_of_log = os.path.join(self.folder, "log")
        with open(path_of_log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command, env={**os.environ, **environment}, stdout=log, stderr=log, process_group=0
            )
        deadline = time.monotonic() + 60
        while not self.answers(path):
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(path_of_log, encoding="utf-8") as told:
                    raise RuntimeError(f"{command[0]} does not answer: {told.read()}")
            time.sleep(0.05)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def answers(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=5):
                return True
        except urllib.error.HTTPError as answer:
            return answer.code < 500
        except OSError:
            return False

    def process_ids(self):
        """The process and its children."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            return [self.process.pid, *map(int, children.read().split())]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Peer(Server):
    """A server of plain files: PUT stores one, GET sends it."""

    def put(self, path, name="object"):
        seconds, _ = curl("--upload-file", path, f"{self.url}/{name}")
        return seconds

    def get(self, name="object"):
        seconds, _ = curl("--output", "/dev/null", f"{self.url}/{name}")
        return seconds

    def remove(self, name="object"):
        os.remove(os.path.join(self.data, name))


class Nginx(Peer):
    """Writes what it receives and sends what it has by sendfile; it neither hashes nor syncs."""

    def __init__(self, folder):
        super().__init__(folder)
        self.data = os.path.join(folder, "data")
        os.mkdir(self.data)
        configuration = os.path.join(folder, "nginx.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(self.configuration())
        self.start(["nginx", "-p", folder, "-c", configuration], "/")

    def configuration(self):
        # Workers of nginx that root starts belong to nobody, who may not write here.
        user = "user root;" if os.geteuid() == 0 else ""
        folder = self.folder
        return f"""
            {user} daemon off; worker_processes auto; pid {folder}/pid; error_log {folder}/log;
            events {{}}
            http {{
                access_log off; sendfile on; tcp_nopush on; client_max_body_size 0;
                client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
                fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
                server {{
                    listen 127.0.0.1:{self.port}; root {self.data};
                    location / {{ dav_methods PUT; }}
                }}
            }}
        """


class Dufs(Peer):
    """A file server in Rust (hyper, tokio)."""

    def __init__(self, folder, program):
        super().__init__(folder)
        self.data = os.path.join(folder, "data")
        os.mkdir(self.data)
        self.start(
            [program, "--allow-all", "--bind", "127.0.0.1", "--port", str(self.port), "--log-format", "", self.data],
            "/",
        )


class AgentDrop(Server):
    """The server as `agentdrop-server serve` starts it, with one account and an agent that receives."""

    RECIPIENT = "bench-recipient"

    def __init__(self, folder, program, **settings):
        super().__init__(folder)
        settings = {
            "AGENTDROP_DATA_DIR": os.path.join(folder, "data"),
            "AGENTDROP_LISTEN": f"127.0.0.1:{self.port}",
            "AGENTDROP_PUBLIC_URL": self.url,
            "AGENTDROP_LOG": "warn",
            # The bytes of a deleted transfer are gone soon, before the next candidate is measured.
            "AGENTDROP_SWEEP_SECONDS": "1",
            **settings,
        }
        self.program, self.settings = program, settings
        self.serve()
        self.account = self.create_account("bench@example.org", "Bench")
        self.register(self.account["api_key"], self.RECIPIENT)

    def serve(self):
        self.start([self.program, "serve"], "/readyz", **self.settings)

    def create_account(self, email, name):
        command = [self.program, "account", "create", "--email", email, "--name", name, "--json"]
        environment = {**os.environ, **self.settings}
        return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)

    def call(self, key, method, path, body=None):
        """Calls the API; returns the answer's JSON."""
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"Bearer {key}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def register(self, key, slug, **fields):
        public_key = base64.b64encode(os.urandom(32)).decode()
        return self.call(key, "POST", "/v1/agents/register", {"agent_id": slug, "public_key": public_key, **fields})

    def upload_command(self, path):
        """The form as curl sends it, for one file."""
        form = {"sender": "bench", "recipient": self.RECIPIENT, "mode": "agent-to-agent", "files": f"@{path}"}
        fields = [argument for name, value in form.items() for argument in ("--form", f"{name}={value}")]
        key = self.account["api_key"]
        return ["--header", f"Authorization: Bearer {key}", *fields, f"{self.url}/v1/transfers"]

    def upload(self, path):
        """Returns (seconds, the transfer)."""
        seconds, answer = curl(*self.upload_command(path))
        return seconds, json.loads(answer)

    def form(self, path):
        """The body of a form with that file, beside the file."""
        fields = {"sender": "bench", "recipient": self.RECIPIENT, "mode": "agent-to-agent"}
        head = "".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="file"\r\n\r\n'
        with open(path, "rb") as file, open(f"{path}.form", "wb") as form:
            form.write(head.encode())
            shutil.copyfileobj(file, form, 1 << 20)
            form.write(f"\r\n--{BOUNDARY}--\r\n".encode())
        return form.name

    def upload_form(self, form):
        """Sends a body that [`form`] made as the peers are sent theirs; returns (seconds, the transfer)."""
        seconds, answer = curl(
            "--request", "POST", "--upload-file", form,
            "--header", f"Authorization: Bearer {self.account['api_key']}",
            "--header", f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
            f"{self.url}/v1/transfers",
        )
        return seconds, json.loads(answer)

    def prepare(self, path, part_size=None):
        """A prepared transfer for that file."""
        file = {"name": "file", "size": os.path.getsize(path)}
        body = {"sender": "bench", "recipient": self.RECIPIENT, "files": [file]}
        if part_size is None:
            return self.call(self.account["api_key"], "POST", "/v1/transfers/presigned", body)
        file["part_size"] = part_size
        return self.call(self.account["api_key"], "POST", "/v1/transfers/presigned/multipart", body)

    def complete(self, transfer, parts):
        """Puts the parts of a prepared transfer's one file together."""
        file = transfer["files"][0]
        path = f"/v1/transfers/{transfer['id']}/files/{file['file_id']}/complete-multipart"
        self.call(self.account["api_key"], "POST", path, {"upload_id": file["upload_id"], "parts": parts})

    def confirm(self, transfer):
        self.call(self.account["api_key"], "POST", f"/v1/transfers/{transfer['id']}/confirm")

    def download_url(self, transfer):
        answer = self.call(self.account["api_key"], "GET", f"/v1/transfers/{transfer['id']}/download")
        return answer["files"][0]["download_url"]

    def fetch(self, url):
        seconds, _ = curl("--output", "/dev/null", url)
        return seconds

    def end(self, transfer):
        """Deletes a transfer; its bytes go soon after."""
        self.call(self.account["api_key"], "DELETE", f"/v1/transfers/{transfer['id']}")

    def delete(self, transfer):
        """Deletes a transfer and waits until its bytes are gone, on a disk."""
        self.end(transfer)
        deadline = time.monotonic() + 120
        while self.stored_files() > 0:
            if time.monotonic() > deadline:
                raise RuntimeError("the bytes of a deleted transfer are still there after two minutes")
            time.sleep(0.1)

    def stored_files(self):
        objects = os.path.join(self.settings["AGENTDROP_DATA_DIR"], "objects")
        return sum(len(files) for _, _, files in os.walk(objects))
