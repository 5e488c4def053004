//! The password stands nowhere: not in what loads say however they end, nor in what they write.

use anyhow::{Context as _, Result};
use planisphere_tests::lab::{Lab, Said, TODAY};
use planisphere_tests::programs;
use planisphere_tests::secret::Secret;

use super::bank::Bank;
use super::cluster::Cluster;

const PASSWORD: &str = "s3cr/t@p:w#d%41 ünd?&\"'\\x";

const TABLES: &str = "  things: {key: id, columns: {id: integer, v: integer}}\n";

/// A load that says all it can.
fn load(lab: &Lab, logs: &str) -> Result<Said> {
    let mut command = programs::etl()?;
    command.args(["load", "--as-of", TODAY, "--log", "trace", "--log-format"]);
    command.args([logs, "--config"]).arg(lab.config());
    command
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full");
    Said::of(&mut command)
}

/// Loads and asks afterwards, in both forms of the log.
fn none(bank: &Bank, secret: &Secret) -> Result<()> {
    for logs in ["text", "json"] {
        let said = load(&bank.lab, logs)?.done()?;
        assert!(
            said.err.lines().count() > 20,
            "trace says nothing: {}",
            said.err
        );
        secret.is_nowhere(&said, &bank.lab.path("warehouse"))?;
        for question in [
            &["status"][..],
            &["history"],
            &["status", "--format", "json"],
            &["plan"],
        ] {
            let said = bank.lab.etl(question)?;
            secret.is_nowhere(&said, &bank.lab.path("warehouse"))?;
        }
    }
    Ok(())
}

#[test]
fn the_password_stands_nowhere_however_a_load_ends() -> Result<()> {
    let secret = Secret::new(PASSWORD);
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    let literal = PASSWORD.replace('\'', "''");
    session.run(&format!(
        "create role teller login password '{literal}'; create table things (id integer, v text);
         insert into things values (1, '1'), (2, 'two'), (3, '3'); grant select on things to teller"
    ))?;
    let role = format!("teller:{}", secret.in_url());
    let good = cluster.url_of(&role, "postgres");
    let bank = Bank::at(&good, TABLES)?;
    none(&bank, &secret)?;

    let (scheme_and_role, host) = good.split_once("@127.0.0.1").context("a host")?;
    for (url, expected) in [
        // a wrong password is a secret too
        (
            cluster.url_of(&format!("crm:{}", secret.in_url()), "postgres"),
            "password authentication failed",
        ),
        (
            format!("{scheme_and_role}@127.0.0.1:1/postgres"),
            "cannot reach source 'bank'",
        ),
        (
            format!("{scheme_and_role}@no-such-host.invalid/postgres"),
            "cannot reach source 'bank'",
        ),
        (
            format!("{scheme_and_role}@127.0.0.1:port/postgres"),
            "the url of source 'bank' is not usable",
        ),
        (
            format!("{good}?sslmode=require"),
            "cannot open source 'bank'",
        ),
        (
            format!("{good}?sslmode=verify-full&sslrootcert=/nowhere.pem"),
            "source 'bank'",
        ),
        (format!("{good}?no_such_option=1"), "source 'bank'"),
        // not encoded, so that it is no URL
        (
            format!("postgres://teller:{}@127.0.0.1{host}", "s3cr/t@p:w#d%41"),
            "source 'bank'",
        ),
    ] {
        let bank = Bank::at(&url, TABLES)?;
        let secret = match url.contains("s3cr/t") {
            true => Secret::new("s3cr/t@p:w#d%41"),
            false => Secret::new(PASSWORD),
        };
        for logs in ["text", "json"] {
            let said = load(&bank.lab, logs)?;
            assert_ne!(said.code, 0);
            assert!(
                said.err.contains(expected),
                "'{expected}' not in {}",
                said.err
            );
            std::fs::create_dir_all(bank.lab.path("warehouse"))?;
            secret.is_nowhere(&said, &bank.lab.path("warehouse"))?;
        }
    }

    // in a file, at the end of the line that editors leave there
    let in_file = Bank::at(
        &format!(
            "{}\"\npassword_file = \"secret.txt",
            cluster.url_of("teller", "postgres")
        ),
        TABLES,
    )?;
    in_file.lab.write("secret.txt", format!("{PASSWORD}\n"))?;
    none(&in_file, &secret)
}
