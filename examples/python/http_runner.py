"""The HTTP API of program runners, with the standard library alone.

    http = Http("http://localhost:8080")
    print(http.run_source("func main(x: Int64): Int64 -> x * 2", 21))
    print(http.function("albums_by_artist", {"artist": "Miles Davis"}))
"""

import http.client
import json
from urllib.parse import quote, urlsplit

from runner import RunnerError

PROGRAM = "application/vnd.runner.program"
POSTCARD = "application/vnd.postcard"
JSON = "application/json"


class Http:
    """A server. One connection is kept open; it belongs to one thread."""

    def __init__(self, url, token=None):
        parts = urlsplit(url)
        scheme = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        self._connection = scheme[parts.scheme](parts.hostname, parts.port)
        self._base = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def prepare(self, program):
        """Sends the bytes of a program; its id, which is the same on every server."""
        return json.loads(self._ask("POST", "/v1/programs", program, PROGRAM))["id"]

    def execute(self, program, data):
        """Executes a program that was sent: the bytes of an input to the bytes of an output."""
        return self._ask("POST", f"/v1/programs/{program}/execute", data, POSTCARD, POSTCARD)

    def execute_json(self, program, value):
        """The same with values that `json` can read and write."""
        answer = self._ask("POST", f"/v1/programs/{program}/execute", json.dumps(value), JSON, JSON)
        return json.loads(answer)

    def run_source(self, source, value, program="main"):
        """Compiles and executes, where the server takes sources."""
        body = json.dumps({"source": source, "program": program, "input": value})
        return json.loads(self._ask("POST", "/v1/run", body, JSON, JSON))

    def function(self, name, parameters):
        """Calls a function of the project that is served."""
        body = json.dumps(parameters)
        return json.loads(self._ask("POST", f"/v1/functions/{quote(name)}", body, JSON, JSON))

    def interface(self):
        """What the runner offers to programs, as Lutra source."""
        return self._ask("GET", "/v1/interface").decode()

    def describe(self):
        """What the runner is and what it can do."""
        return json.loads(self._ask("GET", "/v1/describe"))

    def close(self):
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _ask(self, method, path, body=None, media=None, accept=None):
        headers = dict(self._headers)
        if media:
            headers["Content-Type"] = media
        if accept:
            headers["Accept"] = accept
        body = bytes(body, "utf-8") if isinstance(body, str) else None if body is None else bytes(body)
        try:
            self._connection.request(method, self._base + path, body, headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise RunnerError("UNAVAILABLE", f"the connection is lost: {error!r}", retryable=True) from error
        if answer.status < 400:
            return content
        try:
            problem = json.loads(content)
            raise RunnerError(
                problem["code"], problem["detail"], problem["retryable"], problem.get("details", ())
            )
        except (ValueError, KeyError) as error:
            raise RunnerError("UNAVAILABLE", f"HTTP status {answer.status}") from error
