//! kill -9 at any moment: what was answered is stored, or its refusal is in the audit log.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::mail;
use crate::support::server::{Server, Setup, TOKEN, relayed};
use crate::support::{figure, tool};

/// How many come in: those of the issue with the binary that is shipped, and fewer with one that is not
/// optimised.
fn count() -> usize {
    match std::env::var_os("MAILSEAL_BIN") {
        Some(_) => 2_000,
        None => 200,
    }
}

/// A mail like no other: nobody has signed the field that makes it so.
fn numbered(file: &str, number: usize) -> Vec<u8> {
    [format!("X-Number: {number}\r\n").as_bytes(), &mail(file)].concat()
}

fn sha256(octets: &[u8]) -> String {
    let said = tool("sha256sum", &[], octets);
    String::from_utf8_lossy(&said[..64]).into_owned()
}

/// Posts until it is answered with 200; none if the server ends before it answers.
fn try_post(port: u16, body: &[u8]) -> Option<u16> {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).ok()?;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         X-MessageSystems-Webhook-Token: {TOKEN}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut octets = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut octets).ok()?;
    let text = String::from_utf8_lossy(&octets);
    text.split(' ').nth(1)?.parse().ok()
}

#[test]
fn nothing_that_was_answered_is_lost() {
    const KINDS: [&str; 4] = ["opaque.eml", "detached.eml", "no-dkim.eml", "changed.eml"];
    let count = count();
    let setup = Setup::new();
    // One port, whoever listens there: the clients come back.
    let port = Arc::new(AtomicUsize::new(0));
    let next = Arc::new(AtomicUsize::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(Mutex::new(BTreeMap::new()));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (port, next, answered) =
                (Arc::clone(&port), Arc::clone(&next), Arc::clone(&answered));
            thread::spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let kind = KINDS[number % KINDS.len()];
                    let mail = numbered(kind, number);
                    let body = relayed([&*mail]);
                    // Whoever gets no answer tries again, as SparkPost does.
                    loop {
                        let port = u16::try_from(port.load(Ordering::Relaxed)).expect("a port");
                        match try_post(port, &body) {
                            Some(200) => break,
                            Some(status) => assert_eq!(status, 503),
                            None => {}
                        }
                        thread::sleep(Duration::from_millis(5));
                    }
                    let mut answered = answered.lock().expect("nobody panics with it");
                    answered.insert(number, (kind, sha256(&mail)));
                }
            })
        })
        .collect();
    let killer = {
        let (done, port) = (Arc::clone(&done), Arc::clone(&port));
        thread::spawn(move || {
            let mut kills = 0;
            loop {
                let server = setup.start();
                port.store(server.port.into(), Ordering::Relaxed);
                // At another moment each time.
                let moment = Duration::from_millis(150 + (kills * 37) % 400);
                let begin = Instant::now();
                while begin.elapsed() < moment && !done.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(2));
                }
                if done.load(Ordering::Relaxed) {
                    return (server, kills);
                }
                server.kill();
                kills += 1;
            }
        })
    };
    for client in clients {
        client.join().expect("each mail is answered in the end");
    }
    done.store(true, Ordering::Relaxed);
    let (server, kills) = killer.join().expect("each start succeeds");
    let answered = answered.lock().expect("nobody panics with it").clone();
    assert_eq!(answered.len(), count);
    let (torn, decisions) = decided(&server, &answered);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    for (number, (kind, digest)) in &answered {
        let outcomes = decisions
            .get(digest)
            .unwrap_or_else(|| panic!("{number} ({kind}) is lost"));
        let expected: &[&str] = match *kind {
            "no-dkim.eml" | "changed.eml" => &["refused", "seen-before"],
            _ => &[
                "stored",
                "already-stored",
                "replaced",
                "older",
                "seen-before",
            ],
        };
        // Before "seen before" it was decided on.
        assert!(
            outcomes
                .iter()
                .all(|outcome| expected.contains(&outcome.as_str())),
            "{outcomes:?}"
        );
        assert!(
            outcomes.iter().any(|outcome| outcome != "seen-before"),
            "{number}: {outcomes:?}"
        );
    }
    assert!(kills > 2, "only {kills} kills");
    figure(&format!(
        "kill -9: {count} mails answered, {kills} kills, none lost, {torn} lines of the audit log torn"
    ));
}

/// Waits until all of these are decided on; the outcomes by the digest of the mail, and how many lines of
/// the audit log were cut off.
fn decided(
    server: &Server,
    answered: &BTreeMap<usize, (&str, String)>,
) -> (usize, BTreeMap<String, BTreeSet<String>>) {
    let begin = Instant::now();
    loop {
        let text = fs::read_to_string(server.file("audit.log")).expect("there is one");
        let (mut torn, mut decisions) = (0, BTreeMap::<String, BTreeSet<String>>::new());
        for line in text.lines() {
            match serde_json::from_str::<Value>(line) {
                Ok(line) => {
                    let digest = line["message"]["sha256"].as_str().expect("a digest");
                    let outcome = line["outcome"].as_str().expect("a word");
                    decisions
                        .entry(digest.to_owned())
                        .or_default()
                        .insert(outcome.to_owned());
                }
                Err(_) => torn += 1,
            }
        }
        if answered
            .values()
            .all(|(_, digest)| decisions.contains_key(digest))
        {
            return (torn, decisions);
        }
        assert!(
            begin.elapsed() < Duration::from_secs(120),
            "some are lost: {} of {} decided, {}",
            decisions.len(),
            answered.len(),
            server.said()
        );
        thread::sleep(Duration::from_millis(50));
    }
}
