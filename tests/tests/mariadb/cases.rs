//! The types of MariaDB: what each becomes, how its values are compared, and values at its ends.

use super::by::By;

/// A type.
pub(crate) struct Case {
    /// As it is declared.
    pub(crate) declared: &'static str,
    /// What it becomes.
    pub(crate) arrow: &'static str,
    /// How it is compared.
    pub(crate) by: By,
    /// Values, as SQL.
    pub(crate) values: &'static [&'static str],
    /// An expression for random values.
    pub(crate) random: &'static str,
    /// Whether a column of texts holds just what the server prints.
    pub(crate) is_printed: bool,
}

const fn case(
    declared: &'static str,
    arrow: &'static str,
    by: By,
    values: &'static [&'static str],
    random: &'static str,
) -> Case {
    let is_printed = !matches!(by, By::Hex | By::Double)
        && !matches!(
            declared.as_bytes(),
            [b'b', b'i', b't', ..] | [b't', b'i', b'm', b'e', b's', ..]
        );
    Case {
        declared,
        arrow,
        by,
        values,
        random,
        is_printed,
    }
}

const BIG: &str = "cast((rand() - 0.5) * 18e18 as signed)";

/// All types.
pub(crate) const CASES: &[Case] = &[
    case(
        "tinyint",
        "Int8",
        By::Text,
        &["-128", "127", "0"],
        "rand() * 255 - 128",
    ),
    case(
        "tinyint unsigned",
        "UInt8",
        By::Text,
        &["0", "255"],
        "rand() * 255",
    ),
    case(
        "boolean",
        "Int8",
        By::Text,
        &["true", "false", "2"],
        "rand() < 0.5",
    ),
    case(
        "smallint",
        "Int16",
        By::Text,
        &["-32768", "32767"],
        "rand() * 65535 - 32768",
    ),
    case(
        "smallint unsigned",
        "UInt16",
        By::Text,
        &["65535"],
        "rand() * 65535",
    ),
    case(
        "mediumint",
        "Int32",
        By::Text,
        &["-8388608", "8388607"],
        "rand() * 1e6",
    ),
    case(
        "mediumint unsigned",
        "UInt32",
        By::Text,
        &["16777215"],
        "rand() * 1e6",
    ),
    case(
        "int",
        "Int32",
        By::Text,
        &["-2147483648", "2147483647"],
        "(rand() - 0.5) * 4e9",
    ),
    case(
        "int unsigned",
        "UInt32",
        By::Text,
        &["4294967295"],
        "rand() * 4e9",
    ),
    case(
        "bigint",
        "Int64",
        By::Text,
        &["-9223372036854775808", "9223372036854775807"],
        BIG,
    ),
    case(
        "bigint unsigned",
        "UInt64",
        By::Text,
        &["18446744073709551615", "9223372036854775808", "0"],
        "cast(rand() * 18e18 as unsigned)",
    ),
    case(
        "decimal(65,30)",
        "Decimal256(65, 30)",
        By::Text,
        &[
            "-99999999999999999999999999999999999.999999999999999999999999999999",
            "0.000000000000000000000000000001",
            "0",
        ],
        "(rand() - 0.5) * 1e30",
    ),
    case(
        "decimal(65,0) unsigned",
        "Decimal256(65, 0)",
        By::Text,
        &["99999999999999999999999999999999999999999999999999999999999999999"],
        "rand() * 1e60",
    ),
    case(
        "decimal(38,10)",
        "Decimal128(38, 10)",
        By::Text,
        &[
            "-9999999999999999999999999999.9999999999",
            "12345678901234567890.0123456789",
        ],
        "(rand() - 0.5) * 1e25",
    ),
    case(
        "decimal(39,0)",
        "Decimal256(39, 0)",
        By::Text,
        &["-999999999999999999999999999999999999999"],
        "rand() * 1e38",
    ),
    case(
        "decimal(12,2) unsigned",
        "Decimal128(12, 2)",
        By::Text,
        &["9999999999.99", "0.01"],
        "rand() * 1e10",
    ),
    case(
        "decimal(5,5)",
        "Decimal128(5, 5)",
        By::Text,
        &["-0.99999", "0.00001"],
        "rand() - 0.5",
    ),
    case(
        "decimal(1,0)",
        "Decimal128(1, 0)",
        By::Text,
        &["-9", "9"],
        "rand() * 9",
    ),
    case(
        "float",
        "Float32",
        By::Double,
        &["0.1", "-3.4e38", "1e-45", "16777217"],
        "(rand() - 0.5) * 1e20",
    ),
    case(
        "double",
        "Float64",
        By::Double,
        &[
            "0.1",
            "-1.7976931348623157e308",
            "5e-324",
            "9007199254740993",
            "1e15",
            "1e16",
            "100000",
        ],
        "(rand() - 0.5) * 1e20",
    ),
    case(
        "date",
        "Date32",
        By::Days,
        &["'0001-01-01'", "'9999-12-31'", "'2024-02-29'"],
        "date '1000-01-01' + interval floor(rand() * 3000000) day",
    ),
    case(
        "datetime",
        "Timestamp(µs)",
        By::Micros,
        &["'0001-01-01 00:00:00'", "'9999-12-31 23:59:59'"],
        "timestamp '1900-01-01 00:00:00' + interval floor(rand() * 5e9) second",
    ),
    case(
        "datetime(6)",
        "Timestamp(µs)",
        By::Micros,
        &[
            "'0001-01-01 00:00:00'",
            "'9999-12-31 23:59:59.999999'",
            "'1969-12-31 23:59:59.500000'",
        ],
        "timestamp '1900-01-01 00:00:00' + interval floor(rand() * 5e15) microsecond",
    ),
    case(
        "datetime(3)",
        "Timestamp(µs)",
        By::Micros,
        &["'2024-11-03 01:30:00.5'"],
        "timestamp '1900-01-01 00:00:00' + interval floor(rand() * 5e9) second",
    ),
    case(
        "timestamp(6) null",
        "Timestamp(µs, \"UTC\")",
        By::Micros,
        &["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'"],
        "from_unixtime(1 + floor(rand() * 2147483646))",
    ),
    case(
        "time",
        "Duration(µs)",
        By::Span,
        &["'838:59:59'", "'-838:59:59'", "'24:00:00'", "0"],
        "sec_to_time(floor((rand() - 0.5) * 6000000))",
    ),
    case(
        "time(6)",
        "Duration(µs)",
        By::Span,
        &[
            "'838:59:59.999999'",
            "'-00:00:00.000001'",
            "'-838:59:59.999999'",
        ],
        "sec_to_time((rand() - 0.5) * 6000000)",
    ),
    case(
        "time(2)",
        "Duration(µs)",
        By::Span,
        &["'-25:01:02.50'"],
        "sec_to_time((rand() - 0.5) * 6000000)",
    ),
    case(
        "year",
        "UInt16",
        By::Number,
        &["1901", "2155"],
        "1901 + floor(rand() * 254)",
    ),
    case(
        "bit(1)",
        "UInt64",
        By::Number,
        &["b'1'", "b'0'"],
        "floor(rand() * 2)",
    ),
    case(
        "bit(12)",
        "UInt64",
        By::Number,
        &["b'101010101010'"],
        "floor(rand() * 4096)",
    ),
    case(
        "bit(64)",
        "UInt64",
        By::Number,
        &["18446744073709551615", "0", "9223372036854775808"],
        "cast(rand() * 18e18 as unsigned)",
    ),
    case(
        "enum('S','X L','it''s','a,b','','王')",
        "Utf8",
        By::Text,
        &["'it''s'", "'a,b'", "''", "'王'"],
        "elt(1 + floor(rand() * 3), 'S', 'X L', '王')",
    ),
    case(
        "set('a','b''c','d e','🍵')",
        "Utf8",
        By::Text,
        &["'a,b''c,d e,🍵'", "''"],
        "floor(rand() * 16)",
    ),
    case(
        "json",
        "Utf8",
        By::Text,
        &["'{\"n\": 1.00, \"big\": 12345678901234567890123}'", "'[]'"],
        "concat('[', rand(), ']')",
    ),
    case(
        "varchar(90) character set utf8mb4",
        "Utf8",
        By::Text,
        &["'王伟 🍵'", "''", "'a\\0b'"],
        "hex(rand())",
    ),
    case(
        "varchar(90) character set latin1",
        "Utf8",
        By::Text,
        &["'née €'", "'\\''"],
        "char(32 + floor(rand() * 90) using latin1)",
    ),
    case(
        "varchar(90) character set gbk",
        "Utf8",
        By::Text,
        &["'数据库'"],
        "elt(1 + floor(rand() * 2), '字', '文')",
    ),
    case(
        "char(5)",
        "Utf8",
        By::Text,
        &["'ab   '", "'  ab'"],
        "left(md5(rand()), 5)",
    ),
    case("tinytext", "Utf8", By::Text, &["'t'"], "md5(rand())"),
    case("mediumtext", "Utf8", By::Text, &["'m'"], "md5(rand())"),
    case(
        "longtext character set utf8mb4 collate utf8mb4_bin",
        "Utf8",
        By::Text,
        &["'Bin'"],
        "md5(rand())",
    ),
    case(
        "uuid",
        "Utf8",
        By::Text,
        &["'123e4567-e89b-12d3-a456-426655440000'"],
        "concat(left(md5(rand()), 8), '-e89b-12d3-a456-426655440000')",
    ),
    case(
        "inet4",
        "Utf8",
        By::Text,
        &["'192.0.2.1'", "'255.255.255.255'"],
        "inet_ntoa(floor(rand() * 4e9))",
    ),
    case(
        "inet6",
        "Utf8",
        By::Text,
        &["'2001:db8::ff00:42:8329'", "'::ffff:192.0.2.1'"],
        "concat('2001:db8::', left(md5(rand()), 4))",
    ),
    case(
        "binary(4)",
        "Binary",
        By::Hex,
        &["x'00ff'", "'abcd'"],
        "left(unhex(md5(rand())), 4)",
    ),
    case(
        "varbinary(20)",
        "Binary",
        By::Hex,
        &["x'00ff'", "''", "'text'"],
        "unhex(md5(rand()))",
    ),
    case(
        "blob",
        "Binary",
        By::Hex,
        &["x'ff00'"],
        "unhex(md5(rand()))",
    ),
    case(
        "longblob",
        "Binary",
        By::Hex,
        &["x'ff00'"],
        "unhex(md5(rand()))",
    ),
    case(
        "point",
        "Binary",
        By::Hex,
        &["point(1, -2.5)"],
        "point(rand(), rand())",
    ),
];
