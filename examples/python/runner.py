"""A client of program runners, with the standard library alone: the binary protocol over TCP, a Unix socket, TLS or the
pipes of a child process.

    with Client.process(["runner", "serve", "--stdio"]) as client:
        program = client.prepare(open("double.program", "rb").read())
        output = client.execute(program, Writer().integer(21).bytes)

The protocol is specified on the page of the crate `runner-binary`. A thread reads what the server says all the time: a
server that can't get rid of its answers stops reading, so a client that reads only after it has written everything may
wait for ever. Any number of threads may call at the same time, and `execute_all` has many requests in flight from one.
"""

import shlex
import socket
import ssl
import subprocess
import threading

from postcard import Reader, Writer

MAGIC = b"LRPC"
VERSION = 1

# Bytes of frames that are taken, bytes of a body that is sent in one, and bytes that a head takes at most.
FRAME_BYTES = 256 * 1024
CHUNK_BYTES = 64 * 1024
HEAD_BYTES = 32

# Bytes of an output that is taken.
OUTPUT_BYTES = 1 << 30

HELLO, PREPARE, EXECUTE, BODY, RELEASE, INTERFACE, DESCRIBE, CANCEL, CREDIT, PING, GOODBYE = range(11)
WELCOME, OUTPUT, FAILED, PONG, SERVER_GOODBYE = range(5)

CODES = (
    "DECODE_ERROR PROGRAM_NOT_FOUND PREPARE_ERROR EXECUTION_ERROR UNSUPPORTED CANCELLED DEADLINE_EXCEEDED "
    "RESOURCE_EXHAUSTED UNAUTHENTICATED UNAVAILABLE INTERNAL"
).split()

LIMITS = (
    "frame_bytes requests programs program_bytes input_bytes output_bytes request_time_ms idle_time_ms"
).split()


class RunnerError(Exception):
    """What a runner, or the way to it, fails with: a stable `code`, a `message`, and whether to try again can help."""

    def __init__(self, code, message, retryable=False, details=()):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retryable = retryable
        self.details = list(details)


class Client:
    """A connection to a runner."""

    def __init__(self, read, write, close, token=None):
        """`read` gives at most so many bytes, none at the end; `write` takes all."""
        self._read, self._write, self._close = read, write, close
        self._buffer = bytearray()
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._answers = {}
        self._pongs = set()
        self._lost = None
        hello = Writer().unsigned(HELLO).unsigned(FRAME_BYTES)
        hello.option(token, Writer.text).text("python")
        self._write(MAGIC + bytes([VERSION]) + frame(hello.bytes))
        preface = self._exactly(5)
        if preface[:4] != MAGIC:
            raise RunnerError("DECODE_ERROR", "the server does not speak this protocol")
        if preface[4] != VERSION:
            raise RunnerError("UNSUPPORTED", f"the server speaks version {preface[4]}")
        kind, fields = self._message()
        if kind != WELCOME:
            raise RunnerError("DECODE_ERROR", "the first message is not a welcome")
        self.limits = {name: fields.unsigned() for name in LIMITS}
        self.server = fields.text()
        self._free_ids = list(range(self.limits["requests"] - 1, -1, -1))
        self._free_programs = list(range(self.limits["programs"] - 1, -1, -1))
        self._reader = threading.Thread(target=self._receive_all, daemon=True)
        self._reader.start()

    @classmethod
    def tcp(cls, host, port, token=None, tls=None):
        """Talks over TCP; over TLS if `tls` is an `ssl.SSLContext`, or `True` for the system's authorities."""
        stream = socket.create_connection((host, port))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.create_default_context() if tls is True else tls
            stream = context.wrap_socket(stream, server_hostname=host)
        return cls(stream.recv, stream.sendall, stream.close, token)

    @classmethod
    def unix(cls, path, token=None):
        """Talks over a Unix socket."""
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(path)
        return cls(stream.recv, stream.sendall, stream.close, token)

    @classmethod
    def connect(cls, url, token=None, tls=None):
        """Talks to `tcp://host:port`, `tls://host:port`, `unix:///path` or `exec:COMMAND`."""
        scheme, _, rest = url.partition(":")
        if scheme == "exec":
            return cls.process(shlex.split(rest))
        if scheme == "unix":
            return cls.unix(rest.removeprefix("//"), token)
        if scheme not in ("tcp", "tls"):
            raise ValueError(f"no way to {url}")
        host, _, port = rest.removeprefix("//").rpartition(":")
        return cls.tcp(host.strip("[]"), int(port), token, (tls or True) if scheme == "tls" else None)

    @classmethod
    def process(cls, command, env=None):
        """Starts a process and talks over its standard input and output."""
        pipe = subprocess.PIPE
        child = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=env, bufsize=0)

        def write(data):
            view = memoryview(data)
            while view:
                view = view[child.stdin.write(view) :]

        def close():
            child.stdin.close()
            child.stdout.close()
            child.wait()

        try:
            return cls(child.stdout.read, write, close)
        except BaseException:
            close()
            raise

    def prepare(self, program):
        """Makes the bytes of a program ready; its number."""
        with self._changed:
            if not self._free_programs:
                raise RunnerError("RESOURCE_EXHAUSTED", "too many programs are prepared")
            number = self._free_programs.pop()
        try:
            self._answer(self._request(PREPARE, [number], program))
        except RunnerError:
            self.release(number)
            raise
        return number

    def execute(self, program, data):
        """Executes a prepared program: the bytes of an input to the bytes of an output."""
        return self.execute_all(program, [data])[0]

    def execute_all(self, program, inputs):
        """Executes a prepared program on many inputs at a time. The first error, if there is one, is raised."""
        sent, outputs = [], []
        for data in inputs:
            # Those who call at the same time need ids, too.
            while len(sent) - len(outputs) >= max(1, self.limits["requests"] // 2):
                outputs.append(self._outcome(sent[len(outputs)]))
            sent.append(self._request(EXECUTE, [program, OUTPUT_BYTES], data))
        outputs += [self._outcome(request) for request in sent[len(outputs) :]]
        for output in outputs:
            if isinstance(output, RunnerError):
                raise output
        return outputs

    def release(self, program):
        """Lets go of a program."""
        self._send(Writer().unsigned(RELEASE).unsigned(program).bytes)
        with self._changed:
            self._free_programs.append(program)

    def interface(self):
        """What the runner offers to programs, as Lutra source."""
        return self._answer(self._request(INTERFACE, [OUTPUT_BYTES])).decode()

    def describe(self):
        """What the runner is and what it can do."""
        fields = Reader(self._answer(self._request(DESCRIBE, [OUTPUT_BYTES])))
        description = {"name": fields.text(), "version": fields.text()}
        description["program_versions"] = fields.array(Reader.byte)
        description["limits"] = dict(fields.array(lambda pair: (pair.text(), pair.unsigned())))
        for name in ("streams", "cancels", "isolates", "keeps_state"):
            description[name] = fields.bool()
        return description

    def ping(self, nonce=0):
        """Waits for a sign of life."""
        self._send(Writer().unsigned(PING).unsigned(nonce).bytes)
        with self._changed:
            self._changed.wait_for(lambda: nonce in self._pongs or self._lost)
            if nonce not in self._pongs:
                raise self._lost
            self._pongs.remove(nonce)

    def close(self):
        """Says goodbye, waits until the server has ended the connection, and the process if there is one."""
        if self._close:
            close, self._close = self._close, None
            try:
                self._send(Writer().unsigned(GOODBYE).option(None, None).bytes)
            except RunnerError:
                pass  # The server is gone already.
            self._reader.join()
            close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _request(self, kind, fields, body=None):
        """Sends a request, its body cut into frames; its id."""
        with self._changed:
            self._changed.wait_for(lambda: self._free_ids or self._lost)
            if self._lost:
                raise self._lost
            request = self._free_ids.pop()
            self._answers[request] = bytearray()
        head = Writer().unsigned(kind).unsigned(request)
        for field in fields:
            head.unsigned(field)
        if body is None:
            self._send(head.bytes)
            return request
        body = memoryview(body)
        size = min(CHUNK_BYTES, self.limits["frame_bytes"] - HEAD_BYTES)
        while True:
            chunk, body = body[:size], body[size:]
            self._send(head.byte(len(body) > 0).bytes, chunk)
            if not body:
                return request
            head = Writer().unsigned(BODY).unsigned(request)

    def _send(self, head, body=b""):
        with self._writing:
            try:
                self._write(frame(head, body))
            except (OSError, ValueError) as error:
                raise self._lost or lost(error) from error

    def _answer(self, request):
        """Waits for the whole answer to a request."""
        outcome = self._outcome(request)
        if isinstance(outcome, RunnerError):
            raise outcome
        return outcome

    def _outcome(self, request):
        """Waits for the whole answer to a request, or its error. Then the id is free."""

        def is_answered():
            return not isinstance(self._answers[request], bytearray)

        with self._changed:
            self._changed.wait_for(lambda: is_answered() or self._lost)
            outcome = self._answers.pop(request) if is_answered() else self._lost
            self._free_ids.append(request)
            self._changed.notify_all()
            return outcome

    def _receive_all(self):
        """Takes messages until the connection ends."""
        try:
            while True:
                self._receive(*self._message())
        except RunnerError as error:
            reason = error
        except (LookupError, TypeError) as error:
            reason = RunnerError("DECODE_ERROR", f"a message that makes no sense: {error!r}")
        except (OSError, ValueError) as error:
            reason = lost(error)
        with self._changed:
            self._lost = reason
            self._changed.notify_all()

    def _receive(self, kind, fields):
        with self._changed:
            if kind == OUTPUT:
                request, more = fields.unsigned(), fields.bool()
                self._answers[request] += fields.rest()
                if not more:
                    self._answers[request] = bytes(self._answers[request])
            elif kind == FAILED:
                request = fields.unsigned()
                self._answers[request] = read_error(fields)
            elif kind == PONG:
                self._pongs.add(fields.unsigned())
            else:
                raise RunnerError("DECODE_ERROR", f"an unknown message {kind}")
            self._changed.notify_all()

    def _message(self):
        """The kind of the next message and what follows it. A goodbye with an error is raised."""
        while True:
            length = int.from_bytes(self._exactly(4), "little")
            if not 1 <= length <= FRAME_BYTES:
                raise RunnerError("DECODE_ERROR", f"a frame of {length} bytes")
            fields = Reader(self._exactly(length))
            kind = fields.unsigned()
            if kind != SERVER_GOODBYE:
                return kind, fields
            error = fields.option(read_error)
            if error:
                raise error
            # The server shuts down; what is in flight is still answered.

    def _exactly(self, size):
        while len(self._buffer) < size:
            part = self._read(1 << 16)
            if not part:
                raise lost("the server went away")
            self._buffer += part
        part = bytes(self._buffer[:size])
        del self._buffer[:size]
        return part


def frame(head, body=b""):
    """A message and its body behind their length."""
    return (len(head) + len(body)).to_bytes(4, "little") + bytes(head) + bytes(body)


def lost(why):
    """The connection is gone; whether the work was done is not known."""
    return RunnerError("UNAVAILABLE", f"the connection is lost: {why}", retryable=True)


def read_error(fields):
    """The error of a `Failed` or a `Goodbye`."""
    code, message, retryable = fields.unsigned(), fields.text(), fields.bool()

    def detail(fields):
        kind = fields.unsigned()
        if kind == 0:
            return {"source": fields.text(), "line": fields.unsigned(), "column": fields.unsigned()}
        if kind == 1:
            return {"sqlstate": fields.text()}
        return {"limit": fields.text(), "value": fields.unsigned()}

    return RunnerError(CODES[code], message, retryable, fields.array(detail))
