//! `bare-loop <url> <table> <rows>`: reads every value of a table by the bare driver and throws it away.
//!
//! The least that a reader through this driver can cost; it knows no types and writes nothing.

use std::error::Error;
use std::hint::black_box;

use futures::StreamExt as _;
use mysql_async::prelude::Queryable as _;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, table, expected] = arguments.as_slice() else {
        return Err("usage: bare-loop <url> <table> <rows>".into());
    };
    let rows = match url.strip_prefix("sqlite:") {
        Some(path) => sqlite(path, table)?,
        None => mysql(url, table)?,
    };
    match rows == expected.parse::<u64>()? {
        true => Ok(()),
        false => Err(format!("{rows} rows instead of {expected}").into()),
    }
}

fn sqlite(path: &str, table: &str) -> Result<u64, Box<dyn Error>> {
    let connection = rusqlite::Connection::open(path)?;
    let mut statement = connection.prepare(&format!("select * from {table}"))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            black_box(row.get_ref(column)?);
        }
        count += 1;
    }
    Ok(count)
}

fn mysql(url: &str, table: &str) -> Result<u64, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = mysql_async::Conn::from_url(url).await?;
        let statement = connection.prep(format!("select * from {table}")).await?;
        let mut rows = connection.exec_stream::<mysql_async::Row, _, _>(statement, ()).await?;
        let mut count = 0;
        while let Some(row) = rows.next().await {
            black_box(row?);
            count += 1;
        }
        Ok(count)
    })
}
