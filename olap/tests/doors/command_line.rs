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
        stderr(&shown).contains("8 行，用时 ") && stderr(&shown).contains("数据仓库版本 7，查询 "),
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
            "│ 2024 / Q2 / April ┆             15 │",
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
async fn lists_and_paths_are_chinese_throughout() {
    let server = Server::start().await;
    let path = "order_date.calendar.month";
    for (arguments, parts) in [
        (
            vec!["cubes"],
            vec![
                "多维数据集",
                "名称",
                "粒度",
                "说明",
                "每行是一张订单的一个产品",
            ],
        ),
        (
            vec!["describe", "sales"],
            vec![
                "种类",
                "标识",
                "类型",
                "备注",
                "级别",
                "度量",
                "下单日期：",
                "customer（保留历史）",
                "事实表的列",
            ],
        ),
        (vec!["members", "sales", path], vec!["成员", "已删除"]),
        (
            vec![
                "query",
                "--cube",
                "sales",
                "--measures",
                "lines",
                "--rows",
                path,
            ],
            vec!["2024 / 第1季度 / 1月"],
        ),
    ] {
        let shown = run(&server, &[&arguments[..], &["--locale", "zh"]].concat()).await;
        let table = stdout(&shown);
        for part in parts {
            assert!(table.contains(part), "{part}: {table}{}", stderr(&shown));
        }
        let english = [
            "Kind",
            "Caption",
            "Member",
            "Deleted",
            "level ",
            "keeps",
            "column of",
            ": 年",
        ];
        for word in english {
            assert!(!table.contains(word), "{word}: {table}");
        }
        let csv = [&arguments[..], &["--format", "csv", "--locale", "zh"]].concat();
        let head = stdout(&run(&server, &csv).await);
        assert!(head.lines().next().unwrap().is_ascii(), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headings_name_the_role_where_levels_read_the_same() {
    let server = Server::start().await;
    let flags = [
        "query",
        "--cube",
        "sales",
        "--measures",
        "lines",
        "--rows",
        "order_date.calendar.year,ship_date.calendar.year,product.product.category",
    ];
    for (locale, parts) in [
        ("en", ["│ Order date: Year ┆ Ship date: Year", "┆ Category"]),
        ("zh", ["│ 下单日期：", "┆ Category"]),
    ] {
        let shown = run(&server, &[&flags[..], &["--locale", locale]].concat()).await;
        for part in parts {
            assert!(
                stdout(&shown).contains(part),
                "{part}: {}{}",
                stdout(&shown),
                stderr(&shown)
            );
        }
    }
    let one = run(&server, &PIVOT[..7]).await;
    assert!(stdout(&one).contains("│ Year ┆"), "{}", stdout(&one));
}

#[tokio::test(flavor = "multi_thread")]
async fn averages_are_shown_to_four_places_and_written_in_full() {
    let server = Server::start().await;
    let flags = ["query", "--cube", "sales", "--measures", "average_amount"];
    let table = run(&server, &flags).await;
    assert!(
        stdout(&table).contains("│        15.1429 │"),
        "{}",
        stdout(&table)
    );
    let csv = run(&server, &[&flags[..], &["--format", "csv"]].concat()).await;
    assert!(stdout(&csv).contains("15.1428571429"), "{}", stdout(&csv));
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_cover_all_members_under_a_condition_and_the_shown_ones_under_a_ranking() {
    let server = Server::start().await;
    let flags = [
        &PIVOT[..5],
        &["--rows", "product.product.category", "--subtotals", "rows"],
    ]
    .concat();
    for (more, total) in [
        (["--having", "net_amount > 50"], "106.00"),
        (["--top", "1 by net_amount"], "60.25"),
    ] {
        let shown = run(&server, &[&flags[..], &more].concat()).await;
        let table = stdout(&shown);
        let last = table.lines().rev().nth(1).unwrap_or_default();
        assert!(
            last.contains("Total") && last.contains(total),
            "{table}{}",
            stderr(&shown)
        );
        assert_eq!(table.lines().count(), 6, "{table}");
    }
    // the second is within what the first has left
    let two = ["--top", "1 by net_amount", "--top", "2 by lines"];
    let shown = run(&server, &[&flags[..], &two].concat()).await;
    assert!(stdout(&shown).contains("60.25"), "{}", stderr(&shown));
    assert!(!stdout(&shown).contains("106.00"), "{}", stdout(&shown));
    let six = ["--top", "1 by lines"].repeat(6);
    let shown = run(&server, &[&flags[..], &six].concat()).await;
    assert_eq!(shown.status.code(), Some(2));
    let said = stderr(&shown);
    assert!(said.contains("are too many"), "{said}");
    let last = ["--subtotals", "product.product.category"];
    let shown = run(&server, &[&flags[..5], &flags[5..7], &last].concat()).await;
    assert_eq!(shown.status.code(), Some(2));
    let said = stderr(&shown);
    assert!(said.contains("is the last of its axis"), "{said}");
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
