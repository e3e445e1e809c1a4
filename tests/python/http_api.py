"""The example's client of the HTTP API against a real server: `http_api.py URL DIRECTORY`, with programs in the directory."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "python"))
from http_runner import Http  # noqa: E402
from postcard import Reader, Writer  # noqa: E402
from runner import RunnerError  # noqa: E402

URL, DIRECTORY = sys.argv[1], Path(sys.argv[2])


def program(name):
    return (DIRECTORY / name).read_bytes()


class HttpApi(unittest.TestCase):
    def setUp(self):
        self.http = Http(URL)
        self.addCleanup(self.http.close)

    def failure(self, action, *arguments):
        with self.assertRaises(RunnerError) as raised:
            action(*arguments)
        return raised.exception

    def test_values(self):
        double = self.http.prepare(program("double"))
        self.assertEqual(self.http.prepare(program("double")), double)
        output = self.http.execute(double, Writer().integer(-21).bytes)
        self.assertEqual(Reader(output).integer(), -42)
        self.assertEqual(self.http.execute_json(double, 21), 42)

    def test_large_inputs_and_outputs(self):
        same = self.http.prepare(program("same"))
        text = "x" * 5_000_000
        self.assertEqual(self.http.execute_json(same, text), text)

    def test_errors(self):
        double = self.http.prepare(program("double"))
        error = self.failure(self.http.execute_json, double, 2**62)
        self.assertEqual((error.code, error.retryable), ("EXECUTION_ERROR", False))
        self.assertEqual(error.details[0]["line"], 1)
        self.assertEqual(self.failure(self.http.execute, double, b"").code, "DECODE_ERROR")
        self.assertEqual(self.failure(self.http.prepare, b"no program").code, "DECODE_ERROR")
        self.assertEqual(self.failure(self.http.execute, "0" * 64, b"").code, "PROGRAM_NOT_FOUND")
        source = self.failure(self.http.run_source, "func main(x: Int64): Int64 -> x", 1)
        self.assertEqual(source.code, "UNSUPPORTED")

    def test_the_rest(self):
        self.assertIsInstance(self.http.interface(), str)
        self.assertIn("name", self.http.describe())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
