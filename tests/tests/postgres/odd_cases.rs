//! Values that no type of ours holds, and what is wrong with each.

/// Column, type in the server, type in the model, and the odd values: each with its reason and, if it lies beyond an
/// end of the type, what it is clamped to.
pub(crate) type Odd = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str, Option<&'static str>)],
);

const INFINITE: &str = "infinite";
const NAN: &str = "not a number (NaN)";
const DIGITS: &str = "more digits than its type holds";
const DECIMALS: &str = "more decimals than its type holds";
const BC: &str = "before the year 1";
const FIRST: Option<&str> = Some("0001-01-01 00:00:00.000000");
const LAST: Option<&str> = Some("9999-12-31 23:59:59.999999");
const FIRST_UTC: Option<&str> = Some("0001-01-01 00:00:00.000000+00");
const LAST_UTC: Option<&str> = Some("9999-12-31 23:59:59.999999+00");

/// The odd values of each column.
pub(crate) const CASES: &[Odd] = &[
    (
        "exact",
        "numeric",
        "decimal(10,2)",
        &[
            ("NaN", NAN, None),
            ("Infinity", INFINITE, Some("99999999.99")),
            ("-Infinity", INFINITE, Some("-99999999.99")),
            ("100000000", DIGITS, Some("99999999.99")),
            (
                "-123456789012345678901234567890123456789012345678901234567890",
                DIGITS,
                Some("-99999999.99"),
            ),
            ("1.005", DECIMALS, None),
            (
                "0.0000000000000000000000000000000000000000000000000001",
                DECIMALS,
                None,
            ),
        ],
    ),
    ("bounded", "numeric(12,2)", "native", &[("NaN", NAN, None)]),
    (
        "wide",
        "numeric",
        "native",
        &[
            ("NaN", NAN, None),
            ("Infinity", INFINITE, Some("0.9")),
            ("-Infinity", INFINITE, Some("-0.9")),
        ],
    ),
    (
        "single",
        "float4",
        "native",
        &[
            ("NaN", NAN, None),
            (
                "Infinity",
                INFINITE,
                Some("340282350000000000000000000000000000000"),
            ),
        ],
    ),
    (
        "double",
        "float8",
        "double",
        &[("NaN", NAN, None), ("-Infinity", INFINITE, Some(MIN_F64))],
    ),
    (
        "day",
        "date",
        "date",
        &[
            ("infinity", INFINITE, Some("9999-12-31")),
            ("-infinity", INFINITE, Some("0001-01-01")),
            ("0001-12-31 BC", BC, Some("0001-01-01")),
            ("4714-11-24 BC", BC, Some("0001-01-01")),
        ],
    ),
    (
        "clock",
        "timestamp",
        "native",
        &[
            ("infinity", INFINITE, LAST),
            ("-infinity", INFINITE, FIRST),
            ("0044-03-15 12:00:00 BC", BC, FIRST),
            (
                "294276-12-31 23:59:59.999999",
                "beyond what Arrow holds",
                LAST,
            ),
        ],
    ),
    (
        "instant",
        "timestamptz",
        "timestamp",
        &[
            ("infinity", INFINITE, LAST_UTC),
            ("-infinity", INFINITE, FIRST_UTC),
            ("4714-11-24 00:00:00+00 BC", BC, FIRST_UTC),
            (
                "294276-12-31 23:59:59.999999+00",
                "beyond what Arrow holds",
                LAST_UTC,
            ),
        ],
    ),
    (
        "time",
        "time",
        "native",
        &[("24:00:00", "24:00:00", Some("23:59:59.999999"))],
    ),
    (
        "offset",
        "timetz",
        "native",
        &[("24:00:00+01", "24:00:00", Some("23:59:59.999999+01:00:00"))],
    ),
    (
        "items",
        "int4[]",
        "native",
        &[
            ("{{1,2},{3,4}}", "an array of more than one dimension", None),
            (
                "[0:1]={5,6}",
                "an array whose subscripts do not start at 1",
                None,
            ),
        ],
    ),
    (
        "days",
        "date[]",
        "native",
        &[(
            "{2024-01-01,infinity}",
            INFINITE,
            Some("{\"2024-01-01\",\"9999-12-31\"}"),
        )],
    ),
    (
        "span",
        "tstzrange",
        "native",
        &[(
            "[\"2024-01-01 00:00:00+00\",infinity]",
            INFINITE,
            Some("[\"2024-01-01 00:00:00.000000+00\",\"9999-12-31 23:59:59.999999+00\"]"),
        )],
    ),
    (
        "written",
        "text",
        "decimal(10,2)",
        &[
            ("Infinity", "not a decimal number", Some("99999999.99")),
            (" -infinity ", "not a decimal number", Some("-99999999.99")),
            ("123456789012", "more than 10 digits", Some("99999999.99")),
            ("NaN", "not a decimal number", None),
            ("many", "not a decimal number", None),
        ],
    ),
    (
        "written_day",
        "text",
        "date",
        &[
            ("infinity", "not a date of the calendar", Some("9999-12-31")),
            (
                "0044-03-15 BC",
                "not a date of the calendar",
                Some("0001-01-01"),
            ),
            (
                "12024-01-31",
                "not a date of the calendar",
                Some("9999-12-31"),
            ),
            ("0000-00-00", "not a date of the calendar", None),
            ("2024-02-30", "not a date of the calendar", None),
        ],
    ),
];

const MIN_F64: &str = "-179769313486231570000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";
