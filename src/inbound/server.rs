//! The HTTP server: sockets, connections and threads around the [routes].
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//! use std::sync::Arc;
//! use mailseal::inbound::clock::Clock;
//! use mailseal::inbound::routes::Inbox;
//! use mailseal::inbound::server::{Server, listeners};
//! use mailseal::inbound::settings::Settings;
//! use mailseal::inbound::spool::{Depth, SpoolDirectory};
//!
//! let settings = Settings { listen: vec!["127.0.0.1:0".parse()?], ..Settings::default() };
//! let directory = tempfile::tempdir()?;
//! let most = Depth { messages: 10, octets: 1 << 20 };
//! let (spool, _) = SpoolDirectory::open(directory.path(), most)?;
//! let inbox = Inbox::new(&settings, spool, Clock::System, Arc::new(()));
//! let server = Server::start(&settings, listeners(&settings)?, None, inbox)?;
//!
//! let mut client = TcpStream::connect(server.addresses()[0])?;
//! client.write_all(b"GET /favicon.ico HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer)?;
//! assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"));
//! server.stop();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Signals, which are up to who runs it. HTTP/2: nobody posts so much at once. Unix sockets.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::{App, HttpServer, web};
use listenfd::ListenFd;

use super::routes::{self, Inbox};
use super::settings::Settings;
use super::tls::{self, ServerCertificate};

/// How long requests may take that are there when the server is told to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long whoever was answered before all of a body was read may go on sending it, so that the
/// answer is read before the connection is reset (RFC 9112 9.6).
const LINGER: Duration = Duration::from_secs(2);

/// The clock by which actix-web times heads and idle connections is put right so often, and is late
/// by up to as much: what it is told to wait is longer by this, so that nobody is turned away early.
const CLOCK_PERIOD: Duration = Duration::from_millis(500);

/// Threads of one HTTP thread that read bodies and wait for the disk. They share its fsyncs, so more
/// of them are more requests a second, up to a point.
const BLOCKING_THREADS: usize = 32;

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address cannot be listened to.
    #[error("cannot listen to {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The sockets that systemd hands over are not what they should be.
    #[error("the sockets handed over in LISTEN_FDS cannot be used")]
    Activation(#[source] io::Error),
    /// There is no socket to listen to.
    #[error("there is no address to listen to")]
    NoAddress,
    /// HTTPS cannot be set up.
    #[error(transparent)]
    Tls(#[from] tls::Error),
    /// The server cannot be started.
    #[error("the server cannot be started")]
    Start(#[source] io::Error),
}

/// The sockets to listen to: those that systemd hands over (sd_listen_fds(3)), and else one for each
/// address of the settings.
///
/// # Errors
///
/// One of them is not to be had, or there is none.
pub fn listeners(settings: &Settings) -> Result<Vec<TcpListener>, Error> {
    let mut handed_over = ListenFd::from_env();
    let mut listeners = Vec::new();
    for place in 0..handed_over.len() {
        let listener = handed_over.take_tcp_listener(place);
        listeners.extend(listener.map_err(Error::Activation)?);
    }
    if listeners.is_empty() {
        for &address in &settings.listen {
            let listener = TcpListener::bind(address);
            listeners.push(listener.map_err(|source| Error::Listen { address, source })?);
        }
    }
    match listeners.is_empty() {
        true => Err(Error::NoAddress),
        false => Ok(listeners),
    }
}

/// A server that runs, in threads of its own.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    handle: ServerHandle,
    thread: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Starts to answer requests. With a certificate it speaks HTTPS, and nothing else.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(
        settings: &Settings,
        listeners: Vec<TcpListener>,
        certificate: Option<&ServerCertificate>,
        inbox: Inbox,
    ) -> Result<Server, Error> {
        let tls = certificate.map(ServerCertificate::configuration);
        let tls = tls.transpose()?;
        let addresses: io::Result<Vec<_>> = listeners.iter().map(TcpListener::local_addr).collect();
        let addresses = addresses.map_err(Error::Start)?;
        let (settings, (started, has_started)) = (settings.clone(), mpsc::channel());
        let thread = thread::Builder::new()
            .name("mailseal-http".into())
            .spawn(move || {
                let system = System::new();
                let server =
                    system.block_on(async { run(&settings, listeners, tls.as_ref(), inbox) });
                match server {
                    Err(error) => {
                        let _who_started_it_waits = started.send(Err(error));
                        Ok(())
                    }
                    Ok(server) => {
                        let _who_started_it_waits = started.send(Ok(server.handle()));
                        system.block_on(server)
                    }
                }
            })
            .map_err(Error::Start)?;
        let lost = || Error::Start(io::Error::other("its thread was lost"));
        let handle = has_started.recv().map_err(|_| lost())?;
        Ok(Server {
            addresses,
            handle: handle.map_err(Error::Start)?,
            thread,
        })
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes no more connections, answers the requests that there are, and returns when that is
    /// done or has taken too long.
    pub fn stop(self) {
        // The command is sent at once; what is returned only waits.
        drop(self.handle.stop(true));
        let _ended_either_way = self.thread.join();
    }
}

fn run(
    settings: &Settings,
    listeners: Vec<TcpListener>,
    tls: Option<&rustls::ServerConfig>,
    inbox: Inbox,
) -> io::Result<actix_web::dev::Server> {
    let limits = settings.limits;
    let threads = settings.threads.max(1);
    let connections = inbox.connections().clone();
    let inbox = web::Data::new(inbox);
    let mut server = HttpServer::new(move || {
        App::new()
            .app_data(inbox.clone())
            .default_service(web::to(routes::answer))
    })
    .on_connect(move |_, data| {
        data.insert(connections.enter());
    })
    .workers(threads)
    .worker_max_blocking_threads(BLOCKING_THREADS)
    .max_connections(limits.connections.div_ceil(threads))
    // Else a few slow handshakes would keep all others out.
    .max_connection_rate(limits.connections.div_ceil(threads))
    .client_request_timeout(limits.header_timeout + CLOCK_PERIOD)
    .tls_handshake_timeout(limits.header_timeout)
    .client_disconnect_timeout(LINGER)
    .keep_alive(limits.keep_alive + CLOCK_PERIOD)
    .tcp_nodelay(true)
    .shutdown_timeout(PATIENCE.as_secs())
    .disable_signals();
    for listener in listeners {
        server = match tls {
            Some(tls) => server.listen_rustls_0_23(listener, tls.clone())?,
            None => server.listen(listener)?,
        };
    }
    Ok(server.run())
}

#[cfg(test)]
mod tests;
