//! An SMTP server that answers as a test tells it to and remembers every octet: for the answers that no
//! honest server gives on demand. Plain TCP; TLS and AUTH are `tests/peers/smtp_server.py`.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the server does at one point of a session.
#[derive(Clone)]
pub enum Answer {
    /// What an obliging server says there.
    Agree,
    /// These words; lines parted by LF.
    Say(&'static str),
    /// Nothing: the connection ends.
    HangUp,
    /// To DATA only: 354, and then the connection ends after so many octets of the message.
    HangUpAfter(usize),
}

/// Where a session is: the command line as it came, or the end of the data.
pub struct Moment<'a> {
    /// Sessions are counted from 1.
    pub session: usize,
    /// The command as the client wrote it, `""` at the greeting, `"."` after the message.
    pub line: &'a str,
    /// How many messages came to their end before this moment, all sessions together.
    pub messages: usize,
}

/// A message as it came over the wire, the dots still stuffed and the last line `.` left out.
#[derive(Clone)]
pub struct Received {
    pub session: usize,
    pub from: String,
    pub to: Vec<String>,
    pub wire: Vec<u8>,
    /// Whether the server's answer to it began with 2.
    pub accepted: bool,
}

impl Received {
    /// The message as the server would keep it: RFC 5321 4.5.2 undone.
    pub fn message(&self) -> Vec<u8> {
        let mut message = Vec::with_capacity(self.wire.len());
        for line in self.wire.split_inclusive(|octet| *octet == b'\n') {
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        message
    }
}

#[derive(Default)]
struct Memory {
    sessions: usize,
    open: usize,
    most_open: usize,
    lines: Vec<(usize, String)>,
    received: Vec<Received>,
}

type Behaviour = dyn Fn(&Moment) -> Answer + Send + Sync;

/// The server; it ends with the process of the test.
pub struct SmtpServer {
    pub port: u16,
    memory: Arc<Mutex<Memory>>,
}

impl SmtpServer {
    /// A server that agrees to everything.
    pub fn obliging() -> SmtpServer {
        SmtpServer::start(|_| Answer::Agree)
    }

    /// A server that asks `behaviour` before each answer.
    pub fn start(behaviour: impl Fn(&Moment) -> Answer + Send + Sync + 'static) -> SmtpServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener
            .local_addr()
            .expect("a bound socket has an address")
            .port();
        let memory = Arc::new(Mutex::new(Memory::default()));
        let behaviour: Arc<Behaviour> = Arc::new(behaviour);
        let shared = Arc::clone(&memory);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (memory, behaviour) = (Arc::clone(&shared), Arc::clone(&behaviour));
                std::thread::spawn(move || {
                    let number = {
                        let mut memory = memory.lock().expect("no thread panics with the lock");
                        memory.sessions += 1;
                        memory.open += 1;
                        memory.most_open = memory.most_open.max(memory.open);
                        memory.sessions
                    };
                    Session {
                        number,
                        stream,
                        memory: Arc::clone(&memory),
                        behaviour,
                    }
                    .run();
                    memory.lock().expect("no thread panics with the lock").open -= 1;
                });
            }
        });
        SmtpServer { port, memory }
    }

    /// The messages so far, in the order of their ends.
    pub fn received(&self) -> Vec<Received> {
        self.memory
            .lock()
            .expect("no thread panics with the lock")
            .received
            .clone()
    }

    /// Every command line so far.
    pub fn lines(&self) -> Vec<String> {
        let memory = self.memory.lock().expect("no thread panics with the lock");
        memory.lines.iter().map(|(_, line)| line.clone()).collect()
    }

    /// How many connections there were.
    pub fn sessions(&self) -> usize {
        self.memory
            .lock()
            .expect("no thread panics with the lock")
            .sessions
    }

    /// How many connections stood at once, at most.
    pub fn most_open(&self) -> usize {
        self.memory
            .lock()
            .expect("no thread panics with the lock")
            .most_open
    }
}

struct Session {
    number: usize,
    stream: TcpStream,
    memory: Arc<Mutex<Memory>>,
    behaviour: Arc<Behaviour>,
}

impl Session {
    fn run(mut self) {
        let mut reader = BufReader::new(self.stream.try_clone().expect("a socket can be cloned"));
        if self.answer("", "220 localhost ESMTP stand-in").is_none() {
            return;
        }
        let (mut from, mut to) = (String::new(), Vec::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_owned();
            self.memory
                .lock()
                .expect("no thread panics with the lock")
                .lines
                .push((self.number, line.clone()));
            let verb = line
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            let agreed = match verb.as_str() {
                "EHLO" => {
                    "250-localhost\n250-8BITMIME\n250-PIPELINING\n250-DSN\n250-SMTPUTF8\n250 SIZE 104857600"
                }
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 2.0.0 Ok",
            };
            let Some(said) = self.answer(&line, agreed) else {
                return;
            };
            match verb.as_str() {
                "MAIL" if said.starts_with('2') => {
                    from = line;
                    to.clear();
                }
                "RCPT" if said.starts_with('2') => to.push(line),
                "DATA" if said.starts_with('3') => {
                    let Some(wire) = self.data(&line, &mut reader) else {
                        return;
                    };
                    let said = self.answer(".", "250 2.0.0 Ok: queued as STAND-IN");
                    let accepted = said.as_ref().is_some_and(|said| said.starts_with('2'));
                    let received = Received {
                        session: self.number,
                        from: from.clone(),
                        to: to.clone(),
                        wire,
                        accepted,
                    };
                    self.memory
                        .lock()
                        .expect("no thread panics with the lock")
                        .received
                        .push(received);
                    if said.is_none() {
                        return;
                    }
                }
                "QUIT" => return,
                _ => {}
            }
        }
    }

    /// What the behaviour wants here, said; `None` when the connection has ended.
    fn answer(&mut self, line: &str, agreed: &'static str) -> Option<&'static str> {
        let words = match self.ask(line) {
            Answer::Agree | Answer::HangUpAfter(_) => agreed,
            Answer::Say(words) => words,
            Answer::HangUp => {
                drop(self.stream.shutdown(Shutdown::Both));
                return None;
            }
        };
        let text = format!("{}\r\n", words.replace('\n', "\r\n"));
        self.stream.write_all(text.as_bytes()).ok().map(|()| words)
    }

    fn ask(&self, line: &str) -> Answer {
        let messages = self
            .memory
            .lock()
            .expect("no thread panics with the lock")
            .received
            .len();
        (self.behaviour)(&Moment {
            session: self.number,
            line,
            messages,
        })
    }

    /// The message up to the line that is one dot; `None` when the connection has ended.
    fn data(&mut self, line: &str, reader: &mut impl BufRead) -> Option<Vec<u8>> {
        let limit = match self.ask(line) {
            Answer::HangUpAfter(limit) => limit,
            _ => usize::MAX,
        };
        let mut wire = Vec::new();
        loop {
            let begin = wire.len();
            if reader.read_until(b'\n', &mut wire).unwrap_or(0) == 0 {
                return None;
            }
            if wire.len() > limit {
                drop(self.stream.shutdown(Shutdown::Both));
                return None;
            }
            if &wire[begin..] == b".\r\n" {
                wire.truncate(begin);
                return Some(wire);
            }
        }
    }
}
