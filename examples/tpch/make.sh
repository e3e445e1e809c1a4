#!/usr/bin/env bash
# Makes the tables of TPC-H as Parquet files with amounts as DOUBLE, and as CSV for databases.
#
#   make.sh [SCALE] [FOLDER]      default: 0.01 and ${XDG_CACHE_HOME:-$HOME/.cache}/runner-tpch
#
# Needs python3 with venv and pip. FOLDER/venv gets the generator tpchgen-cli, and duckdb, which writes the Parquet files.
# What is already there is not made again. Prints the folder that holds the tables.
set -euo pipefail

scale=${1:-0.01}
folder=${2:-${XDG_CACHE_HOME:-$HOME/.cache}/runner-tpch}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
tables=$folder/sf$scale
venv=$folder/venv

if [ ! -f "$tables/complete" ]; then
  # One at a time: two tests may ask at once.
  exec 9>"$folder/lock"
  flock 9
fi
if [ ! -f "$tables/complete" ]; then
  if ! "$venv/bin/python" -c 'import duckdb' 2>/dev/null || [ ! -x "$venv/bin/tpchgen-cli" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip --disable-pip-version-check install --quiet tpchgen-cli==4.0.0 duckdb==2.0.1
  fi
  part=$(mktemp -d "$folder/part.XXXXXX")
  trap 'rm -rf "$part"' EXIT
  "$venv/bin/tpchgen-cli" csv --scale-factor "$scale" --output-dir "$part" --quiet
  "$venv/bin/tpchgen-cli" parquet --scale-factor "$scale" --output-dir "$part/exact" --quiet
  "$venv/bin/python" - "$part" <<'PYTHON'
import sys
import duckdb

folder = sys.argv[1]
for table in ["region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"]:
    source = f"read_parquet('{folder}/exact/{table}.parquet')"
    columns = duckdb.sql(f"DESCRIBE SELECT * FROM {source}").fetchall()
    amounts = [f"{name}::DOUBLE AS {name}" for name, type, *_ in columns if type.startswith("DECIMAL")]
    replaced = f" REPLACE ({', '.join(amounts)})" if amounts else ""
    duckdb.sql(f"COPY (SELECT *{replaced} FROM {source}) TO '{folder}/{table}.parquet' (FORMAT parquet)")
PYTHON
  rm -r "$part/exact"
  touch "$part/complete"
  rm -rf "$tables"
  mv "$part" "$tables"
fi
echo "$tables"
