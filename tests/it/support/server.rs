//! `mailseal serve`, started by a test, and what is asked of it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::peer::free_port;
use super::{binary, project};

pub const TOKEN: &str = "t0p s3cr3t t0k3n";

/// When the mails of testdata/collect are judged.
pub const AT: &str = "2026-11-21T12:00:00Z";

/// How long anything is waited for that has to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a server is to be started.
pub struct Setup {
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub directory: Arc<TempDir>,
}

impl Setup {
    /// In a directory of its own, for the mails of testdata/collect.
    pub fn new() -> Setup {
        let root = project("testdata/pki/root.crt");
        let records = project("testdata/collect/dns.json");
        Setup::judging(AT, &root, &records)
    }

    pub fn judging(at: &str, trust: &Path, records: &Path) -> Setup {
        Setup {
            arguments: vec![
                "--at".to_owned(),
                at.to_owned(),
                "--trust".to_owned(),
                trust.display().to_string(),
                "--dns".to_owned(),
                records.display().to_string(),
            ],
            environment: vec![("MAILSEAL_WEBHOOK_TOKEN".to_owned(), TOKEN.to_owned())],
            directory: Arc::new(TempDir::new().expect("a temporary directory")),
        }
    }

    pub fn args(mut self, arguments: &str) -> Setup {
        let arguments = arguments.split_whitespace().map(str::to_owned);
        self.arguments.extend(arguments);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Setup {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts a file into the directory that the server works in.
    pub fn file(self, name: &str, content: &str) -> Setup {
        fs::write(self.directory.path().join(name), content).expect("our own directory");
        self
    }

    pub fn start(&self) -> Server {
        let port = free_port();
        let admin = free_port();
        let mut child = Command::new(binary())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.environment.iter().cloned())
            .current_dir(self.directory.path())
            .arg("serve")
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args(["--admin-listen", &format!("127.0.0.1:{admin}")])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", binary().display()));
        let said = Arc::new(Mutex::new(String::new()));
        let listener = listen(child.stderr.take().expect("stderr is piped"), &said);
        let mut server = Server {
            child,
            port,
            admin,
            directory: Arc::clone(&self.directory),
            said,
            listener: Some(listener),
        };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.child.try_wait().expect("our own child");
            assert!(
                ended.is_none() && begin.elapsed() < PATIENCE,
                "the server did not start ({ended:?}): {}",
                server.said()
            );
            thread::sleep(Duration::from_millis(10));
        }
        server
    }
}

fn listen(stderr: ChildStderr, said: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let said = Arc::clone(said);
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let mut said = said.lock().expect("nobody panics with it");
            said.push_str(&line);
            said.push('\n');
        }
    })
}

/// A server that runs; ended with its value.
pub struct Server {
    child: Child,
    pub port: u16,
    pub admin: u16,
    directory: Arc<TempDir>,
    said: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
}

impl Server {
    /// The store, which is the directory that the server works in.
    pub fn store(&self) -> &Path {
        self.directory.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.store().join(name)
    }

    /// What the server has said on standard error so far.
    pub fn said(&self) -> String {
        self.said.lock().expect("nobody panics with it").clone()
    }

    /// The lines of the audit log.
    pub fn audit(&self) -> Vec<Value> {
        audit(self.store())
    }

    /// Waits until so many decisions are written down, and gives them.
    #[track_caller]
    pub fn decisions(&self, count: usize) -> Vec<Value> {
        let begin = Instant::now();
        loop {
            let decisions = self.audit();
            if decisions.len() >= count {
                return decisions;
            }
            assert!(
                begin.elapsed() < PATIENCE,
                "{} of {count} decisions: {}",
                decisions.len(),
                self.said()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// `POST /` with the right token.
    pub fn post(&self, body: &[u8]) -> Answer {
        self.request(
            "POST",
            "/",
            &[JSON, ("X-MessageSystems-Webhook-Token", TOKEN)],
            body,
        )
    }

    pub fn request(
        &self,
        method: &str,
        path: &str,
        header: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        exchange(self.port, method, path, header, body)
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(status.expect("kill is there").success());
    }

    /// Asks it to end, and gives its exit code and all it has said.
    pub fn stop(mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                if let Some(listener) = self.listener.take() {
                    listener.join().expect("it only reads");
                }
                return (status.code(), self.said());
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end: {}", self.said());
    }

    /// Ends it without asking.
    pub fn kill(mut self) {
        self.child.kill().expect("our own child");
        self.child.wait().expect("our own child");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub const JSON: (&str, &str) = ("Content-Type", "application/json");

/// The lines of the audit log of a store; none if there is none yet.
pub fn audit(store: &Path) -> Vec<Value> {
    let Ok(text) = fs::read_to_string(store.join("audit.log")) else {
        return Vec::new();
    };
    // The last line may just be being written.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// What a server answers.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub header: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.header.iter();
        let field = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One request on a connection of its own, octet by octet as it says.
pub fn exchange(
    port: u16,
    method: &str,
    path: &str,
    header: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
    for (name, value) in header {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let has_length = header.iter().any(|(name, _)| {
        name.eq_ignore_ascii_case("Content-Length")
            || name.eq_ignore_ascii_case("Transfer-Encoding")
    });
    if !has_length {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut stream = connect(port);
    stream
        .write_all(head.as_bytes())
        .expect("the server listens");
    // A server may answer, and close, before it has read all of it.
    drop(stream.write_all(body));
    answer(stream)
}

pub fn connect(port: u16) -> TcpStream {
    let address = ("127.0.0.1", port);
    let address = address.to_socket_addrs().expect("an address").next();
    let stream = TcpStream::connect_timeout(&address.expect("one"), PATIENCE);
    let stream = stream.expect("the server listens");
    let patience = Some(PATIENCE);
    stream.set_read_timeout(patience).expect("not zero");
    stream
}

/// Reads an answer: as long as it says, or up to the end of the connection.
pub fn answer(mut stream: TcpStream) -> Answer {
    let mut octets = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        if let Some(answer) = whole(&octets) {
            return answer;
        }
        // A connection that is reset after the answer is one that was answered.
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(length) => octets.extend_from_slice(&piece[..length]),
        }
    }
    let (mut answer, length) = head(&octets)
        .unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&octets)));
    answer.body = octets[length..].to_vec();
    answer
}

/// The answer, if these octets are all of it.
fn whole(octets: &[u8]) -> Option<Answer> {
    let (mut answer, start) = head(octets)?;
    let length: usize = answer.field("Content-Length")?.parse().ok()?;
    answer.body = octets.get(start..start + length)?.to_vec();
    Some(answer)
}

/// Status and fields, and where the body begins.
fn head(octets: &[u8]) -> Option<(Answer, usize)> {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&octets[..end]);
    let mut lines = text.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let fields = lines.filter_map(|line| line.split_once(':'));
    let header = fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    let answer = Answer {
        status,
        header: header.collect(),
        body: Vec::new(),
    };
    Some((answer, end + 4))
}

/// The body of a request that brings these mails, as SparkPost posts them.
pub fn relayed<'a>(mails: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let items: Vec<Value> = mails
        .into_iter()
        .map(|mail| {
            serde_json::json!({"msys": {"relay_message": {
                "webhook_id": "4839201967643219",
                "protocol": "smtp",
                "friendly_from": "alice@example.com",
                "msg_from": "alice@example.com",
                "rcpt_to": "secure@inbound.example.net",
                "content": {
                    "email_rfc822": String::from_utf8_lossy(mail),
                    "email_rfc822_is_base64": false,
                },
            }}})
        })
        .collect();
    serde_json::to_vec(&items).expect("JSON")
}
