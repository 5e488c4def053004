//! Every built-in type with its boundary values.

/// How a staged value is compared.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    /// By the texts of both.
    Text,
    /// By the type's own equality, where a text may end in more zeros.
    Value,
}
use By::{Text, Value};

/// What the types are made of.
pub(crate) const SETUP: &str = "
    create extension citext;
    create type mood as enum ('sad', 'ok', 'it''s, \"fine\"');
    create domain price as numeric(9, 3) check (value >= 0);
    create domain code as text;
    create domain codes as text[];
    create type point3 as (x integer, y numeric(10, 4), label text);
    create type holder as (id bigint, at point3, tags text[], mood mood);
    create type searched as (id integer, words tsvector);
    create type nothing as ();
    create type span as range (subtype = text, multirange_type_name = spans);
";

/// Type, comparison, and values as they stand in quotes.
pub(crate) const CASES: &[(&str, By, &[&str])] = &[
    ("bool", Text, &["t", "f"]),
    ("int2", Text, &["-32768", "32767", "0"]),
    ("int4", Text, &["-2147483648", "2147483647"]),
    (
        "int8",
        Text,
        &["-9223372036854775808", "9223372036854775807"],
    ),
    ("oid", Text, &["0", "4294967295"]),
    ("float4", Text, &["-3.4028235e38", "1e-45", "0.1", "-0"]),
    (
        "float8",
        Text,
        &["1.7976931348623157e308", "5e-324", "0.1", "-0", "-2.5"],
    ),
    (
        "numeric(12,2)",
        Text,
        &["9999999999.99", "-9999999999.99", "0.01", "0"],
    ),
    ("numeric(18,0)", Text, &["999999999999999999", "-1"]),
    (
        "numeric(19,9)",
        Text,
        &["-9999999999.999999999", "0.000000001"],
    ),
    (
        "numeric(38,0)",
        Text,
        &[
            "99999999999999999999999999999999999999",
            "-99999999999999999999999999999999999999",
        ],
    ),
    (
        "numeric(38,38)",
        Text,
        &[
            "0.99999999999999999999999999999999999999",
            "-0.00000000000000000000000000000000000001",
        ],
    ),
    (
        "numeric(60,10)",
        Text,
        &[
            "99999999999999999999999999999999999999999999999999.9999999999",
            "-0.0000000001",
        ],
    ),
    (
        "numeric(76,76)",
        Text,
        &["0.1234567890123456789012345678901234567890123456789012345678901234567890123456"],
    ),
    (
        "numeric(100,50)",
        Value,
        &["12345678.12345678901234567890123456789012345678901234567890"],
    ),
    ("numeric(5,-2)", Text, &["9999900", "-123456", "49"]),
    ("numeric(5,-70)", Text, &["12345e70"]),
    ("numeric(3,5)", Text, &["0.00999", "-0.00001"]),
    (
        "numeric",
        Value,
        &[
            "0.123456789012345678901234567890",
            "-98765432109876543210",
            "1.50",
            "0",
        ],
    ),
    ("char(5)", Text, &["abc", "abcde", ""]),
    ("varchar(10)", Text, &["tail  ", "żółw"]),
    (
        "text",
        Text,
        &["", "tab\tquote\" back\\ '' 漢字 🙂", "NULL"],
    ),
    ("name", Text, &["a_name"]),
    ("citext", Text, &["MiXed"]),
    ("\"char\"", Text, &["x"]),
    ("bytea", Text, &["\\x00ff10", "\\x"]),
    (
        "uuid",
        Text,
        &[
            "00000000-0000-0000-0000-000000000000",
            "FFFFFFFF-ffff-ffff-ffff-ffffffffffff",
        ],
    ),
    (
        "date",
        Text,
        &[
            "0001-01-01",
            "9999-12-31",
            "5874897-12-31",
            "1582-10-10",
            "2000-02-29",
        ],
    ),
    ("time", Text, &["00:00", "23:59:59.999999"]),
    (
        "timetz",
        Text,
        &[
            "00:00:00+15:59:59",
            "23:59:59.999999-15:59:59",
            "12:00+05:30",
        ],
    ),
    (
        "timestamp",
        Text,
        &[
            "0001-01-01 00:00",
            "1969-12-31 23:59:59.999999",
            "294247-01-10 04:00:54.775807",
        ],
    ),
    (
        "timestamptz",
        Text,
        &[
            "0001-01-01 00:00+00",
            "9999-12-31 23:59:59.999999+00",
            "294247-01-10 04:00:54.775807+00",
        ],
    ),
    (
        "interval",
        Text,
        &[
            "178000000 years",
            "-1 month 3 days -04:05:06.789012",
            "2562047788:00:54.775807",
            "0",
        ],
    ),
    (
        "json",
        Text,
        &[
            "{\"b\" : 1.00, \"a\": 12345678901234567890123.45, \"b\": null}",
            "null",
            "\"\\u00e9\"",
        ],
    ),
    (
        "jsonb",
        Text,
        &[
            "{\"b\" : 1.00, \"a\": 12345678901234567890123.45}",
            "null",
            "[1e5]",
        ],
    ),
    (
        "xml",
        Text,
        &[
            "<a>é &amp; b</a>",
            "<?xml version=\"1.0\" standalone=\"yes\"?><a/>",
            "<?xml version=\"1.0\"?>\n<a/>",
        ],
    ),
    ("mood", Text, &["sad", "it''s, \"fine\""]),
    ("mood[]", Text, &["{sad,NULL,\"it''s, \\\"fine\\\"\"}"]),
    ("int4[]", Text, &["{1,NULL,-2147483648}", "{}"]),
    (
        "numeric[]",
        Value,
        &["{1.5,0.00001,-20000000000000000000,NULL}"],
    ),
    ("numeric(12,2)[]", Text, &["{1.50,NULL,-9999999999.99}"]),
    (
        "text[]",
        Text,
        &["{\"\",\"a,b\",\"NULL\",NULL,\"q\\\"\\\\\"}"],
    ),
    ("bytea[]", Text, &["{\"\\\\\\\\x00ff\"}"]),
    ("timestamptz[]", Text, &["{\"2024-02-29 12:00+08\"}"]),
    ("price[]", Text, &["{1.250,NULL}"]),
    ("point3[]", Text, &["{\"(1,2.5000,a)\",NULL}"]),
    (
        "int4range",
        Text,
        &["[1,10)", "empty", "(,5)", "[5,)", "(,)"],
    ),
    (
        "int8range",
        Text,
        &["[-9223372036854775808,9223372036854775807)"],
    ),
    ("numrange", Value, &["(1.5,2.25]", "[0,)"]),
    ("daterange", Text, &["[2024-01-01,2024-12-31)"]),
    (
        "tsrange",
        Text,
        &["[\"2024-01-01 10:00\",\"2024-01-01 11:00\"]"],
    ),
    ("tstzrange", Text, &["(\"2024-01-01 10:00+08\",)", "empty"]),
    ("span", Text, &["[\"a,\\\"b\\\"\",\"c d\")"]),
    ("int4multirange", Text, &["{[1,3),[5,8)}", "{}", "{(,)}"]),
    (
        "datemultirange",
        Text,
        &["{[2024-01-01,2024-02-01),[2025-01-01,)}"],
    ),
    ("spans", Text, &["{[a,b),[c,d)}"]),
    (
        "point3",
        Text,
        &["(1,-0.0001,\"a \"\"b\"\", c\")", "(,,)", "(1,,\"\")"],
    ),
    (
        "holder",
        Text,
        &["(7,\"(1,2.5000,x)\",\"{a,NULL}\",ok)", "(,,,)"],
    ),
    ("searched", Text, &["(1,\"''a'':1\")"]),
    ("nothing", Text, &["()"]),
    (
        "inet",
        Text,
        &[
            "192.168.0.1",
            "10.1.2.3/8",
            "::1",
            "::",
            "::1.2.3.4",
            "::ffff:1.2.3.4",
            "2001:db8:0:1:0:0:0:1/64",
            "::ffff:0:1.2.3.4",
            "0.0.0.0/0",
            "1:0:0:2::",
        ],
    ),
    (
        "cidr",
        Text,
        &["10.0.0.0/8", "1.2.3.4/32", "2001:db8::/32", "::/0"],
    ),
    ("macaddr", Text, &["08:00:2b:01:02:03"]),
    ("macaddr8", Text, &["08:00:2b:01:02:03:04:ff"]),
    (
        "money",
        Text,
        &["-92233720368547758.08", "92233720368547758.07", "0.01"],
    ),
    ("bit(10)", Text, &["1010101011"]),
    ("varbit", Text, &["", "1", "101010101"]),
    ("price", Text, &["123456.789", "0"]),
    ("code", Text, &["c"]),
    ("codes", Text, &["{a,b}"]),
    ("tsvector", Text, &["''a'':1A ''b c'':2"]),
    ("tsquery", Text, &["''a'' & !''b''"]),
    ("point", Text, &["(1.5,-2)"]),
    ("pg_lsn", Text, &["16/B374D848"]),
    ("int2vector", Text, &["1 2 3"]),
    ("jsonpath", Text, &["$.a"]),
];
