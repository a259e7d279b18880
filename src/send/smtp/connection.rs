//! The wire: a socket, TLS over it, commands out and replies in.
//!
//! lettre's own connection is not used, for what it cannot do: it sets no TCP_NODELAY; its
//! message iterator has no way to say that reading failed, and would end the message there as if
//! it were whole; it keeps what was read before STARTTLS and takes it for the server's encrypted
//! words; and it hides SIZE and DSN. lettre's commands and parameters are used.

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::reply::ReplyLine;
use super::{Error, Options, Reply, Stage};

// RFC 5321 4.5.3.1.5 allows 512 octets a line; servers with longer texts exist. lettre stops a
// whole reply at the same number.
const LONGEST_LINE: u64 = 4096;
const LONGEST_REPLY: usize = 100_000;

/// A connection to one server.
pub(super) struct Connection {
    stream: BufReader<Stream>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    /// Between the two, and after a handshake that failed.
    Closed,
}

impl Connection {
    /// Connects to the first address of the host that answers.
    pub fn connect(options: &Options) -> Result<Self, Error> {
        let host = options.host.trim_start_matches('[').trim_end_matches(']');
        let addresses =
            (host, options.port)
                .to_socket_addrs()
                .map_err(|source| Error::Resolve {
                    host: options.host.clone(),
                    source,
                })?;
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            match TcpStream::connect_timeout(&address, options.timeouts.connect) {
                Ok(socket) => {
                    // Each command is one write and waits for its answer, so there is nothing to
                    // gather: Nagle's algorithm would only hold back the end of a message until
                    // the peer's delayed acknowledgement, 40 ms each on Linux.
                    let _without_it_only_slower = socket.set_nodelay(true);
                    return Ok(Self {
                        stream: BufReader::new(Stream::Plain(socket)),
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(Error::Connect {
            host: options.host.clone(),
            port: options.port,
            source: last,
        })
    }

    /// Our end's address.
    pub fn local_address(&self) -> Option<IpAddr> {
        let address = self.stream.get_ref().socket()?.local_addr().ok()?;
        Some(address.ip().to_canonical())
    }

    /// The other end's address.
    pub fn peer_address(&self) -> Option<IpAddr> {
        let address = self.stream.get_ref().socket()?.peer_addr().ok()?;
        Some(address.ip().to_canonical())
    }

    /// Whether something came that nobody asked for.
    pub fn has_unread(&self) -> bool {
        !self.stream.buffer().is_empty()
    }

    /// Puts TLS over the socket and completes the handshake.
    pub fn upgrade(&mut self, config: Arc<ClientConfig>, host: &str) -> io::Result<()> {
        let bare = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .trim_end_matches('.');
        let name = ServerName::try_from(bare.to_owned()).map_err(io::Error::other)?;
        let mut client = ClientConnection::new(config, name).map_err(io::Error::other)?;
        match std::mem::replace(self.stream.get_mut(), Stream::Closed) {
            Stream::Plain(mut socket) => {
                while client.is_handshaking() {
                    client.complete_io(&mut socket)?;
                }
                *self.stream.get_mut() = Stream::Tls(Box::new(StreamOwned::new(client, socket)));
                Ok(())
            }
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Limits every later read and write.
    pub fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        match self.stream.get_ref().socket() {
            Some(socket) => {
                socket.set_read_timeout(Some(timeout))?;
                socket.set_write_timeout(Some(timeout))
            }
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Sends a command, or several, and their line ends, in one write.
    pub fn command(&mut self, stage: Stage, command: impl Display) -> Result<(), Error> {
        let text = zeroize::Zeroizing::new(command.to_string());
        self.write(text.as_bytes())
            .map_err(|source| Error::Lost { stage, source })
    }

    /// Writes octets and sees them off.
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream
            .write_all(octets)
            .and_then(|()| stream.flush())
            .map_err(in_words)
    }

    /// Reads one reply, whatever it says.
    pub fn reply(&mut self, stage: Stage) -> Result<Reply, Error> {
        let mut reply: Option<Reply> = None;
        let mut size = 0;
        loop {
            let line = self
                .line()
                .map_err(|source| Error::Lost { stage, source })?;
            let not_smtp = || Error::NotSmtp {
                stage,
                line: String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned(),
            };
            size += line.len();
            let parsed = ReplyLine::parse(&line).ok_or_else(not_smtp)?;
            let mut so_far = reply.take().unwrap_or_else(|| Reply::new(parsed.code));
            if so_far.code() != parsed.code || size > LONGEST_REPLY {
                return Err(not_smtp());
            }
            so_far.push_line(parsed.text);
            if parsed.is_last {
                return Ok(so_far);
            }
            reply = Some(so_far);
        }
    }

    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        (&mut self.stream)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(in_words)?;
        match line.is_empty() {
            true => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server closed the connection",
            )),
            false => Ok(line),
        }
    }
}

// A socket's timeout comes as "resource temporarily unavailable".
fn in_words(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            io::Error::new(io::ErrorKind::TimedOut, "the server did not answer in time")
        }
        _ => error,
    }
}

impl Stream {
    fn socket(&self) -> Option<&TcpStream> {
        match self {
            Self::Plain(socket) => Some(socket),
            Self::Tls(tls) => Some(&tls.sock),
            Self::Closed => None,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
            Self::Closed => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(buffer),
            Self::Tls(tls) => tls.write(buffer),
            Self::Closed => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(tls) => tls.flush(),
            Self::Closed => Ok(()),
        }
    }
}
