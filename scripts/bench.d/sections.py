"""A client that sends a file in sections, each to a URL of its own, one after the other on one connection."""

import http.client
import urllib.parse


class Section:
    """The next bytes of a file, as a body."""

    def __init__(self, source, size):
        self.source, self.left = source, size

    def read(self, size):
        found = self.source.read(min(size, self.left))
        self.left -= len(found)
        return found


def put_sections(path, places):
    """Sends the file to `places`, each a URL and how many bytes it takes; returns the ETags that were answered."""
    origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(places[0][0]))
    connection = http.client.HTTPConnection(origin.removeprefix("http://"))
    tags = []
    with open(path, "rb") as source:
        for url, size in places:
            headers = {"Content-Length": str(size)}
            connection.request("PUT", url.removeprefix(origin), Section(source, size), headers)
            answer = connection.getresponse()
            told = answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"a PUT was answered {answer.status}: {told}")
            tags.append(answer.getheader("ETag"))
    connection.close()
    return tags
