//! Servers that the test plays: one that is too old, which tells its version and nothing else, and one that is silent.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use anyhow::Result;

use super::bank::Bank;

/// A message of the server.
fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(0).to_be_bytes();
    [&[tag][..], &length, body].concat()
}

fn ready() -> Vec<u8> {
    message(b'Z', b"I")
}

/// The answer to any query: one row with the two forms of the version.
fn version() -> Vec<u8> {
    let column =
        |name: &str| [name.as_bytes(), &[0; 7], &25_u32.to_be_bytes(), &[0xff; 8]].concat();
    let described = [
        &3_u16.to_be_bytes()[..],
        &column("number"),
        &column("version"),
        &column("encoding"),
    ]
    .concat();
    let cell = |text: &[u8]| {
        [
            &u32::try_from(text.len()).unwrap_or(0).to_be_bytes()[..],
            text,
        ]
        .concat()
    };
    let row = [
        &3_u16.to_be_bytes()[..],
        &cell(b"130022"),
        &cell(b"13.22"),
        &cell(b"UTF8"),
    ]
    .concat();
    [
        message(b'T', &described),
        message(b'D', &row),
        message(b'C', b"SELECT 1\0"),
        ready(),
    ]
    .concat()
}

/// Talks to one client until it leaves.
fn serve(mut client: TcpStream) -> std::io::Result<()> {
    const SSL_REQUEST: u32 = 80_877_103;
    loop {
        let mut head = [0; 8];
        client.read_exact(&mut head)?;
        let [length, code] = [&head[..4], &head[4..]]
            .map(|word| word.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)));
        if code == SSL_REQUEST {
            client.write_all(b"N")?;
            continue;
        }
        let mut rest = vec![0; length as usize - 8];
        client.read_exact(&mut rest)?;
        break;
    }
    client.write_all(&[message(b'R', &[0; 4]), ready()].concat())?;
    loop {
        let mut head = [0; 5];
        client.read_exact(&mut head)?;
        let length = head[1..]
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let mut body = vec![0; length - 4];
        client.read_exact(&mut body)?;
        match head[0] {
            b'Q' => client.write_all(&version())?,
            _ => return Ok(()),
        }
    }
}

#[test]
fn a_server_that_is_too_old_is_refused_with_its_version() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("postgres://crm:x@{}/postgres", listener.local_addr()?);
    std::thread::spawn(move || listener.incoming().flatten().try_for_each(serve));
    let bank = Bank::at(&url, "  t: {key: id, columns: {id: integer}}\n")?;
    let expected = [
        "cannot open source 'bank'",
        "PostgreSQL 13.22 is too old; 14 or later is needed",
        "hint: read from a newer server",
    ];
    bank.load()?.refused(2, &expected)?;
    Ok(())
}

#[test]
fn a_server_that_never_answers_is_given_up() -> Result<()> {
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let url = format!(
        "postgres://crm:hunter2@{}/postgres?connect_timeout=1",
        silent.local_addr()?
    );
    let bank = Bank::at(&url, "  t: {key: id, columns: {id: integer}}\n")?;
    let expected = [
        "cannot reach source 'bank'",
        "the server took the connection but does not answer",
    ];
    let said = bank.load()?.refused(5, &expected)?;
    assert!(!said.err.contains("hunter2"), "{}", said.err);
    Ok(())
}

/// Answers each client with bytes of another protocol, and keeps the connection open.
fn stranger(speech: &'static [u8]) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    std::thread::spawn(move || {
        let mut guests = Vec::new();
        for mut guest in listener.incoming().flatten() {
            let _ = guest.read(&mut [0; 8]);
            let _ = guest.write_all(speech);
            guests.push(guest);
        }
    });
    Ok(address)
}

/// What stands where a length belongs is no length: nothing is waited for, and no memory is taken for it.
#[test]
fn a_server_of_another_protocol_is_told_apart_at_once() -> Result<()> {
    const SPEECHES: [&[u8]; 5] = [
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"-ERR unknown command\r\n",
        b"\x4a\0\0\0\x0a8.0.36\0",
        b"N\x7f\xff\xff\xff or so",
    ];
    for speech in SPEECHES {
        for mode in ["prefer", "disable"] {
            let address = stranger(speech)?;
            let url = format!("postgres://crm:x@{address}/postgres?sslmode={mode}");
            let bank = Bank::at(&url, "  t: {key: id, columns: {id: integer}}\n")?;
            let expected = [
                "cannot open source 'bank'",
                &format!("what answers at {address} is not PostgreSQL"),
                "hint: check that a PostgreSQL listens at this address",
            ];
            let said = bank.load()?.refused(2, &expected)?;
            assert!(!said.err.contains("trying again"), "{}", said.err);
        }
    }
    Ok(())
}
