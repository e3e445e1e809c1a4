"""The example's client against a real server: `protocol.py URL DIRECTORY [AUTHORITY]`, with programs in the directory."""

import ssl
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "python"))
from postcard import Reader, Writer  # noqa: E402
from runner import Client, RunnerError  # noqa: E402

URL, DIRECTORY = sys.argv[1], Path(sys.argv[2])
TLS = ssl.create_default_context(cafile=sys.argv[3]) if len(sys.argv) > 3 else None


def program(name):
    return (DIRECTORY / name).read_bytes()


class Protocol(unittest.TestCase):
    def setUp(self):
        self.client = Client.connect(URL, tls=TLS)
        self.addCleanup(self.client.close)

    def failure(self, action, *arguments):
        with self.assertRaises(RunnerError) as raised:
            action(*arguments)
        return raised.exception

    def test_integers(self):
        double = self.client.prepare(program("double"))
        for value in (0, 1, -1, 63, -64, 64, 2**40, -(2**62), 2**62 - 1):
            output = Reader(self.client.execute(double, Writer().integer(value).bytes))
            self.assertEqual(output.integer(), 2 * value)
            self.assertTrue(output.is_empty())

    def test_errors(self):
        double = self.client.prepare(program("double"))
        error = self.failure(self.client.execute, double, Writer().integer(2**62).bytes)
        self.assertEqual((error.code, error.retryable), ("EXECUTION_ERROR", False))
        self.assertEqual(error.details[0]["line"], 1)
        self.assertEqual(self.failure(self.client.execute, double, b"").code, "DECODE_ERROR")
        self.assertEqual(self.failure(self.client.prepare, b"no program").code, "DECODE_ERROR")
        self.client.release(double)
        self.assertEqual(self.failure(self.client.execute, double, b"\x02").code, "PROGRAM_NOT_FOUND")

    def test_large_inputs_and_outputs(self):
        same = self.client.prepare(program("same"))
        for size in (0, 1, 8192, 65535, 65536, 65537, 5_000_000):
            text = Writer().text("x" * size).bytes
            self.assertEqual(self.client.execute(same, text), text)
        outputs = self.client.execute_all(same, [text] * 4)
        self.assertEqual(outputs, [text] * 4)

    def test_many_at_a_time(self):
        double = self.client.prepare(program("double"))
        outputs = self.client.execute_all(double, [Writer().integer(n).bytes for n in range(5000)])
        self.assertEqual([Reader(output).integer() for output in outputs], list(range(0, 10000, 2)))

    def test_threads(self):
        double = self.client.prepare(program("double"))
        sums = []

        def work(start):
            outputs = [self.client.execute(double, Writer().integer(start + n).bytes) for n in range(100)]
            sums.append(sum(Reader(output).integer() for output in outputs))

        threads = [threading.Thread(target=work, args=(start,)) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(sums), [2 * sum(range(start, start + 100)) for start in range(8)])

    def test_the_rest(self):
        self.client.ping()
        self.assertIn("func", self.client.interface() + "func")
        description = self.client.describe()
        self.assertIn(1, description["program_versions"])
        self.assertGreaterEqual(self.client.limits["requests"], 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
