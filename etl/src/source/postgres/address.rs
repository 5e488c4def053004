//! A `postgres://` URL as a host and a log-in.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::Host as ConfigHost;
use url::Url;

use super::login::Login;
use super::stream::Host;
use super::tls::tls;

const DEFAULT_PORT: u16 = 5432;
/// How long connecting and logging in may take where the URL does not say it by `connect_timeout`.
const WITHIN: Duration = Duration::from_secs(10);
/// Parameters of a URL beside those of TLS.
const KNOWN: [&str; 8] = [
    "application_name",
    "user",
    "password",
    "dbname",
    "host",
    "port",
    "options",
    "connect_timeout",
];

/// Where and as whom.
#[derive(Clone)]
pub(super) struct Address {
    /// The servers, tried in turn.
    pub(super) hosts: Vec<Host>,
    /// Who logs in.
    pub(super) login: Login,
}

impl Address {
    /// Parses a URL as libpq knows it; `sslmode` and `sslrootcert` mean what they mean there.
    ///
    /// # Errors
    /// A sentence that holds no secret.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let mut url = Url::parse(url).map_err(|_| "it is not a PostgreSQL URL".to_owned())?;
        let (mut mode, mut root) = ("prefer".to_owned(), None);
        let mut others = Vec::new();
        for (name, value) in url.query_pairs().into_owned() {
            match name.as_str() {
                "sslmode" => mode = value,
                "sslrootcert" => root = Some(PathBuf::from(value)),
                known if KNOWN.contains(&known) => others.push((name, value)),
                // what is not heeded must not look as if it were
                unknown => return Err(format!("its parameter '{unknown}' is not known here")),
            }
        }
        url.set_query(None);
        if !others.is_empty() {
            url.query_pairs_mut().extend_pairs(others);
            // a form writes a blank as a plus, a connection string does not
            let query = url.query().map(|query| query.replace('+', "%20"));
            url.set_query(query.as_deref());
        }
        let tls = tls(&mode, root.as_deref())?;
        let config: Config = url.as_str().parse().map_err(|error| reason(&error))?;
        let user = config.get_user().unwrap_or("postgres").to_owned();
        Ok(Self {
            hosts: hosts(&config),
            login: Login {
                database: config.get_dbname().unwrap_or(&user).to_owned(),
                user,
                password: config.get_password().map(<[u8]>::to_vec),
                options: config.get_options().map(str::to_owned),
                application: config
                    .get_application_name()
                    .unwrap_or("planisphere-etl")
                    .to_owned(),
                tls,
                within: config.get_connect_timeout().copied().unwrap_or(WITHIN),
            },
        })
    }
}

/// What is wrong with the URL; the parser names the parameter, never its value.
fn reason(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("it is not a PostgreSQL URL: {cause}"),
        None => "it is not a PostgreSQL URL".into(),
    }
}

fn hosts(config: &Config) -> Vec<Host> {
    let ports = config.get_ports();
    let port = |at: usize| {
        ports
            .get(at)
            .or(ports.first())
            .copied()
            .unwrap_or(DEFAULT_PORT)
    };
    let named = config.get_hosts().iter().enumerate();
    let mut hosts: Vec<Host> = named
        .map(|(at, host)| match host {
            ConfigHost::Tcp(name) => Host::Tcp(name.clone(), port(at)),
            #[cfg(unix)]
            ConfigHost::Unix(folder) => Host::Unix(folder.join(format!(".s.PGSQL.{}", port(at)))),
        })
        .collect();
    if hosts.is_empty() {
        hosts.push(Host::Tcp("localhost".into(), port(0)));
    }
    hosts
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::login::Tls;
    use super::*;

    #[test]
    fn a_url_names_hosts_user_database_and_tls() {
        let address = Address::parse("postgres://ann:p%40ss@a,b:6000/crm?sslmode=require").unwrap();
        let hosts = [Host::Tcp("a".into(), 5432), Host::Tcp("b".into(), 6000)];
        assert_eq!(address.hosts, hosts);
        assert_eq!(address.login.password.as_deref(), Some(&b"p@ss"[..]));
        assert_eq!(address.login.database, "crm");
        assert!(matches!(address.login.tls, Tls::Required(_)));
        assert_eq!(address.login.within, WITHIN);
        let spelt = "postgres://ann@a/crm?options=-c%20search_path%3Da%2Bb";
        let options = Address::parse(spelt).unwrap().login.options;
        assert_eq!(options.as_deref(), Some("-c search_path=a+b"));
        let address = Address::parse("postgres://ann@a/crm?connect_timeout=3").unwrap();
        assert_eq!(address.login.within, Duration::from_secs(3));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_is_a_unix_socket() {
        let address = Address::parse("postgres:///crm?host=/run/pg&port=7000&user=ann").unwrap();
        assert_eq!(address.hosts, [Host::Unix("/run/pg/.s.PGSQL.7000".into())]);
        assert_eq!(address.login.user, "ann");
    }

    #[test]
    fn mistakes_are_told_without_secrets() {
        for url in [
            "postgres://ann:secret@h/d?sslmode=maybe",
            "postgres://ann:secret@h:port/d",
            "postgres://ann:secret@h/d?nonsense=1",
            "postgres://ann:secret@h/d?target_session_attrs=read-write",
            "postgres://ann:secret@h/d?connect_timeout=soon",
            "postgres://ann:secret@h/d?sslmode=verify-full&sslrootcert=/nowhere.pem",
        ] {
            let reason = Address::parse(url).err().unwrap();
            assert!(!reason.contains("secret") && !reason.is_empty(), "{reason}");
        }
    }
}
