//! An SMTP server that does what a script says and notes what it is told.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What the server does otherwise than well.
#[derive(Clone)]
pub struct Script {
    pub greeting: &'static str,
    pub offers: Vec<&'static str>,
    /// For commands that begin so: the answers to give first, each once; `.` is the message.
    pub refusals: Vec<(&'static str, VecDeque<&'static str>)>,
    /// Closes without a word after so many messages on a connection.
    pub messages_until_hangup: Option<usize>,
    /// Closes in the middle of the first message.
    pub drop_in_message_once: bool,
    /// Takes messages and closes without an answer.
    pub drop_after_message: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: "220 mx.example ESMTP",
            offers: Vec::new(),
            refusals: Vec::new(),
            messages_until_hangup: None,
            drop_in_message_once: false,
            drop_after_message: false,
        }
    }
}

impl Script {
    pub fn offering(offers: &[&'static str]) -> Self {
        Self {
            offers: offers.to_vec(),
            ..Self::default()
        }
    }

    pub fn refusing(mut self, command: &'static str, answers: &[&'static str]) -> Self {
        self.refusals
            .push((command, answers.iter().copied().collect()));
        self
    }

    fn refusal(&mut self, command: &str) -> Option<&'static str> {
        let matching = |(start, _): &&mut (&str, _)| command.starts_with(*start);
        self.refusals
            .iter_mut()
            .filter(matching)
            .find_map(|(_, answers)| answers.pop_front())
    }
}

/// What the server saw.
#[derive(Default)]
pub struct Log {
    pub connections: usize,
    pub commands: Vec<String>,
    pub messages: Vec<Vec<u8>>,
}

/// A server in a thread, which takes one connection after another.
pub struct Server {
    pub port: u16,
    stop: Arc<AtomicBool>,
    log: Arc<Mutex<Log>>,
    thread: JoinHandle<()>,
}

impl Server {
    pub fn start(mut script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, log) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(Mutex::new(Log::default())),
        );
        let (stopped, shared) = (Arc::clone(&stop), Arc::clone(&log));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                shared.lock().unwrap().connections += 1;
                let _client_went = serve(stream.unwrap(), &mut script, &shared);
            }
        });
        Self {
            port,
            stop,
            log,
            thread,
        }
    }

    /// Waits for the last connection to end and tells what was seen.
    pub fn finish(self) -> Log {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        self.thread.join().unwrap();
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

fn serve(mut out: TcpStream, script: &mut Script, log: &Mutex<Log>) -> io::Result<()> {
    out.set_nodelay(true)?;
    let mut lines = BufReader::new(out.try_clone()?);
    write!(out, "{}\r\n", script.greeting)?;
    let mut messages = 0;
    let mut login_left = 0;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end_matches("\r\n").to_owned();
        log.lock().unwrap().commands.push(line.clone());
        if let Some(refusal) = script.refusal(&line) {
            write!(out, "{refusal}\r\n")?;
            match refusal.starts_with("421") {
                true => return Ok(()),
                false => continue,
            }
        }
        match line.split(' ').next().unwrap_or_default() {
            _ if login_left > 0 => {
                login_left -= 1;
                let reply = if login_left == 0 {
                    "235 ok"
                } else {
                    "334 UGFzc3dvcmQ6"
                };
                write!(out, "{reply}\r\n")?;
            }
            "EHLO" => {
                let mut reply = String::from("250");
                for offer in &script.offers {
                    let separator = if reply == "250" {
                        "-mx.example\r\n250"
                    } else {
                        "\r\n250"
                    };
                    reply = format!("{reply}{separator}-{offer}");
                }
                let last = if reply == "250" {
                    " mx.example"
                } else {
                    "\r\n250 HELP"
                };
                write!(out, "{reply}{last}\r\n")?;
            }
            "AUTH" if line == "AUTH LOGIN" => {
                login_left = 2;
                write!(out, "334 VXNlcm5hbWU6\r\n")?;
            }
            "AUTH" => write!(out, "235 ok\r\n")?,
            "DATA" => {
                write!(out, "354 go ahead\r\n")?;
                if std::mem::take(&mut script.drop_in_message_once) {
                    lines.read_exact(&mut [0; 1000])?;
                    return Ok(());
                }
                let message = read_message(&mut lines)?;
                let refusal = script.refusal(".");
                if let Some(refusal) = refusal {
                    write!(out, "{refusal}\r\n")?;
                    match refusal.starts_with("421") {
                        true => return Ok(()),
                        false => continue,
                    }
                }
                log.lock().unwrap().messages.push(message);
                messages += 1;
                if script.drop_after_message {
                    return Ok(());
                }
                write!(out, "250 2.0.0 Ok: queued as {messages}\r\n")?;
                if script.messages_until_hangup == Some(messages) {
                    return Ok(());
                }
            }
            "QUIT" => {
                write!(out, "221 bye\r\n")?;
                return Ok(());
            }
            _ => write!(out, "250 ok\r\n")?,
        }
    }
}

// As it stands on the wire, without the final dot.
fn read_message(lines: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let start = message.len();
        if lines.read_until(b'\n', &mut message)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if &message[start..] == b".\r\n" && (start == 0 || message[..start].ends_with(b"\r\n")) {
            message.truncate(start);
            return Ok(message);
        }
    }
}
