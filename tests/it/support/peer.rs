//! Peers as processes: started on loopback, ended by their id when the test ends, however it ends.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Whether the peers that `needs` names are here. A missing one fails the test, unless
/// `MAILSEAL_WITHOUT_PEERS=1` allows going without; then the line says loudly what did not run.
#[track_caller]
pub fn peers(needs: &[&str]) -> bool {
    let missing: Vec<&str> = needs
        .iter()
        .copied()
        .filter(|need| !present(need))
        .collect();
    if missing.is_empty() {
        return true;
    }
    let reason = format!(
        "not here: {} (tests/run installs it; MAILSEAL_WITHOUT_PEERS=1 goes without)",
        missing.join(", ")
    );
    assert!(
        std::env::var_os("MAILSEAL_WITHOUT_PEERS").is_some(),
        "{reason}"
    );
    skipped(&reason);
    false
}

/// Says loudly that the calling test did not run, on stderr and in the file `MAILSEAL_SKIPPED` names,
/// from which tests/run prints it at the end.
pub fn skipped(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let line = format!("NOT TESTED: {test}: {reason}\n");
    eprint!("{line}");
    if let Some(path) = std::env::var_os("MAILSEAL_SKIPPED") {
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path);
        let written =
            file.and_then(|mut file| std::io::Write::write_all(&mut file, line.as_bytes()));
        written.expect("MAILSEAL_SKIPPED can be written");
    }
}

/// A peer is a program on the path or in sbin, a Python module as `python:NAME`, or `root`.
fn present(need: &str) -> bool {
    if need == "root" {
        return rustix::process::geteuid().is_root();
    }
    if let Some(module) = need.strip_prefix("python:") {
        return Command::new(super::PYTHON)
            .args(["-c", &format!("import {module}")])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
    }
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':')
        .chain(["/usr/sbin", "/sbin"])
        .any(|folder| Path::new(folder).join(need).is_file())
}

/// A port of loopback that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}

/// A process of ours, ended with its value.
pub struct Peer(Child);

impl Peer {
    /// Starts a server that prints its port on its first line and ends with its standard input.
    #[track_caller]
    pub fn start(command: &mut Command) -> (Peer, u16) {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut peer =
            Peer(child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")));
        let stdout = peer.0.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the peer's first line");
        let port = line
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("no port from {command:?}: {line:?}"));
        (peer, port)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Every peer ends with its standard input, and ends what it started itself …
        drop(self.0.stdin.take());
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(15) {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // … or else is ended, by its own id.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
