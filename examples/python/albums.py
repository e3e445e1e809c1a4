"""Executes the program `cheap` of albums.lt on a runner.

    runner compile albums.lt --program cheap --output cheap.program
    python3 albums.py "exec:runner serve --stdio --runner interpreter" cheap.program
    python3 albums.py tcp://localhost:4567 cheap.program
    python3 albums.py http://localhost:8080 cheap.program
"""

import sys

from http_runner import Http
from postcard import Reader, Writer
from runner import Client, RunnerError

ALBUMS = [("Kind of Blue", 9.5), ("Blue Train", None), ("A Love Supreme", 7.25), ("Giant Steps", 12.0)]


def main(url, path):
    with open(path, "rb") as file:
        program = file.read()
    with Http(url) if url.startswith("http") else Client.connect(url) as client:
        cheap = client.prepare(program)
        for title in Reader(client.execute(cheap, cheap_input(ALBUMS, 10.0))).array(Reader.text):
            print(title)


def cheap_input(albums, most):
    """The parameters of `cheap` are a tuple: `{[{Text, Float64?}], Float64}`."""

    def write(writer, album):
        title, price = album
        writer.text(title).option(price, Writer.float)

    return Writer().array(albums, write).float(most).bytes


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except RunnerError as error:
        sys.exit(str(error))
