"""Values as bytes, in the postcard format: inputs and outputs of programs, and the fields of messages.

Written by hand for a program's types: `Writer().integer(3).text("abc").bytes` is a `{Int64, Text}`.
"""

import struct


class Writer:
    """Appends values. Every method returns the writer."""

    def __init__(self):
        self.bytes = bytearray()

    def byte(self, value):
        """`Bool`, `Int8`, `Uint8`."""
        self.bytes.append(int(value) & 0xFF)
        return self

    def unsigned(self, value):
        """`Uint16` to `Uint64`: seven bits a byte, lowest first."""
        while value > 0x7F:
            self.bytes.append(value & 0x7F | 0x80)
            value >>= 7
        self.bytes.append(value)
        return self

    def integer(self, value):
        """`Int16` to `Int64`: zigzag, 0, -1, 1, -2 are 0, 1, 2, 3."""
        return self.unsigned(value * 2 if value >= 0 else -value * 2 - 1)

    def float(self, value):
        """`Float64`."""
        self.bytes += struct.pack("<d", value)
        return self

    def text(self, value):
        """`Text`."""
        encoded = value.encode()
        self.unsigned(len(encoded)).bytes.extend(encoded)
        return self

    def option(self, value, write):
        """`T?`: `write(writer, value)` if it is not `None`."""
        self.unsigned(0 if value is None else 1)
        if value is not None:
            write(self, value)
        return self

    def array(self, items, write):
        """`[T]`: `write(writer, item)` for each item."""
        self.unsigned(len(items))
        for item in items:
            write(self, item)
        return self


class Reader:
    """Takes values off the front. `ValueError` if they are not there."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        end = self.at + size
        if end > len(self.data):
            raise ValueError("bytes end within a value")
        part = bytes(self.data[self.at : end])
        self.at = end
        return part

    def rest(self):
        return self.take(len(self.data) - self.at)

    def is_empty(self):
        return self.at == len(self.data)

    def byte(self):
        return self.take(1)[0]

    def bool(self):
        return self.byte() != 0

    def unsigned(self):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ValueError("an integer of too many bytes")

    def integer(self):
        value = self.unsigned()
        return value >> 1 if value & 1 == 0 else -(value >> 1) - 1

    def float(self):
        return struct.unpack("<d", self.take(8))[0]

    def text(self):
        return self.take(self.unsigned()).decode()

    def option(self, read):
        return read(self) if self.unsigned() else None

    def array(self, read):
        return [read(self) for _ in range(self.unsigned())]
