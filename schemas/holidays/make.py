"""Writes countries.tsv and days.tsv from the Python package `holidays` (MIT licence), version 0.109.

    pip install holidays==0.109 chinesecalendar==1.11.0
    python schemas/holidays/make.py

Chinese names come from names.tsv, which is our own. The working days of China are compared with the package
`chinesecalendar` (MIT licence), which has them from the notices of the State Council by another way; they agree on all
days from 2004 to 2026 but one, 31 December 2005, which the notice for 2006 names as worked.
"""

import re
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import holidays

HERE = Path(__file__).parent
FIRST, LAST = 2000, 2035
COUNTRIES = "AT CA CH CN DE ES FR GB HK IT JP KR NL SG TW US".split()
REGIONS = {"DE", "GB"}
# The years for which the days are published; of other countries, what the law in force says of the coming years.
PUBLISHED = {"CN": (2004, 2026), "SG": (2001, 2027)}


def plain(name):
    """A name without dates, and with substitutes under the name of their holiday."""
    name = re.sub(r"Day off \(substituted from .*\)", "Day off in lieu", name)
    name = re.sub(r"Alternative holiday for (.*)", r"\1 (observed)", name)
    assert "estimated" not in name, name
    return name


def calendar(country, region, years):
    kind = getattr(holidays, country)
    days = kind(subdiv=region, years=years, language="en_US")
    named = {day: "; ".join(sorted({plain(name) for name in names.split("; ")})) for day, names in days.items()}
    return named, {day for day in days.weekend_workdays if day.year in years}


def rows():
    for country in COUNTRIES:
        first, last = PUBLISHED.get(country, (FIRST, LAST))
        years = range(first, last + 1)
        everywhere, working = calendar(country, None, years)
        yield from ((country, "", day, "holiday", name) for day, name in everywhere.items())
        yield from ((country, "", day, "working", "") for day in working)
        regions = getattr(holidays, country).subdivisions if country in REGIONS else ()
        for region in (region for region in regions if region.isupper()):  # codes of ISO 3166-2
            there, _ = calendar(country, region, years)
            assert everywhere.keys() <= there.keys(), region
            yield from (
                (country, region, day, "holiday", name) for day, name in there.items() if everywhere.get(day) != name
            )


def check_names(table):
    known = dict(line.split("\t") for line in (HERE / "names.tsv").read_text("utf-8").splitlines())
    used = {name.removesuffix(" (observed)") for row in table if row[4] for name in row[4].split("; ")}
    assert used <= known.keys(), used - known.keys()
    unused = known.keys() - used
    assert not unused, unused


def check_china(table):
    first, last = PUBLISHED["CN"]
    off = {row[2] for row in table if row[0] == "CN" and row[3] == "holiday"}
    on = {row[2] for row in table if row[0] == "CN" and row[3] == "working"}
    day = date(first, 1, 1)
    while day.year <= last:
        ours = day in on or (day.weekday() < 5 and day not in off)
        if ours != chinese_calendar.is_workday(day):
            print(f"China, {day}: {'working' if ours else 'off'} here, the other source disagrees")
        day += timedelta(1)


def main():
    table = sorted(rows())
    check_names(table)
    check_china(table)
    days = ["\t".join([row[0], row[1], row[2].isoformat(), row[3], row[4]]) + "\n" for row in table]
    (HERE / "days.tsv").write_text("".join(days), "utf-8")
    spans = ["\t".join([country, *map(str, PUBLISHED.get(country, (FIRST, LAST)))]) + "\n" for country in COUNTRIES]
    (HERE / "countries.tsv").write_text("".join(spans), "utf-8")


if __name__ == "__main__":
    main()
