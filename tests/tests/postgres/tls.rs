//! Ways to log in: TLS as `sslmode` asks for it, and the kinds of passwords.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use planisphere_tests::programs::succeed;

use super::bank::Bank;
use super::cluster::Cluster;
use super::literal::text;
use super::secrets;

/// Who is connected, and whether the connection is encrypted.
const VIEW: &str =
    "create view me as select 1 as id, ssl from pg_stat_ssl where pid = pg_backend_pid()";
const MODEL: &str = "  me: {key: id, columns: {id: integer, ssl: native}}\n";

fn openssl(arguments: &[&str], folder: &std::path::Path) -> Result<()> {
    succeed(Command::new("openssl").args(arguments).current_dir(folder))?;
    Ok(())
}

/// A certificate of 'localhost' that signs itself, in a folder: `name.crt` and `name.key`.
fn certify(name: &str, folder: &std::path::Path) -> Result<PathBuf> {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    openssl(
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ],
        folder,
    )?;
    Ok(folder.join(certificate))
}

fn is_encrypted(url: &str) -> Result<bool> {
    let bank = Bank::at(url, MODEL)?;
    bank.load()?.done()?;
    Ok(text(bank.staged("me")?.column(1).as_ref(), 0)?.as_deref() == Some("true"))
}

#[test]
fn tls_is_verified_as_the_url_asks() -> Result<()> {
    let mut cluster = Cluster::made()?;
    let folder = tempfile::tempdir()?;
    let (own, other) = (
        certify("own", folder.path())?,
        certify("other", folder.path())?,
    );
    let certificate = cluster.write("own.crt", &std::fs::read_to_string(&own)?)?;
    let key = cluster.write(
        "own.key",
        &std::fs::read_to_string(folder.path().join("own.key"))?,
    )?;
    cluster.set("ssl=on".to_owned());
    cluster.set(format!("ssl_cert_file={}", certificate.display()));
    cluster.set(format!("ssl_key_file={}", key.display()));
    cluster.run()?;
    cluster.session()?.run(VIEW)?;
    let by_address = cluster.url();
    let by_name = by_address.replace("127.0.0.1", "localhost");
    let with = |url: &str, mode: &str, root: Option<&PathBuf>| {
        let root = root.map(|root| format!("&sslrootcert={}", root.display()));
        format!("{url}?sslmode={mode}{}", root.unwrap_or_default())
    };
    assert!(is_encrypted(&by_address)?);
    assert!(!is_encrypted(&with(&by_address, "disable", None))?);
    assert!(is_encrypted(&with(&by_address, "require", None))?);
    assert!(is_encrypted(&with(&by_address, "verify-ca", Some(&own)))?);
    assert!(is_encrypted(&with(&by_name, "verify-full", Some(&own)))?);
    let refused = [
        with(&by_address, "verify-full", Some(&own)),
        with(&by_name, "verify-full", Some(&other)),
        with(&by_name, "verify-full", None),
        with(&by_name, "verify-ca", Some(&other)),
        with(&by_name, "require", Some(&other)),
    ];
    for url in refused {
        let bank = Bank::at(&url, MODEL)?;
        let said = bank.start()?.ended()?;
        let said = said.refused(
            2,
            &["cannot open source 'bank': TLS: ", "hint: check sslmode"],
        )?;
        secrets::none(&bank, &said, cluster.password())?;
    }
    Ok(())
}

#[test]
fn a_server_without_tls_is_not_enough_where_it_is_required() -> Result<()> {
    let cluster = Cluster::start()?;
    let bank = Bank::at(&format!("{}?sslmode=require", cluster.url()), MODEL)?;
    let said = bank.start()?.ended()?.refused(
        2,
        &["the server does not offer TLS, which sslmode asks for"],
    )?;
    secrets::none(&bank, &said, cluster.password())
}

#[test]
fn older_kinds_of_passwords_work_too() -> Result<()> {
    let mut cluster = Cluster::made()?;
    cluster.write(
        "hba.conf",
        "host all plain 127.0.0.1/32 password\nhost all old 127.0.0.1/32 md5\n\
         host all all 127.0.0.1/32 scram-sha-256\n",
    )?;
    cluster.set(format!("hba_file={}", cluster.path("hba.conf").display()));
    cluster.run()?;
    let session = cluster.session()?;
    session.run(VIEW)?;
    session.run(
        "create role plain login password 'battery-staple'; set password_encryption = md5;
         create role old login password 'battery-staple'; grant select on me to plain, old",
    )?;
    for role in ["plain", "old"] {
        assert!(!is_encrypted(
            &cluster.url_of(&format!("{role}:battery-staple"), "postgres")
        )?);
        let bank = Bank::at(
            &cluster.url_of(&format!("{role}:tr0ub4dor"), "postgres"),
            MODEL,
        )?;
        let said = bank.start()?.ended()?;
        let said = said.refused(2, &["password authentication failed"])?;
        secrets::none(&bank, &said, "tr0ub4dor")?;
    }
    Ok(())
}
