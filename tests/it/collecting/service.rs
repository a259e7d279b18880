//! The server as a service: its signals, what it tells systemd, sockets that are handed over, HTTPS.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::mail;
use crate::support::peer::{free_port, peers};
use crate::support::server::{JSON, Setup, TOKEN, exchange, relayed};
use crate::support::{Mailseal, PYTHON, binary, project, try_tool};

#[test]
fn on_sigterm_what_was_answered_is_decided_on_and_the_exit_code_is_0() {
    let setup = Setup::new();
    let server = setup.start();
    let numbered = |number: usize| {
        [
            format!("X-Number: {number}\r\n").into_bytes(),
            mail("opaque.eml"),
        ]
        .concat()
    };
    let mails: Vec<Vec<u8>> = (0..20).map(numbered).collect();
    assert_eq!(
        server
            .post(&relayed(mails.iter().map(Vec::as_slice)))
            .status,
        200
    );
    let port = server.port;
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("stopped, 0 mails wait"), "{said}");
    let decided = crate::support::server::audit(setup.directory.path());
    assert_eq!(decided.len(), 20);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn two_servers_do_not_share_a_spool() {
    let setup = Setup::new();
    let server = setup.start();
    let second = Mailseal::new("serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0")
        .directory(server.store())
        .run();
    second.refused(74, &["in use by another process", "--spool"]);
}

#[test]
fn systemd_is_told_when_it_is_ready_and_when_it_stops() {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("our own directory");
    let patience = Some(Duration::from_secs(20));
    socket.set_read_timeout(patience).expect("not zero");
    let heard = || {
        let mut octets = [0; 1024];
        let length = socket.recv(&mut octets).expect("it says something");
        String::from_utf8_lossy(&octets[..length]).into_owned()
    };
    let server = Setup::new()
        .env("NOTIFY_SOCKET", &path.display().to_string())
        .start();
    assert!(heard().contains("READY=1"));
    let (code, _) = server.stop();
    assert_eq!(code, Some(0));
    assert!(heard().contains("STOPPING=1"));
}

#[test]
fn a_socket_that_systemd_hands_over_is_served() {
    let directory = TempDir::new().expect("a temporary directory");
    let (port, other) = (free_port(), free_port());
    let mut child = Command::new(PYTHON)
        .arg(project("tests/peers/activate.py"))
        .arg(port.to_string())
        .arg(binary())
        .args(["serve", "-q", "--admin-listen", "127.0.0.1:0"])
        // It is not for the server to choose then.
        .args(["--listen", &format!("127.0.0.1:{other}")])
        .current_dir(directory.path())
        .env("MAILSEAL_WEBHOOK_TOKEN", TOKEN)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("Python is there");
    let header = [JSON, ("X-MessageSystems-Webhook-Token", TOKEN)];
    let begin = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begin.elapsed() < Duration::from_secs(20), "nobody listens");
        thread::sleep(Duration::from_millis(10));
    }
    let answer = exchange(port, "POST", "/", &header, b"[]");
    assert_eq!((answer.status, answer.text().as_str()), (200, "OK"));
    assert!(std::net::TcpStream::connect(("127.0.0.1", other)).is_err());
    child.kill().expect("our own child");
    child.wait().expect("our own child");
}

/// What openssl says of the server's certificate.
fn verified(port: u16) -> bool {
    let arguments = [
        "s_client",
        "-connect",
        &format!("127.0.0.1:{port}"),
        "-servername",
        "localhost",
        "-verify_return_error",
        "-CAfile",
    ]
    .map(str::to_owned);
    let root = project("testdata/pki/root.crt");
    let mut arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    arguments.push(root.as_os_str());
    try_tool("openssl", &arguments, b"Q\n").status.success()
}

#[test]
fn https_shows_its_certificate_and_reads_it_again() {
    if !peers(&["openssl"]) {
        return;
    }
    let tls = "[tls]\ncert = \"server.crt\"\nkey = \"server.key\"\n";
    let setup = Setup::new().file("mailseal.toml", tls);
    let pki =
        |name: &str| fs::read_to_string(project("testdata/pki").join(name)).expect("testdata");
    let setup = setup
        .file("server.crt", &pki("server.crt"))
        .file("server.key", &pki("server.pem"));
    let server = setup.start();
    assert!(verified(server.port), "{}", server.said());
    let reload = |content: &str, said: &str| {
        fs::write(server.file("server.crt"), content).expect("our own directory");
        server.signal("HUP");
        let begin = Instant::now();
        while !server.said().contains(said) {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "{}",
                server.said()
            );
            thread::sleep(Duration::from_millis(10));
        }
    };
    // What is no certificate changes nothing.
    reload("nothing", "the certificate stays as it was");
    assert!(verified(server.port), "{}", server.said());
    // The same key and names, by somebody whom nobody trusts.
    reload(
        &pki("server-stranger.crt"),
        "the certificate of HTTPS was read again",
    );
    assert!(!verified(server.port), "{}", server.said());
    let (code, _) = server.stop();
    assert_eq!(code, Some(0));
}
