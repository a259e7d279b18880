//! HTTP servers on the loopback that do as a test says.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it came: the head's lines in lower case, and the body.
#[derive(Debug, Clone, Default)]
pub(super) struct Received {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Received {
    /// "/path" of the first line.
    pub(super) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }
}

/// A server; its threads end with the test's process.
pub(super) struct Server {
    pub(super) port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// On 127.0.0.1, at some port.
    pub(super) fn start(
        behaviour: impl Fn(&Received, &mut dyn Write) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Server {
        Server::at([127, 0, 0, 1].into(), 0, behaviour)
    }

    pub(super) fn at(
        address: IpAddr,
        port: u16,
        behaviour: impl Fn(&Received, &mut dyn Write) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind((address, port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (noted, behaviour) = (Arc::clone(&received), Arc::new(behaviour));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, behaviour) = (Arc::clone(&noted), Arc::clone(&behaviour));
                std::thread::spawn(move || serve(stream, &noted, &*behaviour));
            }
        });
        Server { port, received }
    }

    /// One that gives this answer to everything.
    pub(super) fn saying(answer: impl Into<Vec<u8>>) -> Server {
        let answer = answer.into();
        Server::start(move |_, out| out.write_all(&answer))
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// `http://127.0.0.1:<port>` and this path.
    pub(super) fn location(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

fn serve(
    stream: TcpStream,
    noted: &Mutex<Vec<Received>>,
    behaviour: &dyn Fn(&Received, &mut dyn Write) -> std::io::Result<()>,
) {
    let mut lines = BufReader::new(stream);
    if let Some(received) = receive(&mut lines) {
        noted.lock().unwrap().push(received.clone());
        let _client_is_gone = behaviour(&received, lines.get_mut());
    }
}

/// Reads one request.
pub(super) fn receive(lines: &mut impl BufRead) -> Option<Received> {
    let mut received = Received::default();
    while !received.head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut received.head).ok()? == 0 {
            return None;
        }
    }
    let (first, fields) = received.head.split_once("\r\n")?;
    received.head = format!("{first}\r\n{}", fields.to_lowercase());
    let length = |line: &str| line.strip_prefix("content-length: ")?.parse().ok();
    received.body = vec![0; received.head.lines().find_map(length).unwrap_or(0)];
    lines.read_exact(&mut received.body).ok()?;
    Some(received)
}

/// An answer with a body.
pub(super) fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// An answer that leads elsewhere.
pub(super) fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}
