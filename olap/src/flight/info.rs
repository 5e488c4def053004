//! What the service says about itself and about SQL types.

use std::sync::LazyLock;

use arrow_flight::error::FlightError;
use arrow_flight::sql::metadata::{
    SqlInfoData, SqlInfoDataBuilder, XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder,
};
use arrow_flight::sql::{Nullable, Searchable, SqlInfo, XdbcDataType};
use tonic::Status;

static SQL_INFO: LazyLock<Result<SqlInfoData, FlightError>> = LazyLock::new(|| {
    let mut info = SqlInfoDataBuilder::new();
    info.append(SqlInfo::FlightSqlServerName, "Planisphere");
    info.append(SqlInfo::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
    info.append(SqlInfo::FlightSqlServerArrowVersion, "1.3");
    info.append(SqlInfo::FlightSqlServerReadOnly, true);
    info.append(SqlInfo::FlightSqlServerSql, true);
    info.append(SqlInfo::FlightSqlServerSubstrait, false);
    info.append(SqlInfo::FlightSqlServerTransaction, 0_i32);
    info.append(SqlInfo::FlightSqlServerCancel, false);
    info.append(SqlInfo::SqlIdentifierQuoteChar, "\"");
    info.append(SqlInfo::SqlDdlCatalog, false);
    info.append(SqlInfo::SqlDdlSchema, false);
    info.append(SqlInfo::SqlDdlTable, false);
    info.build()
});

static TYPES: LazyLock<Result<XdbcTypeInfoData, FlightError>> = LazyLock::new(|| {
    let mut types = XdbcTypeInfoDataBuilder::new();
    for (name, kind, size) in [
        ("text", XdbcDataType::XdbcVarchar, None),
        ("integer", XdbcDataType::XdbcInteger, Some(32)),
        ("bigint", XdbcDataType::XdbcBigint, Some(64)),
        ("decimal", XdbcDataType::XdbcDecimal, Some(38)),
        ("double", XdbcDataType::XdbcDouble, Some(53)),
        ("boolean", XdbcDataType::XdbcBit, Some(1)),
        ("date", XdbcDataType::XdbcDate, None),
        ("timestamp", XdbcDataType::XdbcTimestamp, None),
    ] {
        types.append(XdbcTypeInfo {
            type_name: name.into(),
            data_type: kind,
            column_size: size,
            nullable: Nullable::NullabilityNullable,
            case_sensitive: true,
            searchable: Searchable::Full,
            sql_data_type: kind,
            ..XdbcTypeInfo::default()
        });
    }
    types.build()
});

/// The infos of the service.
pub(super) fn sql_info() -> Result<&'static SqlInfoData, Status> {
    SQL_INFO.as_ref().map_err(unbuilt)
}

/// The types that columns can have.
pub(super) fn types() -> Result<&'static XdbcTypeInfoData, Status> {
    TYPES.as_ref().map_err(unbuilt)
}

fn unbuilt(error: &FlightError) -> Status {
    Status::internal(format!("cannot describe the service: {error}"))
}
