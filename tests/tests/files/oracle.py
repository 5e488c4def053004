"""What files hold, as Python's own csv, json and decimal and as pyarrow read them; prints rows of texts as JSON.

A value is printed as the text of its declared type: days and microseconds since 1970, the bits of a double, the digits
of a decimal. A row with a value that does not fit is printed as null.
"""

import csv
import datetime
import decimal
import gzip
import json
import pathlib
import struct
import sys

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
BOOLEANS = {"0": False, "1": True, "f": False, "t": True, "false": False, "true": True}
decimal.getcontext().prec = 100


class Digits(str):
    """A number of JSON as it is written: 1.0 is as whole as 1, which the text 1.0 is not."""


class Object(dict):
    """An object of JSON that knows whether a name stands in it twice."""


def whole(number, bits):
    if isinstance(number, str) and not isinstance(number, Digits):
        number = int(number)
    number = decimal.Decimal(number)
    if number != int(number) or not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise ValueError(number)
    return str(int(number))


def fixed(number, precision, scale):
    number = decimal.Decimal(number)
    if not number.is_finite():
        raise ValueError(number)
    scaled = number.quantize(decimal.Decimal(1).scaleb(-scale))
    if scaled != number or len(scaled.as_tuple().digits) > precision:
        raise ValueError(number)
    return f"{scaled:f}".replace("-0", "0", 1) if scaled == 0 else f"{scaled:f}"


def double(number):
    number = float(number)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(number)
    return str(struct.unpack(">Q", struct.pack(">d", number))[0])


def instant(value):
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value)
    if value.tzinfo is None:
        value = value.replace(tzinfo=datetime.timezone.utc)
    return str((value - EPOCH) // datetime.timedelta(microseconds=1))


def typed(value, kind):
    """A text, or a value of Python's own, as a text of the declared type."""
    if value is None:
        return None
    if kind == "text":
        return value if isinstance(value, str) else str(value)
    if kind in ("integer", "bigint"):
        return whole(value, 32 if kind == "integer" else 64)
    if kind == "double":
        return double(value)
    if kind == "boolean":
        return str(BOOLEANS[str(value).lower() if isinstance(value, bool) else str(value)]).lower()
    if kind == "date":
        day = datetime.date.fromisoformat(value) if isinstance(value, str) else value
        return str((day - EPOCH.date()).days)
    if kind == "timestamp":
        return instant(value)
    precision, scale = kind.removeprefix("decimal(").removesuffix(")").split(",")
    return fixed(value, int(precision), int(scale))


def row(values, kinds):
    try:
        return [typed(value, kind) for value, kind in zip(values, kinds)]
    except (ValueError, ArithmeticError, KeyError, TypeError):
        return None


def delimited(path, encoding, delimiter, kinds):
    with open(path, newline="", encoding=encoding) as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        next(reader)
        return [row([field or None for field in fields], kinds) for fields in reader if fields]


def json_lines(path, names, kinds):
    def member(value, kind):
        if value is None:
            return None
        if isinstance(value, Digits):
            if kind in ("date", "timestamp"):
                raise ValueError(value)
            return value
        if isinstance(value, (dict, list)):
            if kind != "text":
                raise ValueError(value)
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if isinstance(value, bool):
            if kind not in ("text", "boolean"):
                raise ValueError(value)
            return str(value).lower()
        return value

    def document_of(pairs):
        document = Object(pairs)
        document.twice = len(document) < len(pairs)
        return document

    rows = []
    for line in pathlib.Path(path).read_text("utf-8").split("\n"):
        if not line.strip():
            continue
        try:
            document = json.loads(line, object_pairs_hook=document_of, parse_float=Digits, parse_int=Digits,
                                  parse_constant=lambda _: 1 / 0)
            if document.twice:
                raise ValueError(line)
            values = [member(document.get(name), kind) for name, kind in zip(names, kinds)]
            rows.append(row(values, kinds))
        except (ValueError, ArithmeticError, AttributeError):
            rows.append(None)
    return rows


def parquet(path, names, kinds):
    import pyarrow
    import pyarrow.parquet

    def array(kind, values):
        return pyarrow.array(values, kind)

    D, day, at = decimal.Decimal, datetime.date, datetime.datetime
    utc = datetime.timezone.utc
    # halves of letters, which writers that look at no text let through
    cut = ["été".encode(), b"\xc3", None, "é".encode() + b"\xff"]
    columns = {
        "i8": array(pyarrow.int8(), [-128, 127, None, 0]),
        "u64": array(pyarrow.uint64(), [2**64 - 1, 0, None, 7]),
        "i64": array(pyarrow.int64(), [2**31 - 1, -(2**31), None, 2**31]),
        "f32": array(pyarrow.float32(), [0.5, -3.25, None, 1.0]),
        "f64": array(pyarrow.float64(), [0.1, 1e300, None, float("nan")]),
        "exact": array(pyarrow.decimal128(38, 10), [D("-12345678901234567890.0123456789"), D("0.5"), None, D(1)]),
        "wide": array(pyarrow.decimal256(60, 2), [D("12345678901234567890.12"), D("-0.01"), None, D(10) ** 40]),
        "name": array(pyarrow.large_string(), ["王伟 🍵", "", None, "x"]),
        "word": array(pyarrow.string(), ["a", "b", None, "a"]).dictionary_encode(),
        "bytes": array(pyarrow.binary(), ["茶".encode(), b"x", None, b"\xff\x00"]),
        "cut": array(pyarrow.binary(), cut).view(pyarrow.string()),
        "cutword": pyarrow.DictionaryArray.from_arrays(
            array(pyarrow.int32(), [0, 1, None, 2]), array(pyarrow.binary(), [cut[0], cut[1], cut[3]]).view(pyarrow.string())),
        "yes": array(pyarrow.bool_(), [True, False, None, True]),
        "day": array(pyarrow.date32(), [day(9999, 12, 31), day(1, 1, 1), None, day(1970, 1, 1)]),
        "instant": array(pyarrow.timestamp("us", "Europe/Berlin"),
                         [at(1969, 12, 31, 23, 59, 59, 999999, utc), at(9999, 12, 31, tzinfo=utc), None,
                          at(2024, 2, 29, tzinfo=utc)]),
        "millis": array(pyarrow.timestamp("ms"), [at(2024, 2, 29, 23, 59, 59, 123000), at(1, 1, 1), None, at(2000, 1, 1)]),
        "nanos": array(pyarrow.timestamp("ns"), [1_700_000_000_000_001_000, -1000, None, 1]),
        "clock": array(pyarrow.time64("us"), [datetime.time(23, 59, 59, 999999), datetime.time(0), None, datetime.time(1)]),
        "nested": array(pyarrow.list_(pyarrow.int32()), [[1], [], None, [2]]),
    }
    table = pyarrow.table(columns)
    pyarrow.parquet.write_table(table, path, row_group_size=2, compression="zstd", version="2.6")
    rows = []
    for at_row in range(table.num_rows):
        values = []
        for name in names:
            value = table[name][at_row]
            if name in ("cut", "cutword"):
                values.append(cut[at_row] and cut[at_row].decode(errors="replace"))
                continue
            if name == "nanos" and value.is_valid:
                count = value.value
                value = EPOCH + datetime.timedelta(microseconds=count // 1000) if count % 1000 == 0 else "none"
            else:
                value = value.as_py()
            if name == "clock" and value is not None:
                value = value.isoformat()
            if name == "bytes" and value is not None:
                value = value.decode(errors="replace")
            values.append(value)
        bad = any("\ufffd" in value for value in values if isinstance(value, str))
        rows.append(None if bad else row(values, kinds))
    return rows


def zstd(path, text):
    import pyarrow

    with pyarrow.CompressedOutputStream(path, "zstd") as file:
        file.write(text.encode())
    return []


def main(what, path, *rest):
    if what == "delimited":
        encoding, delimiter, kinds = rest
        found = delimited(path, encoding, delimiter, json.loads(kinds))
    elif what == "json_lines":
        found = json_lines(path, json.loads(rest[0]), json.loads(rest[1]))
    elif what == "parquet":
        found = parquet(path, json.loads(rest[0]), json.loads(rest[1]))
    elif what == "gzip":
        with gzip.open(path, "at", encoding="utf-8", newline="") as file:
            file.write(rest[0])
        found = []
    elif what == "zstd":
        found = zstd(path, rest[0])
    else:
        sys.exit(f"no '{what}'")
    print(json.dumps(found))


main(*sys.argv[1:])
