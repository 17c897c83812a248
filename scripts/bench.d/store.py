"""The S3 server that scripts/bench started, by URLs that are signed here (AWS Signature Version 4)."""

import datetime
import hashlib
import hmac
import os
import re
import urllib.error
import urllib.parse
import urllib.request

LASTS_SECONDS = 3600
ALGORITHM = "AWS4-HMAC-SHA256"


def server_settings():
    """The store, as settings of ours."""
    names = ("BUCKET", "ENDPOINT", "REGION", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
    settings = {f"AGENTDROP_S3_{name}": os.environ[f"AGENTDROP_TEST_S3_{name}"] for name in names}
    public = settings["AGENTDROP_S3_ENDPOINT"]
    return {**settings, "AGENTDROP_S3_PUBLIC_ENDPOINT": public, "AGENTDROP_S3_PATH_STYLE": "true"}


class Store:
    """Objects in the bucket, without our server."""

    def __init__(self):
        given = {name.removeprefix("AGENTDROP_TEST_S3_"): value for name, value in os.environ.items()}
        self.endpoint, self.bucket, self.region = given["ENDPOINT"], given["BUCKET"], given["REGION"]
        self.key_id, self.secret = given["ACCESS_KEY_ID"], given["SECRET_ACCESS_KEY"]

    def signed(self, method, key, parameters=None, headers=None):
        """A URL that lets its holder do one thing with an object; `headers` must be sent as they are here."""
        now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        headers = {"host": urllib.parse.urlsplit(self.endpoint).netloc, **(headers or {})}
        names = ";".join(sorted(headers))
        query = encoded({
            **(parameters or {}),
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self.key_id}/{scope}",
            "X-Amz-Date": now,
            "X-Amz-Expires": LASTS_SECONDS,
            "X-Amz-SignedHeaders": names,
        })
        path = f"/{self.bucket}/{key}"
        told = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        request = "\n".join([method, path, query, told, names, "UNSIGNED-PAYLOAD"])
        digest = hashlib.sha256(request.encode()).hexdigest()
        signature = self.signature(scope, "\n".join([ALGORITHM, now, scope, digest]))
        return f"{self.endpoint}{path}?{query}&X-Amz-Signature={signature}"

    def signature(self, scope, text):
        key = f"AWS4{self.secret}".encode()
        for word in [*scope.split("/"), text]:
            key = hmac.digest(key, word.encode(), "sha256")
        return key.hex()

    def put_url(self, key, size, parameters=None):
        """Where exactly `size` bytes go, signed as our server signs it."""
        return self.signed("PUT", key, parameters, {"content-length": size})

    def begin(self, key):
        """Begins an upload in parts; returns its id."""
        return re.search("<UploadId>(.*?)</UploadId>", self.call("POST", key, {"uploads": ""}))[1]

    def complete(self, key, upload_id, tags):
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
            for number, tag in enumerate(tags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
        self.call("POST", key, {"uploadId": upload_id}, body)

    def remove(self, key):
        self.call("DELETE", key)

    def holds(self, key):
        try:
            self.call("HEAD", key)
            return True
        except urllib.error.HTTPError as answer:
            if answer.code == 404:
                return False
            raise

    def call(self, method, key, parameters=None, body=None):
        """Returns the answer's text."""
        url = self.signed(method, key, parameters)
        request = urllib.request.Request(url, body and body.encode(), method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read().decode()


def encoded(parameters):
    """A query as it is signed: in order, and percent-encoded throughout."""
    quoted = ((quote(name), quote(value)) for name, value in parameters.items())
    return "&".join(f"{name}={value}" for name, value in sorted(quoted))


def quote(text):
    return urllib.parse.quote(str(text), safe="-_.~")
