//! An HTTP server that answers as a test tells it to and remembers every request: SparkPost's stand-in.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came, header names in lower case.
#[derive(Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }
}

/// What the server does with a request.
#[derive(Clone)]
pub enum Answer {
    /// This status and JSON body.
    Json(u16, &'static str),
    /// These octets, or 404 where there are none.
    Octets(Option<Vec<u8>>),
    /// The request is read, and nothing is answered until the client gives up.
    Silence,
    /// The request is read, and the connection ends.
    HangUp,
}

/// The server; it ends with the process of the test.
pub struct HttpServer {
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl HttpServer {
    /// A server that asks `behaviour`, which gets the request and how many came before it.
    pub fn start(
        behaviour: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static,
    ) -> HttpServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener
            .local_addr()
            .expect("a bound socket has an address")
            .port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (shared, behaviour) = (Arc::clone(&requests), Arc::new(behaviour));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (requests, behaviour) = (Arc::clone(&shared), Arc::clone(&behaviour));
                std::thread::spawn(move || serve(&stream, &requests, &*behaviour));
            }
        });
        HttpServer { port, requests }
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests
            .lock()
            .expect("no thread panics with the lock")
            .clone()
    }
}

/// The requests of one connection, one after the other.
fn serve(
    stream: &TcpStream,
    requests: &Mutex<Vec<Request>>,
    behaviour: &dyn Fn(&Request, usize) -> Answer,
) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader, stream) {
        let before = {
            let mut requests = requests.lock().expect("no thread panics with the lock");
            requests.push(request.clone());
            requests.len() - 1
        };
        match behaviour(&request, before) {
            Answer::Json(status, body) => {
                if answer(stream, status, "application/json", body.as_bytes()).is_err() {
                    return;
                }
            }
            Answer::Octets(octets) => {
                let status = if octets.is_some() { 200 } else { 404 };
                let octets = octets.unwrap_or_default();
                if answer(stream, status, "application/octet-stream", &octets).is_err() {
                    return;
                }
            }
            Answer::Silence => {
                stream
                    .set_read_timeout(Some(Duration::from_secs(600)))
                    .expect("a timeout above zero");
                drop(reader.read(&mut [0]));
                return;
            }
            Answer::HangUp => return,
        }
    }
}

fn answer(
    mut stream: &TcpStream,
    status: u16,
    content_type: &str,
    body: &[u8],
) -> std::io::Result<()> {
    let header = format!(
        "HTTP/1.1 {status} Stand-in\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[header.as_bytes(), body].concat())
}

fn read_request(reader: &mut impl BufRead, mut stream: &TcpStream) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    if headers
        .get("expect")
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
    {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let body = match headers.get("content-length") {
        Some(length) => {
            let mut body = vec![0; length.parse().ok()?];
            reader.read_exact(&mut body).ok()?;
            body
        }
        None if headers.contains_key("transfer-encoding") => read_chunks(reader)?,
        None => Vec::new(),
    };
    Some(Request {
        method,
        path,
        headers,
        body,
    })
}

/// RFC 9112 7.1, without trailers.
fn read_chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        let begin = body.len();
        body.resize(begin + length, 0);
        reader.read_exact(&mut body[begin..]).ok()?;
        reader.read_line(&mut String::new()).ok()?;
        if length == 0 {
            return Some(body);
        }
    }
}
