//! The socket to a PostgreSQL server: TCP or a Unix socket, plain or TLS, that can be stopped while it waits.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustls::{ClientConnection, StreamOwned};
use socket2::{SockRef, TcpKeepalive};

use crate::source::Stop;

/// How often a waiting reader looks whether it shall stop.
const LOOK_UP: Duration = Duration::from_millis(200);

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source::postgres) enum Host {
    /// A name or address and a port.
    Tcp(String, u16),
    /// A socket file.
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(name, port) => write!(f, "{name}:{port}"),
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// An open connection, which may be encrypted.
pub(super) struct Stream {
    socket: Socket,
    stop: Stop,
    /// When the other side must have answered.
    until: Option<Instant>,
}

enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    /// Connects within the time, in which the other side must also answer until [`Stream::be_patient`].
    pub(super) fn connect(host: &Host, within: Duration, stop: Stop) -> io::Result<Self> {
        let until = Some(Instant::now() + within);
        let socket = match host {
            Host::Tcp(name, port) => Socket::Tcp(tcp(name, *port, within)?),
            #[cfg(unix)]
            Host::Unix(path) => {
                let socket = UnixStream::connect(path)?;
                socket.set_read_timeout(Some(LOOK_UP))?;
                Socket::Unix(socket)
            }
        };
        Ok(Self {
            socket,
            stop,
            until,
        })
    }

    /// From now on the other side may take as long as it likes.
    pub(super) fn be_patient(&mut self) {
        self.until = None;
    }

    /// An error if the wait shall end: a stop was asked for, or the time is over.
    fn go_on(&self) -> io::Result<()> {
        if self.stop.asked() {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "stopped"));
        }
        match self.until {
            Some(until) if Instant::now() > until => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the server took the connection but does not answer",
            )),
            _ => Ok(()),
        }
    }

    /// Encrypts the connection; Unix sockets stay as they are.
    pub(super) fn encrypt(self, client: ClientConnection) -> io::Result<Self> {
        let Self {
            socket,
            stop,
            until,
        } = self;
        let socket = match socket {
            Socket::Tcp(tcp) => Socket::Tls(Box::new(StreamOwned::new(client, tcp))),
            other => other,
        };
        let mut stream = Self {
            socket,
            stop,
            until,
        };
        stream.shake_hands()?;
        Ok(stream)
    }

    fn shake_hands(&mut self) -> io::Result<()> {
        loop {
            self.go_on()?;
            let Socket::Tls(tls) = &mut self.socket else {
                return Ok(());
            };
            if !tls.conn.is_handshaking() {
                return Ok(());
            }
            match tls.conn.complete_io(&mut tls.sock) {
                Ok(_) => {}
                Err(error) if is_a_look_up(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads what is there, waiting until something is; 0 at the end of the stream.
    ///
    /// # Errors
    /// `Interrupted` when a stop was asked for, `TimedOut` when the time is over; what the socket says otherwise.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.go_on()?;
            let read = match &mut self.socket {
                Socket::Tcp(socket) => socket.read(buffer),
                #[cfg(unix)]
                Socket::Unix(socket) => socket.read(buffer),
                Socket::Tls(socket) => socket.read(buffer),
            };
            match read {
                Err(error) if is_a_look_up(&error) => {}
                other => return other,
            }
        }
    }

    /// Writes all bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.socket {
            Socket::Tcp(socket) => socket.write_all(bytes),
            #[cfg(unix)]
            Socket::Unix(socket) => socket.write_all(bytes),
            Socket::Tls(socket) => socket.write_all(bytes).and_then(|()| socket.flush()),
        }
    }
}

fn is_a_look_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

fn tcp(name: &str, port: u16, within: Duration) -> io::Result<TcpStream> {
    let until = Instant::now() + within;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (name, port).to_socket_addrs()? {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(socket) => {
                prepare(&socket)?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A peer that vanished without a word is noticed within about a minute.
fn prepare(socket: &TcpStream) -> io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10));
    SockRef::from(socket).set_tcp_keepalive(&keepalive)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(LOOK_UP))
}
