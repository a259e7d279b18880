//! STARTTLS, implicit TLS and AUTH against aiosmtpd with a certificate of our test authority.

use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::openssl;
use crate::support::peer::{Peer, peers};
use crate::support::{Keys, Mailseal, PYTHON, mail, mail_bytes, project, same_mail};

const NEEDS: &[&str] = &["python3", "python:aiosmtpd"];
const PASSWORD: &str = "s3cret & long";

struct Server {
    // First, so that it ends before its directory goes.
    _peer: Peer,
    directory: TempDir,
    port: u16,
}

impl Server {
    /// A server with these options of `tests/peers/smtp_server.py`; `certificate` names a file of
    /// testdata/pki, none for a server without TLS.
    fn start(certificate: Option<&str>, options: &[&str]) -> Server {
        let directory = TempDir::new().expect("a temporary directory");
        let mut command = Command::new(PYTHON);
        command
            .arg(project("tests/peers/smtp_server.py"))
            .arg(directory.path());
        if let Some(certificate) = certificate {
            let pki = project("testdata/pki");
            command
                .arg("--tls")
                .args([pki.join(certificate), pki.join("server.pem")]);
        }
        let (peer, port) = Peer::start(command.args(options));
        Server {
            directory,
            port,
            _peer: peer,
        }
    }

    fn with_auth(certificate: Option<&str>, options: &[&str]) -> Server {
        let mut all = options.to_vec();
        all.extend(["--auth", "SMTP_Injection", PASSWORD]);
        Server::start(certificate, &all)
    }

    /// `mailseal send --smtp OPTIONS` to this server, retries off.
    fn send(&self, keys: &Keys, options: &str) -> Mailseal {
        keys.mailseal(&format!("send --smtp --retries 0 {options}"))
            .arg(mail("newsletter.eml"))
            .env("SMTP_HOST", "127.0.0.1")
            .env("SMTP_PORT", self.port.to_string())
    }

    fn received(&self) -> Vec<(Value, Vec<u8>)> {
        let mut paths: Vec<_> = fs::read_dir(self.directory.path())
            .expect("our own directory")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            })
            .collect();
        paths.sort();
        let read = |path| fs::read(path).expect("a file of the server");
        paths
            .iter()
            .map(|path| {
                let facts =
                    serde_json::from_slice(&read(path.clone())).expect("JSON of the server");
                (facts, read(path.with_extension("eml")))
            })
            .collect()
    }
}

fn root() -> String {
    format!("--smtp-ca {}", project("testdata/pki/root.crt").display())
}

#[test]
fn starttls_with_auth_delivers() {
    if !peers(NEEDS) {
        return;
    }
    let (keys, server) = (Keys::new(), Server::with_auth(Some("server.crt"), &[]));
    let run = server
        .send(&keys, &format!("--sign {}", root()))
        .env("SMTP_USER", "SMTP_Injection")
        .env("SMTP_PASSWORD", PASSWORD)
        .run();
    let said = format!("{}{}", run.stderr, String::from_utf8_lossy(&run.stdout));
    run.success();
    let received = server.received();
    assert_eq!(received.len(), 1);
    let (facts, message) = &received[0];
    assert_eq!(
        (&facts["tls"], &facts["authenticated"]),
        (&Value::Bool(true), &Value::Bool(true))
    );
    same_mail(
        &mail_bytes("newsletter.eml"),
        &openssl::verify(message),
        Some(message),
    );
    let stars = "*".repeat(PASSWORD.chars().count());
    let opened = format!(
        "Opened SMTP connection (STARTTLS) to 127.0.0.1, port {}, user=\"SMTP_Injection\", password=\"{stars}\"",
        server.port
    );
    assert!(said.contains(&opened), "no {opened:?} in {said}");
    assert!(!said.contains(PASSWORD), "the password was printed");
}

#[test]
fn password_from_a_file() {
    if !peers(NEEDS) {
        return;
    }
    let (keys, server) = (Keys::new(), Server::with_auth(Some("server.crt"), &[]));
    let file = keys.file("smtp.password");
    fs::write(&file, format!("{PASSWORD}\n")).expect("our own directory");
    server
        .send(&keys, &root())
        .env("SMTP_USER", "SMTP_Injection")
        .env("SMTP_PASSWORD_FILE", &file)
        .run()
        .success();
    assert_eq!(server.received().len(), 1);
}

#[test]
fn implicit_tls_delivers() {
    if !peers(NEEDS) {
        return;
    }
    let (keys, server) = (
        Keys::new(),
        Server::with_auth(Some("server.crt"), &["--implicit"]),
    );
    server
        .send(&keys, &format!("--smtp-tls implicit {}", root()))
        .env("SMTP_USER", "SMTP_Injection")
        .env("SMTP_PASSWORD", PASSWORD)
        .run()
        .success();
    assert_eq!(server.received()[0].0["tls"], true);
}

#[test]
fn a_stranger_is_refused() {
    if !peers(NEEDS) {
        return;
    }
    let keys = Keys::new();
    for (certificate, options) in [
        // The server's certificate is by an authority we did not name …
        ("server-stranger.crt", root()),
        // … or by one that the platform does not know.
        ("server.crt", "--smtp-tls required".to_owned()),
    ] {
        let server = Server::start(Some(certificate), &[]);
        let run = server.send(&keys, &options).run();
        run.failed(69, &["certificate"]);
        assert!(
            run.stderr.contains("hint: ") && run.stderr.contains("--smtp-ca"),
            "{}",
            run.stderr
        );
        assert!(server.received().is_empty());
    }
}

#[test]
fn another_name_is_refused() {
    if !peers(NEEDS) {
        return;
    }
    // 127.0.0.2 is loopback too, and not in the certificate.
    let (keys, server) = (
        Keys::new(),
        Server::start(Some("server.crt"), &["--host", "127.0.0.2"]),
    );
    let run = server
        .send(&keys, &root())
        .env("SMTP_HOST", "127.0.0.2")
        .run();
    run.failed(69, &["127.0.0.2"]);
    assert!(server.received().is_empty());
}

#[test]
fn tls_required_and_not_offered() {
    if !peers(NEEDS) {
        return;
    }
    let (keys, server) = (Keys::new(), Server::start(None, &[]));
    let run = server.send(&keys, "--smtp-tls required").run();
    run.failed(69, &["STARTTLS"]);
    assert!(server.received().is_empty());
    server
        .send(&keys, "--smtp-tls opportunistic")
        .run()
        .success();
    assert_eq!(server.received()[0].0["tls"], false);
}

#[test]
fn tls_not_wanted_is_not_used() {
    if !peers(NEEDS) {
        return;
    }
    let (keys, server) = (Keys::new(), Server::start(Some("server.crt"), &[]));
    server.send(&keys, "--smtp-tls none").run().success();
    assert_eq!(server.received()[0].0["tls"], false);
}

#[test]
fn a_wrong_password_is_refused() {
    if !peers(NEEDS) {
        return;
    }
    let (keys, server) = (Keys::new(), Server::with_auth(Some("server.crt"), &[]));
    let run = server
        .send(&keys, &root())
        .env("SMTP_USER", "SMTP_Injection")
        .env("SMTP_PASSWORD", "s3cret & lonG")
        .run();
    run.failed(69, &["535"]);
    assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);
    assert!(server.received().is_empty());
}

#[test]
fn auth_required_and_not_given() {
    if !peers(NEEDS) {
        return;
    }
    let (keys, server) = (Keys::new(), Server::with_auth(Some("server.crt"), &[]));
    server.send(&keys, &root()).run().failed(69, &["530"]);
    assert!(server.received().is_empty());
}

#[test]
fn user_without_password_is_refused() {
    if !peers(NEEDS) {
        return;
    }
    let (keys, server) = (Keys::new(), Server::start(None, &[]));
    let run = server
        .send(&keys, "")
        .env("SMTP_USER", "SMTP_Injection")
        .run();
    run.failed(78, &["SMTP_PASSWORD"]);
    assert!(server.received().is_empty());
}

/// AUTH in the clear goes to loopback only. The other host is an address of documentation on the loopback
/// device of a network namespace of its own, so that nothing outside this test sees it.
#[test]
fn auth_in_the_clear_stays_on_loopback() {
    if !peers(&["root", "unshare", "ip", "python3", "python:aiosmtpd"]) {
        return;
    }
    let keys = Keys::new();
    let script = r#"
        ip link set lo up && ip addr add 192.0.2.25/32 dev lo || exit 99
        coproc SERVER { exec /usr/bin/python3 "$SMTP_SERVER" "$KEPT" --host "$SMTP_HOST" --auth me "$SMTP_PASSWORD"; }
        read -r SMTP_PORT <&"${SERVER[0]}" || exit 99
        export SMTP_PORT
        "$@"
        status=$?
        kill "$SERVER_PID"
        exit $status
    "#;
    for (host, status, count) in [("192.0.2.25", 69, 0), ("127.0.0.1", 0, 1)] {
        let kept = TempDir::new().expect("a temporary directory");
        let output = Command::new("unshare")
            .args(["--net", "bash", "-c", script, "bash"])
            .arg(crate::support::binary())
            .args(["send", "--smtp", "--retries", "0"])
            .arg(mail("newsletter.eml"))
            .current_dir(keys.path())
            .env("SMTP_SERVER", project("tests/peers/smtp_server.py"))
            .env("KEPT", kept.path())
            .env("SMTP_HOST", host)
            .env("SMTP_USER", "me")
            .env("SMTP_PASSWORD", PASSWORD)
            .output()
            .expect("unshare runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{host}: {stderr}");
        let mails = fs::read_dir(kept.path())
            .expect("our own directory")
            .count()
            / 2;
        assert_eq!(mails, count, "{host}: {stderr}");
    }
}
