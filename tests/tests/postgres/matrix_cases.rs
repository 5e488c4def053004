//! The types of the matrix with their values, and the SQL that says what each may become.

/// A zone where days began at one o'clock when summer time did.
pub(crate) const ZONE: &str = "America/Sao_Paulo";

/// What the values of a type are, for the SQL that says what they may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A number, by the SQL of its exact value.
    Number(&'static str),
    /// A float, by the SQL of the double that it means.
    Float(&'static str),
    /// A text that may say anything.
    Words,
    Day,
    Wall,
    Instant,
    /// Only its text is of use.
    Opaque,
}
use Kind::{Day, Float, Instant, Number, Opaque, Wall, Words};

impl Kind {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Number(_) => "number",
            Float(_) => "float",
            Words => "words",
            Day => "day",
            Wall => "wall",
            Instant => "instant",
            Opaque => "opaque",
        }
    }
}

/// Types of the server and values.
pub(crate) const TYPES: &[(&str, Kind, &[&str])] = &[
    ("bool", Number("v::int4::numeric"), &["t", "f"]),
    ("int2", Number("v::numeric"), &["0", "1", "2", "-32768"]),
    (
        "int4",
        Number("v::numeric"),
        &["0", "1", "-1", "2147483647"],
    ),
    (
        "int8",
        Number("v::numeric"),
        &[
            "0",
            "1",
            "2147483648",
            "-2147483648",
            "9007199254740992",
            "9007199254740993",
            "9223372036854775807",
        ],
    ),
    ("oid", Number("v::int8::numeric"), &["0", "1", "4294967295"]),
    (
        "float4",
        Float("v::text::float8"),
        &[
            "0", "1", "-0", "0.1", "1.5", "16777216", "1e20", "-3e38", "NaN", "Infinity",
        ],
    ),
    (
        "float8",
        Float("v"),
        &[
            "0",
            "1",
            "-0",
            "0.1",
            "-2.5",
            "1e15",
            "1e16",
            "1e300",
            "0.00005",
            "0.00015",
            "123456789.12345",
            "NaN",
            "-Infinity",
            "5e-324",
        ],
    ),
    (
        "numeric",
        Number("v"),
        &[
            "0",
            "1.000",
            "-7.0",
            "0.5",
            "0.1",
            "1.00005",
            "2147483648",
            "9007199254740993",
            "1e22",
            "1234567890123456.7891",
            "0.123456789012345678901234567890",
            "1e-400",
            "1e400",
            "123456789012345678901234567890",
            "NaN",
            "Infinity",
        ],
    ),
    (
        "numeric(12,2)",
        Number("v"),
        &["0.00", "1.00", "-12.34", "9999999999.99", "NaN"],
    ),
    ("numeric(5,-2)", Number("v"), &["0", "123400"]),
    ("price", Number("v"), &["1.000", "123456.789", "0"]),
    (
        "money",
        Number("v::numeric"),
        &["0", "1", "-12.34", "-92233720368547758.08", "1234567"],
    ),
    ("bit(3)", Number(BITS), &["101", "000", "001"]),
    (
        "bit(64)",
        Number(BITS),
        &["1111111111111111111111111111111111111111111111111111111111111111"],
    ),
    ("varbit", Number(BITS), &["1", "0", "101010101010"]),
    (
        "text",
        Words,
        &[
            "12",
            " 12 ",
            "+5",
            "-0",
            "12.50",
            " 1.0\n",
            "\t.5",
            "1e5",
            "abc",
            "",
            " ",
            "0x1F",
            "t",
            "TRUE",
            " yes ",
            "of",
            "o",
            "2024-02-29",
            " 2024-02-29 ",
            "2023-02-29",
            "2024-02-29 12:30:00.25",
            "2024-02-29T12:30:00+05:30",
            "2018-11-04 00:30:00",
            "infinity",
            "NaN",
            "99999999999",
            "123456789012345678901234567890",
            "0.1",
            "0.12345678901234567890",
        ],
    ),
    ("varchar(20)", Words, &["7", "false"]),
    ("char(12)", Words, &["7", "no", "2024-02-29", "ab"]),
    ("citext", Words, &["1", "On"]),
    ("name", Words, &["42"]),
    ("label", Words, &["1", "off", "2024-01-01"]),
    (
        "json",
        Words,
        &["12", "true", "null", "\"2024-01-01\"", "{\"a\": 1}"],
    ),
    ("jsonb", Words, &["12", "false", "0.10", "[1]"]),
    ("xml", Words, &["<a>1</a>"]),
    (
        "date",
        Day,
        &[
            "2024-02-29",
            "0001-01-01",
            "9999-12-31",
            "2018-11-04",
            "infinity",
            "0044-03-15 BC",
        ],
    ),
    (
        "timestamp",
        Wall,
        &[
            "2024-02-29",
            "2024-02-29 00:00:00.000001",
            "2018-11-04 00:30",
            "0001-01-01",
            "infinity",
            "0044-03-15 BC",
        ],
    ),
    (
        "timestamptz",
        Instant,
        &[
            "2024-02-29 03:00:00+00",
            "2024-02-29 00:00:00+00",
            "2018-11-04 03:00:00+00",
            "2018-12-04 02:00:00+00",
            "-infinity",
        ],
    ),
    ("time", Opaque, &["12:00", "24:00"]),
    ("timetz", Opaque, &["12:00+01"]),
    (
        "interval",
        Opaque,
        &["1 mon 2 days 03:04:05", "00:00:01", "1 day"],
    ),
    ("bytea", Opaque, &["\\x31", "\\x"]),
    ("uuid", Opaque, &["11111111-1111-1111-1111-111111111111"]),
    ("inet", Opaque, &["10.0.0.1", "::1"]),
    ("cidr", Opaque, &["10.0.0.0/8"]),
    ("macaddr", Opaque, &["08:00:2b:01:02:03"]),
    ("int4[]", Opaque, &["{1}", "{}"]),
    ("text[]", Opaque, &["{1}"]),
    ("int4range", Opaque, &["[1,2)"]),
    ("datemultirange", Opaque, &["{[2024-01-01,2024-01-02)}"]),
    ("pair", Opaque, &["(1,2)"]),
    ("tsvector", Opaque, &["'1'"]),
    ("point", Opaque, &["(1,2)"]),
    ("pg_lsn", Opaque, &["16/B374D848"]),
];

const BITS: &str = "lpad(v::text, 64, '0')::bit(64)::int8::numeric + \
                    CASE WHEN lpad(v::text, 64, '0') LIKE '1%' THEN 18446744073709551616 ELSE 0 END";

/// Declared types, and what they are in the server.
pub(crate) const DECLARED: [(&str, &str); 8] = [
    ("text", "text"),
    ("integer", "int4"),
    ("bigint", "int8"),
    ("decimal(20,4)", "numeric"),
    ("double", "float8"),
    ("boolean", "bool"),
    ("date", "date"),
    ("timestamp", "timestamptz"),
];

/// The SQL of what a value `v` becomes under a declared type: null, or an error, if it would lose something.
pub(crate) fn oracle(kind: Kind, declared: &str) -> String {
    let number = |exact: &str| {
        let kept = |same: &str, becomes: &str| {
            format!(
                "CASE WHEN n <> 'NaN' AND abs(n) <> 'Infinity' AND {same} THEN {becomes} END FROM (SELECT {exact} AS n FROM one) x"
            )
        };
        match declared {
            "integer" => kept("n = trunc(n) AND abs(n + 0.5) < 2147483648", "n::int4"),
            "bigint" => kept(
                "n = trunc(n) AND abs(n + 0.5) < 9223372036854775808",
                "n::int8",
            ),
            "decimal(20,4)" => kept("n = round(n, 4) AND abs(n) < 1e16", "n::numeric(20, 4)"),
            "double" => kept("n::float8::text::numeric = n", "n::float8"),
            "boolean" => kept("n IN (0, 1)", "n = 1"),
            _ => "NULL".to_owned(),
        }
    };
    let float = |double: &str| {
        let kept = |same: &str, becomes: &str| {
            format!(
                "CASE WHEN f <> 'NaN' AND abs(f) <> 'Infinity' AND {same} THEN {becomes} END FROM (SELECT {double} AS f FROM one) x"
            )
        };
        match declared {
            "integer" => kept("f = trunc(f)", "f::int4"),
            "bigint" => kept("f = trunc(f) AND abs(f) < 9e15", "f::int8"),
            // the number that the server prints, half-even
            "decimal(20,4)" => kept(
                "abs(f * 1e4) <= 2 ^ 53",
                "CASE WHEN abs(f::text::numeric * 10000) % 1 = 0.5 \
                 THEN trunc(f::text::numeric * 10000) + sign(f) * (trunc(abs(f::text::numeric * 10000)) % 2) \
                 ELSE round(f::text::numeric * 10000) END::numeric / 10000",
            ),
            "double" => kept("true", "f"),
            "boolean" => kept("f IN (0, 1)", "f = 1"),
            _ => "NULL".to_owned(),
        }
    };
    let of_day = "v > '-infinity' AND v < 'infinity' AND extract(year FROM v) > 0";
    let selected = match (kind, declared) {
        (_, "text") => "v::text FROM one".to_owned(),
        (Number(exact), _) => number(exact),
        (Float(double), _) => float(double),
        (Words, "decimal(20,4)") => {
            let plain = "CASE WHEN v::text !~ '[exEX_NI]' THEN v::text::numeric END";
            number(plain)
        }
        (Words, "double") => number("v::text::numeric"),
        (Words, "integer") => {
            "CASE WHEN v::text !~ '[xX]' THEN v::text::int4 END FROM one".to_owned()
        }
        (Words, "bigint") => {
            "CASE WHEN v::text !~ '[xX]' THEN v::text::int8 END FROM one".to_owned()
        }
        (Words, "boolean") => "v::text::bool FROM one".to_owned(),
        (Words, "date") => {
            r"CASE WHEN v::text ~ '^\s*\d{4}-\d\d-\d\d\s*$' THEN v::text::date END FROM one"
                .to_owned()
        }
        (Words, _) => format!(
            r"CASE WHEN v::text ~ '^\d{{4}}-\d\d-\d\d[ T][\d:.]+[-+][\d:]+$' THEN v::text::timestamptz
               WHEN v::text ~ '^\d{{4}}-\d\d-\d\d[ T][\d:.]+$' AND v::text::timestamp AT TIME ZONE '{ZONE}' AT TIME ZONE '{ZONE}' = v::text::timestamp
               THEN v::text::timestamp AT TIME ZONE '{ZONE}' END FROM one"
        ),
        (Day, "date") => format!("CASE WHEN {of_day} THEN v END FROM one"),
        (Wall, "date") => format!("CASE WHEN {of_day} AND v = v::date THEN v::date END FROM one"),
        (Day | Wall, "timestamp") => format!(
            "CASE WHEN {of_day} AND v::timestamp AT TIME ZONE '{ZONE}' AT TIME ZONE '{ZONE}' = v::timestamp \
             THEN v::timestamp AT TIME ZONE '{ZONE}' END FROM one"
        ),
        (Instant, "timestamp") => format!("CASE WHEN {of_day} THEN v END FROM one"),
        (Instant, "date") => format!(
            "CASE WHEN {of_day} AND v AT TIME ZONE '{ZONE}' = (v AT TIME ZONE '{ZONE}')::date \
             THEN (v AT TIME ZONE '{ZONE}')::date END FROM one"
        ),
        _ => "NULL".to_owned(),
    };
    format!("SELECT {selected}")
}
