//! The password stands nowhere: not in what loads say however they end, nor in what they write.

use anyhow::Result;
use planisphere_tests::lab::{Lab, Said, TODAY};
use planisphere_tests::programs;
use planisphere_tests::secret::Secret;

use super::server::{MariaDb, run};

const PASSWORD: &str = "s3cr/t@p:w#d%41 ünd?&\"x";

/// A lab that reads a table of three rows at a URL.
fn lab_at(url: &str) -> Result<Lab> {
    let lab = Lab::web()?;
    lab.write(
        "model/sources/bank.yaml",
        "planisphere: 1\nsource: bank\ntables:\n  things: {key: id, columns: {id: integer, v: integer}}\n",
    )?;
    let settings = std::fs::read_to_string(lab.config())?;
    let source = format!("[source.bank]\nurl = \"{url}\"\n\n[etl]\nreject_limit_permille = 1000\n");
    lab.write("planisphere.toml", format!("{settings}\n{source}"))?;
    Ok(lab)
}

/// A load that says all it can.
fn load(lab: &Lab) -> Result<Said> {
    let mut command = programs::etl()?;
    command.args(["load", "--as-of", TODAY, "--log", "trace", "--config"]);
    command.arg(lab.config()).env("RUST_LOG", "trace");
    Said::of(&mut command)
}

#[test]
fn the_password_stands_nowhere_however_a_load_ends() -> Result<()> {
    let secret = Secret::new(PASSWORD);
    let server = MariaDb::start()?;
    run(
        &mut server.connect_as_root()?,
        &format!(
            "create user teller@'%' identified by '{PASSWORD}'; grant all on crm.* to teller@'%';
             create table things (id int primary key, v text); insert into things values (1, '1'), (2, 'two')"
        ),
    )?;
    let at = |password: &str| {
        let url = server.url_with(password);
        url.replace("crm:", "teller:")
    };
    let good = at(secret.in_url());
    let cases = [
        (good.clone(), 0, "published version 1"),
        (server.url_with(secret.in_url()), 2, "Access denied"),
        (
            good.replace("127.0.0.1", "no-such-host.invalid"),
            5,
            "cannot reach source 'bank'",
        ),
        (format!("{good}?no_such_option=1"), 2, "source 'bank'"),
        (
            good.replace("/crm", ":port/crm"),
            2,
            "the url of source 'bank' is not usable",
        ),
    ];
    for (url, code, expected) in cases {
        let lab = lab_at(&url)?;
        let said = load(&lab)?;
        assert_eq!(said.code, code, "{}", said.err);
        assert!(
            said.err.contains(expected),
            "'{expected}' not in {}",
            said.err
        );
        std::fs::create_dir_all(lab.path("warehouse"))?;
        secret.is_nowhere(&said, &lab.path("warehouse"))?;
        secret.is_nowhere(&lab.etl(&["status"])?, &lab.path("warehouse"))?;
    }
    let lab = lab_at(&format!(
        "{}\"\npassword_file = \"secret.txt",
        good.replace(&format!(":{}", secret.in_url()), "")
    ))?;
    lab.write("secret.txt", format!("{PASSWORD}\n"))?;
    let said = load(&lab)?.done()?;
    secret.is_nowhere(&said, &lab.path("warehouse"))?;
    Ok(())
}
