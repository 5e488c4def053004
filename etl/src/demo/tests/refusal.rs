//! What demo-source does not do, and that it leaves things untouched then.

use super::*;
use crate::demo::DemoError;
use planisphere_schemas::ErrorKind;
use std::fs;

async fn refused(args: &DemoSourceArgs) -> DemoError {
    let error = run(args).await.unwrap_err();
    assert!(error.hint().is_some(), "{error} has no hint");
    error
}

#[tokio::test]
async fn nothing_is_moved_forward_where_nothing_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut args = small(&folder.path().join("no.db"));
    args.advance_days = Some(1);
    let error = refused(&args).await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("no.db"));
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[tokio::test]
async fn somebody_elses_files_stay_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("other.db");
    let connection = Connection::open(&database).unwrap();
    connection
        .execute_batch("CREATE TABLE accounts (id text); INSERT INTO accounts VALUES ('1')")
        .unwrap();
    drop(connection);
    let text = folder.path().join("notes.txt");
    fs::write(
        &text,
        "not a database, but long enough to be looked at as one. ".repeat(40),
    )
    .unwrap();
    for path in [&database, &text] {
        let before = fs::read(path).unwrap();
        for advance_days in [None, Some(1)] {
            let args = DemoSourceArgs {
                advance_days,
                ..small(path)
            };
            let error = refused(&args).await;
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        }
        assert_eq!(fs::read(path).unwrap(), before);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_demo_database_is_replaced_and_an_empty_file_filled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/crm.db");
    let mut args = DemoSourceArgs {
        customers: 30,
        months: 2,
        ..small(&path)
    };
    run(&args).await.unwrap();
    args.seed = 9;
    let summary = run(&args).await.unwrap();
    let connection = Connection::open(&path).unwrap();
    assert_eq!(
        number(
            &connection,
            "SELECT CAST(seed AS int) FROM planisphere_demo"
        ),
        9
    );
    assert_eq!(
        summary.rows_of("accounts"),
        Some(number(&connection, "SELECT count(*) FROM accounts").cast_unsigned())
    );
    let empty = folder.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    run(&DemoSourceArgs {
        url: format!("sqlite:{}", empty.display()),
        ..args
    })
    .await
    .unwrap();
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_database_of_another_generator_is_not_moved_but_replaced() {
    let demo = Demo::make_with(|args| args.customers = 20).await;
    demo.open()
        .execute("UPDATE planisphere_demo SET generator = 99", [])
        .unwrap();
    let mut args = small(&demo.path());
    args.advance_days = Some(1);
    let error = refused(&args).await;
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("generator 99"), "{error}");
    args.advance_days = None;
    run(&args).await.unwrap();
    assert_eq!(
        number(&demo.open(), "SELECT generator FROM planisphere_demo"),
        1
    );
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_named_without_its_password() {
    let args = DemoSourceArgs::new("postgres://crm:secret@127.0.0.1:1/crm");
    let error = refused(&args).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.to_string().contains("postgres://crm@127.0.0.1:1/crm"),
        "{error}"
    );
}
