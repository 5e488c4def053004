//! Connections cut after random bytes, readers killed and servers restarted at random moments while a writer commits
//! across tables: a load is of one moment, or it fails and publishes nothing.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;

use super::bank::Bank;
use super::cluster::Cluster;
use super::session::Session;

/// So many rounds at least; more of them while chance was too kind or too cruel, until so many are over.
const ROUNDS: u64 = 6;
const ROUNDS_AT_MOST: u64 = 30;

/// Every commit leaves in the ledger what the tables hold then.
const TABLES: &str = "
    create table accounts (id bigint primary key, balance bigint) partition by hash (id);
    create table entries (id bigint primary key, account bigint, amount bigint) partition by hash (id);
    do $$ begin for i in 0..2 loop
        execute format('create table accounts%s partition of accounts for values with (modulus 3, remainder %s)', i, i);
        execute format('create table entries%s partition of entries for values with (modulus 3, remainder %s)', i, i);
    end loop; end $$;
    insert into accounts select i, i from generate_series(1, 3000) i;
    insert into entries select i, i, i from generate_series(1, 3000) i;
    create table ledger (tick bigint, accounts bigint, entries bigint, total bigint);
    insert into ledger select 0, 3000, 3000, sum(balance) from accounts;
    create sequence ticks;
";

const WRITER: &str = "
    do $$ declare tick bigint; begin loop
        tick := nextval('ticks');
        insert into entries values (100000 + tick, 1 + tick % 3000, tick);
        update accounts set balance = balance + tick where id = 1 + tick % 3000;
        insert into accounts values (100000 + tick, 0);
        insert into ledger select tick, (select count(*) from accounts), (select count(*) from entries), (select sum(amount) from entries);
        commit;
        perform pg_sleep(0.01);
        exit when to_regclass('stopped') is not null;
    end loop; end $$";

const MODEL: &str = "  ledger: {key: tick, columns: {tick: bigint, accounts: bigint, entries: bigint, total: bigint}}
  accounts: {key: id, columns: {id: bigint, balance: bigint}}
  entries: {key: id, columns: {id: bigint, account: bigint, amount: bigint}}
";

/// Random numbers that a seed determines (splitmix64).
struct Chance(AtomicU64);

impl Chance {
    fn below(&self, most: u64) -> u64 {
        let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }
}

/// Stands before a server and cuts half of the connections after random bytes.
struct Proxy {
    port: u16,
    cuts: Arc<AtomicU64>,
}

impl Proxy {
    fn before(port: u16, chance: Arc<Chance>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let own = listener.local_addr()?.port();
        let cuts = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&cuts);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let left = match chance.below(2) {
                    0 => u64::MAX,
                    _ => chance.below(40_000),
                };
                let counted = Arc::clone(&counted);
                std::thread::spawn(move || {
                    let server = TcpStream::connect(("127.0.0.1", port))?;
                    let (from, to) = (client.try_clone()?, server.try_clone()?);
                    std::thread::spawn(move || pump(from, to, u64::MAX));
                    let cut = pump(server, client, left)?;
                    counted.fetch_add(cut.into(), Ordering::Relaxed);
                    std::io::Result::Ok(())
                });
            }
        });
        Ok(Self { port: own, cuts })
    }
}

/// Passes bytes on until one side ends or so many went through; true in the latter case.
fn pump(mut from: TcpStream, mut to: TcpStream, mut left: u64) -> std::io::Result<bool> {
    let mut buffer = [0; 4_096];
    let cut = loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            break false;
        }
        let some = read.min(usize::try_from(left).unwrap_or(usize::MAX));
        to.write_all(&buffer[..some])?;
        left -= some as u64;
        if left == 0 {
            break true;
        }
    };
    // the other direction ends with it
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
    Ok(cut)
}

fn column(bank: &Bank, table: &str, column: &str) -> Result<Vec<i64>> {
    let staged = bank.staged(table)?;
    let array = staged.column_by_name(column).context("a column")?;
    Ok(array.as_primitive::<Int64Type>().values().to_vec())
}

/// Demands that the tables are as the last entry of the ledger says that they were, and that no entry is an orphan.
fn check(bank: &Bank) -> Result<()> {
    let ticks = column(bank, "ledger", "tick")?;
    let last = (0..ticks.len())
        .max_by_key(|row| ticks[*row])
        .context("a ledger")?;
    let ledger = |name: &str| -> Result<i64> { Ok(column(bank, "ledger", name)?[last]) };
    let said = (ledger("accounts")?, ledger("entries")?, ledger("total")?);
    let (accounts, amounts) = (
        column(bank, "accounts", "id")?,
        column(bank, "entries", "amount")?,
    );
    let found = (
        i64::try_from(accounts.len())?,
        i64::try_from(amounts.len())?,
        amounts.iter().sum(),
    );
    ensure!(found == said, "{found:?} where the ledger says {said:?}");
    let mut sums = std::collections::BTreeMap::new();
    for (account, balance) in accounts.iter().zip(column(bank, "accounts", "balance")?) {
        *sums.entry(*account).or_default() += balance;
    }
    for (account, amount) in column(bank, "entries", "account")?.into_iter().zip(amounts) {
        *sums.get_mut(&account).context("an orphan")? -= amount;
    }
    ensure!(
        sums.values().all(|rest: &i64| *rest == 0),
        "balances are not those of their entries"
    );
    Ok(())
}

/// Writes until the table 'stopped' exists, whatever happens to the server.
fn write_on(url: &str) {
    loop {
        let Ok(session) = Session::open(url) else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        if session.run(WRITER).is_ok() {
            return;
        }
    }
}

/// One load with mishaps of a kind; whether it came through.
fn round(cluster: &mut Cluster, chance: &Arc<Chance>, kind: u64, cuts: &mut u64) -> Result<bool> {
    let pause = || std::thread::sleep(Duration::from_millis(50 + chance.below(400)));
    let (url, proxy) = match kind {
        0 => {
            let proxy = Proxy::before(cluster.port(), Arc::clone(chance))?;
            let url = cluster.url().replace(
                &format!(":{}/", cluster.port()),
                &format!(":{}/", proxy.port),
            );
            (url, Some(proxy))
        }
        _ => (cluster.url(), None),
    };
    let bank = Bank::with(&url, MODEL, "UTC", "readers = 3\nbatch_rows = 200")?;
    let load = bank.start()?;
    match kind {
        0 => {}
        1 => {
            for _ in 0..2 {
                pause();
                let most = 1 + chance.below(3);
                let killed = cluster.session()?.value(&format!(
                    "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity \
                     where application_name = 'planisphere-etl' order by random() limit {most}) x"
                ))?;
                *cuts += killed.parse::<u64>()?;
            }
        }
        _ => {
            pause();
            cluster.stop()?;
            cluster.run()?;
            *cuts += 1;
        }
    }
    let said = load.ended()?;
    *cuts += proxy.map_or(0, |proxy| proxy.cuts.load(Ordering::Relaxed));
    if said.code == 0 {
        check(&bank).with_context(|| said.err.clone())?;
        return Ok(true);
    }
    ensure!(said.code == 5, "{}: {}", said.code, said.err);
    ensure!(
        bank.lab.versions()?.is_empty(),
        "a failed load published: {}",
        said.err
    );
    Ok(false)
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "a failure can be repeated with its seed"
)]
fn a_load_among_random_mishaps_is_of_one_moment_or_none() -> Result<()> {
    let seed = u64::from(SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos());
    eprintln!("the seed is {seed}");
    let chance = Arc::new(Chance(AtomicU64::new(seed)));
    let mut cluster = Cluster::start()?;
    cluster.session()?.run(TABLES)?;
    let url = cluster.url();
    let writer = std::thread::spawn(move || write_on(&url));
    let (mut through, mut cuts) = (0, 0);
    let shown = |through, cuts| through > ROUNDS / 2 && cuts > ROUNDS / 2;
    for at in 0..ROUNDS_AT_MOST {
        if at >= ROUNDS && shown(through, cuts) {
            break;
        }
        let done = round(&mut cluster, &chance, at % 3, &mut cuts);
        through += u64::from(done.with_context(|| format!("round {at} of seed {seed}"))?);
    }
    cluster.session()?.run("create table stopped ()")?;
    writer.join().ok().context("the writer panicked")?;
    ensure!(
        shown(through, cuts),
        "{through} loads came through, {cuts} cuts"
    );
    Ok(())
}
