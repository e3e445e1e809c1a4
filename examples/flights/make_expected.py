"""Answers the questions of flights.lt with pandas, independently of any runner, and prints them as Lutra.

    FOLDER/venv/bin/python make_expected.py [DATA [TARGET]]      default: data expected

It reads the CSV files, so that it also stands apart from the Parquet ones, and groups days by the columns of the
calendar, not by instants and zones.
"""

import datetime
import math
import sys
from pathlib import Path

import pandas as pd


def lutra(value, indent=""):
    """The text of a value: dicts are tuples, lists arrays, `Some` and None options."""
    deeper = indent + "  "
    if isinstance(value, dict):
        fields = [f"{deeper}{name} = {lutra(field, deeper)},\n" for name, field in value.items()]
        return "{\n" + "".join(fields) + indent + "}" if fields else "{}"
    if isinstance(value, list):
        items = [f"{deeper}{lutra(item, deeper)},\n" for item in value]
        return "[\n" + "".join(items) + indent + "]" if items else "[]"
    if value is None:
        return "none"
    if isinstance(value, Some):
        return f"some({lutra(value.payload, indent)})"
    if isinstance(value, float):
        if not (value == 0 or 1e-5 <= abs(value) < 1e16):
            raise ValueError(f"{value} would print with an exponent")
        return repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, datetime.date):
        return f"@{value.isoformat()}"
    raise TypeError(type(value))


class Some:
    def __init__(self, payload):
        self.payload = payload


def ints(series):
    return [int(x) for x in series.dropna()]


def mean(values):
    """The sum, floats strictly in order, divided by the count."""
    if all(isinstance(x, int) for x in values):
        return float(sum(values)) / len(values)
    total = 0.0
    for x in values:
        total += x
    return total / len(values)


def groups(table, by):
    """The groups of a table in order of first appearance."""
    return table.groupby(by, sort=False)


def ascending(rows, key):
    return sorted(rows, key=lambda row: row[key])


def top(rows, key, limit):
    """The `limit` highest rows; ties among them would make the answer depend on the order of the input."""
    rows = sorted(rows, key=lambda row: row[key], reverse=True)
    keys = [row[key] for row in rows[:limit + 1]]
    if len(set(keys)) < len(keys):
        raise ValueError(f"ties by {key}")
    return rows[:limit]


def lookup(table, key, value):
    """The first row for each key."""
    return table.drop_duplicates(key).set_index(key)[value].to_dict()


def worst_routes(t):
    names = lookup(t.airlines, "carrier", "name")
    arrived = t.flights[t.flights.arr_delay.notna()]
    rows = [
        {
            "airline": names.get(carrier, carrier),
            "origin": origin,
            "dest": dest,
            "flights": len(route),
            "mean_delay": mean(ints(route.arr_delay)),
        }
        for (carrier, origin, dest), route in groups(arrived, ["carrier", "origin", "dest"])
        if len(route) >= len(t.flights) // 1000
    ]
    return top(rows, "mean_delay", 10)


def delays_by_month(t):
    rows = [
        {
            "month": int(month),
            "flights": len(rows),
            "cancelled": int(rows.dep_time.isna().sum()),
            "mean_delay": mean(ints(rows.arr_delay)),
        }
        for month, rows in groups(t.flights, "month")
    ]
    return ascending(rows, "month")


def delays_by_hour(t):
    rows = [
        {
            "hour": int(hour),
            "flights": len(rows),
            "mean_delay": mean(ints(rows.dep_delay)),
            "worst": Some(max(ints(rows.dep_delay))),
        }
        for hour, rows in groups(t.flights[t.flights.dep_delay.notna()], "hour")
    ]
    return ascending(rows, "hour")


def cancelled_by_origin(t):
    rows = [
        {"origin": origin, "flights": len(rows), "cancelled": int(rows.dep_time.isna().sum()) / len(rows)}
        for origin, rows in groups(t.flights, "origin")
    ]
    return top(rows, "cancelled", len(rows))


def busiest_planes(t):
    planes = t.planes.drop_duplicates("tailnum").set_index("tailnum")
    rows = [
        {"tailnum": tailnum, "flights": len(rows), "minutes": sum(ints(rows.air_time))}
        for tailnum, rows in groups(t.flights[t.flights.tailnum.notna()], "tailnum")
    ]
    rows = top(rows, "minutes", 10)
    for row in rows:
        plane = planes.loc[row["tailnum"]] if row["tailnum"] in planes.index else None
        row["aircraft"] = None if plane is None else Some(f"{plane.manufacturer} {plane.model}")
        row["built"] = None if plane is None or pd.isna(plane.year) else Some(int(plane.year))
    return rows


def top_destinations(t):
    names = lookup(t.airports, "faa", "name")
    rows = [
        {"airport": names.get(dest, dest), "flights": len(rows), "miles": sum(ints(rows.distance))}
        for dest, rows in groups(t.flights, "dest")
    ]
    return sorted(rows, key=lambda row: (-row["flights"], row["airport"]))[:20]


def punctual_airlines(t):
    rows = []
    for carrier, name in zip(t.airlines.carrier, t.airlines.name):
        delays = ints(t.flights[t.flights.carrier == carrier].arr_delay)
        rows.append({"airline": name, "arrivals": len(delays), "late": sum(d > 15 for d in delays) / len(delays)})
    ranks = pd.Series([row["late"] for row in rows]).rank(method="min")
    return ascending([{"position": int(rank), **row} for rank, row in zip(ranks, rows)], "position")


def favourites(t):
    rows = []
    for carrier, name in zip(t.airlines.carrier, t.airlines.name):
        counts = t.flights[t.flights.carrier == carrier].dest.value_counts()
        top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:3]
        rows.append({"airline": name, "destinations": [{"dest": dest, "flights": int(n)} for dest, n in top]})
    return rows


def single_airline_places(t):
    rows = []
    for origin, flights in t.flights.groupby("origin"):
        airlines = flights.groupby("dest").carrier.nunique()
        rows.append({"origin": origin, "places": len(airlines), "single": int((airlines == 1).sum())})
    return rows


def worst_weeks(t):
    rows = [
        {"day": datetime.date(*date), "flights": len(rows), "mean_delay": mean(ints(rows.dep_delay))}
        for date, rows in groups(t.flights[t.flights.dep_delay.notna()], ["year", "month", "day"])
    ]
    rows = ascending(rows, "day")
    delays = [row["mean_delay"] for row in rows]
    for i, row in enumerate(rows):
        row["week"] = mean(delays[max(i - 3, 0):i + 4])
    # Pandas has its own windows, equal to rounding.
    rolled = pd.Series(delays).rolling(7, center=True, min_periods=1).mean()
    assert all(math.isclose(row["week"], x) for row, x in zip(rows, rolled))
    return top(rows, "week", 10)


QUESTIONS = [
    worst_routes,
    delays_by_month,
    delays_by_hour,
    cancelled_by_origin,
    busiest_planes,
    top_destinations,
    punctual_airlines,
    favourites,
    single_airline_places,
    worst_weeks,
]


class Tables:
    def __init__(self, folder):
        for name in ["flights", "airlines", "airports", "planes"]:
            table = pd.read_csv(Path(folder) / f"{name}.csv", na_values=["NA"], keep_default_na=False)
            setattr(self, name, table)


def main(data=None, target=None):
    here = Path(__file__).parent
    tables = Tables(data or here / "data")
    target = Path(target or here / "expected")
    target.mkdir(parents=True, exist_ok=True)
    for question in QUESTIONS:
        (target / f"{question.__name__}.lt").write_text(lutra(question(tables)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
