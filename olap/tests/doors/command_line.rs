//! The program against a server: tables, CSV, JSON on stdout, the rest on stderr, exit codes.

use std::process::{Command, Output};

use crate::server::Server;

pub(crate) async fn run(server: &Server, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planisphere-olap"));
    command.args(arguments).args(["--server", &server.url()]);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const PIVOT: [&str; 11] = [
    "query",
    "--cube",
    "sales",
    "--measures",
    "net_amount",
    "--rows",
    "order_date.calendar.year",
    "--columns",
    "product.product.category",
    "--subtotals",
    "rows,columns",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_pivot_is_a_two_dimensional_table() {
    let server = Server::start().await;
    let shown = run(&server, &[&PIVOT[..], &["--locale", "zh"]].concat()).await;
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
    let expected = "\
┌──────┬───────┬───────┬────────┐
│ Year ┆  家居 ┆  文具 ┆   合计 │
╞══════╪═══════╪═══════╪════════╡
│ 2023 ┆ 40.00 ┆       ┆  40.00 │
│ 2024 ┆ 20.25 ┆ 45.75 ┆  66.00 │
│ 合计 ┆ 60.25 ┆ 45.75 ┆ 106.00 │
└──────┴───────┴───────┴────────┘
";
    let table = stdout(&shown);
    // the caption of the year is that of the generated calendar
    let without_head = |text: &str| text.lines().skip(2).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(without_head(&table), without_head(expected), "{table}");
    assert!(
        stderr(&shown).contains("warehouse version 7, query "),
        "{}",
        stderr(&shown)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn months_are_shown_with_their_year_on_any_page_and_plain_numbers_short() {
    let server = Server::start().await;
    for (rows, part) in [
        (
            "order_date.calendar.month",
            "│ 2024 / 2 / April ┆             15 │",
        ),
        ("order_date.calendar.quarter", "│ 2024 / Q2 "),
        (
            "order_date.calendar.year,order_date.calendar.month",
            "│ 2024 ┆ April ",
        ),
        ("customer.geography.customer", "│ Ann Wu "),
        ("order_date.calendar.day", "│ 2024-04-05 "),
    ] {
        let flags = [
            "query",
            "--cube",
            "sales",
            "--measures",
            "average_amount",
            "--rows",
            rows,
            "--where",
            "document.order_number = O3",
        ];
        let shown = run(&server, &flags).await;
        assert!(
            stdout(&shown).contains(part),
            "{}{}",
            stdout(&shown),
            stderr(&shown)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_and_json_hold_all_digits() {
    let server = Server::start().await;
    let years = &PIVOT[..7];
    let csv = run(&server, &[years, &["--format", "csv"]].concat()).await;
    let expected = "order_date.calendar.year,order_date.calendar.year.caption,net_amount\n\
                    2023,2023,40.0000\n2024,2024,66.0000\n";
    assert_eq!(stdout(&csv), expected);
    let drill = [
        years,
        &[
            "--format",
            "json",
            "--drill",
            "order_date.calendar.year = 2024",
        ],
    ]
    .concat();
    let json = run(&server, &drill).await;
    let json: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(json["warehouse_version"], 7);
    assert_eq!(json["rows"].as_array().unwrap().len(), 2);
    let sql = run(
        &server,
        &[
            "sql",
            "--format",
            "csv",
            "select 1 as a, null as b; select 'x,y' as c",
        ],
    )
    .await;
    assert_eq!(stdout(&sql), "a,b\n1,\nc\n\"x,y\"\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_name_what_can_be_asked() {
    let server = Server::start().await;
    for (arguments, part) in [
        (
            vec!["cubes", "--format", "csv"],
            "sales,Sales,one product on one order",
        ),
        (
            vec!["describe", "sales", "--format", "csv"],
            "level,order_date.calendar.month",
        ),
        (
            vec![
                "members",
                "sales",
                "customer.geography.customer",
                "--search",
                "陈",
                "--include-deleted",
                "--format",
                "csv",
            ],
            "CN/C3,陈,true",
        ),
        (
            vec![
                "members",
                "sales",
                "order_date.calendar.month",
                "--parent",
                "2024/1",
                "--format",
                "csv",
            ],
            "2024/1/3,March,false",
        ),
    ] {
        let listed = run(&server, &arguments).await;
        assert!(
            stdout(&listed).contains(part),
            "{}{}",
            stdout(&listed),
            stderr(&listed)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_exit_codes_and_hints_and_an_empty_stdout() {
    let server = Server::start().await;
    for (arguments, code, part) in [
        (
            vec!["query", "--cube", "sales", "--measures", "net"],
            3,
            "net_amount",
        ),
        (vec!["query", "--cube", "sales"], 2, "which measures"),
        (vec!["sql", "drop table dim_date"], 2, "read-only"),
        (vec!["sql", "select * from dim_dat"], 3, "dim_date"),
        (vec!["sql", "-f", "missing.sql"], 3, "missing.sql"),
        (vec!["describe", "sale"], 3, "'sales'"),
        (vec!["cubes", "--locale", "xx"], 2, "write en or zh"),
        (
            vec!["members", "sales", "customer.segment", "--locale", "xx"],
            2,
            "write en or zh",
        ),
        (
            vec!["--log-format", "json", "sql", "select"],
            2,
            "\"exit_code\":2",
        ),
    ] {
        let failed = run(&server, &arguments).await;
        assert_eq!(
            failed.status.code(),
            Some(code),
            "{arguments:?}: {}",
            stderr(&failed)
        );
        assert_eq!(stdout(&failed), "", "{arguments:?}");
        assert!(
            stderr(&failed).contains(part),
            "{arguments:?}: {}",
            stderr(&failed)
        );
    }
    let url = server.url();
    server.stopping.cancel();
    server.running.await.unwrap().unwrap();
    let unreachable = Command::new(env!("CARGO_BIN_EXE_planisphere-olap"))
        .args(["cubes", "--server", &url])
        .output()
        .unwrap();
    assert_eq!(
        unreachable.status.code(),
        Some(5),
        "{}",
        stderr(&unreachable)
    );
    assert!(stderr(&unreachable).contains("hint: start it with"));
}
