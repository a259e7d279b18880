//! Retrievals from servers on the loopback.

mod limits;
mod redirects;
mod server;

use std::io::{BufReader, Write};
use std::net::{IpAddr, TcpListener};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use rustls::{ServerConnection, StreamOwned};

use super::*;
use crate::crypto::tls_provider::rust_crypto;
use crate::crypto::tls_provider::tests::{Authority, server_config};
use crate::printable::sentence;
use server::{Server, ok, receive};

/// Options that allow a host and port.
fn allowing(host: &str) -> Options {
    Options {
        allowed: vec![host.parse().unwrap()],
        // Nothing here waits for it.
        timeout: Duration::from_secs(60),
        ..Options::default()
    }
}

fn fetch(server: &Server, options: Options) -> Result<Vec<u8>, Error> {
    let location = server.location("/x");
    Fetcher::new(options).fetch(&Request::Crl {
        location: &location,
    })
}

fn of(server: &Server) -> Options {
    allowing(&format!("127.0.0.1:{}", server.port))
}

fn reason(server: &Server, options: Options) -> &'static str {
    fetch(server, options).unwrap_err().reason()
}

/// Answers in turn, and notes what it was asked.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<Vec<IpAddr>>,
    asked: Mutex<Vec<String>>,
}

impl Script {
    fn new(answers: &[&str]) -> Arc<Script> {
        let answers = answers.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Script {
            answers: Mutex::new(answers),
            ..Script::default()
        })
    }
}

impl Resolve for Script {
    fn resolve(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        Ok(vec![self.answers.lock().unwrap().remove(0)])
    }
}

#[test]
fn a_crl_is_asked_for_plainly() {
    let server = Server::saying(ok(b"a CRL"));
    let location = server.location("/a/b.crl?x=y#z");
    let fetcher = Fetcher::new(of(&server));
    for request in [
        Request::Crl {
            location: &location,
        },
        Request::Issuers {
            location: &location,
        },
    ] {
        let retrieved = fetcher.retrieve(&request).unwrap();
        assert_eq!(retrieved.octets, b"a CRL");
        assert!(!retrieved.from_cache);
    }
    let received = server.received();
    assert_eq!(received.len(), 2);
    for received in received {
        let mut lines: Vec<_> = received.head.trim_end().lines().collect();
        lines[1..].sort_unstable();
        assert_eq!(
            lines,
            [
                "GET /a/b.crl?x=y HTTP/1.1",
                "accept-encoding: identity",
                "accept: */*",
                &format!("host: 127.0.0.1:{}", server.port),
                concat!("user-agent: mailseal/", env!("CARGO_PKG_VERSION")),
            ]
        );
    }
}

#[test]
fn an_ocsp_request_is_posted() {
    let server = Server::saying(ok(b"an answer"));
    let request = Request::Ocsp {
        location: &server.location("/"),
        cert_id: b"id",
        request: b"\x30\x00 question",
    };
    let answer = Fetcher::new(of(&server)).fetch(&request).unwrap();
    assert_eq!(answer, b"an answer");
    let received = server.received().remove(0);
    assert_eq!(received.body, b"\x30\x00 question");
    assert!(received.head.starts_with("POST / HTTP/1.1\r\n"));
    for field in [
        "content-type: application/ocsp-request",
        "accept: application/ocsp-response",
        "content-length: 11",
    ] {
        assert!(received.head.lines().any(|line| line == field), "{field}");
    }
}

#[test]
fn what_is_not_to_be_asked_is_not_connected_to() {
    let server = Server::saying(ok(b"a secret"));
    // At a port of its own, and at those of the web, where nobody has to be.
    assert_eq!(reason(&server, Options::default()), "port");
    assert_eq!(reason(&server, allowing("127.0.0.1")), "port");
    assert_eq!(reason(&server, allowing("localhost")), "port");
    let fetcher = Fetcher::with_resolver(Options::default(), Script::new(&["10.1.2.3"]));
    for (location, reason) in [
        ("file:///etc/passwd", "scheme"),
        ("ldap://127.0.0.1/CN=x", "scheme"),
        ("ftp://127.0.0.1/x", "scheme"),
        ("crl.example.com/x", "location"),
        ("http://user@crl.example.com/", "location"),
        ("http://127.0.0.1/", "not-public"),
        ("https://[::ffff:7f00:1]/", "not-public"),
        ("http://169.254.169.254/latest/meta-data/", "not-public"),
        ("http://intranet.example/", "not-public"),
    ] {
        let refused = fetcher.fetch(&Request::Crl { location }).unwrap_err();
        assert_eq!(refused.reason(), reason, "{refused}");
    }
    assert!(server.received().is_empty());
}

// The same name, and another address the second time.
#[test]
fn a_name_is_resolved_once_and_the_judged_address_is_asked() {
    let server = Server::saying(ok(b"judged"));
    let second = Server::at([127, 0, 0, 2].into(), server.port, |_, out| {
        out.write_all(&ok(b"rebound"))
    });
    let script = Script::new(&["127.0.0.1", "127.0.0.2"]);
    let host = format!("pki.example:{}", server.port);
    let fetcher = Fetcher::with_resolver(allowing(&host), script.clone());
    let location = format!("http://PKI.example.:{}/x", server.port);
    let crl = Request::Crl {
        location: &location,
    };
    assert_eq!(fetcher.fetch(&crl).unwrap(), b"judged");
    assert_eq!(*script.asked.lock().unwrap(), ["pki.example"]);
    let host = format!("host: {host}");
    assert!(server.received()[0].head.lines().any(|line| line == host));
    assert!(second.received().is_empty());
    // It would have answered.
    assert_eq!(fetcher.fetch(&crl).unwrap(), b"rebound");
}

#[test]
fn only_200_is_an_answer() {
    for status in [
        201, 203, 204, 206, 300, 304, 400, 401, 403, 404, 410, 500, 503,
    ] {
        let server = Server::saying(format!(
            "HTTP/1.1 {status} Something\r\nContent-Length: 0\r\n\r\n"
        ));
        let refused = fetch(&server, of(&server)).unwrap_err();
        assert!(matches!(refused, Error::Status { status: told, .. } if told == status));
    }
    // What comes before the answer is passed over.
    let server = Server::saying([b"HTTP/1.1 103 Hints\r\n\r\n", &ok(b"x")[..]].concat());
    assert_eq!(fetch(&server, of(&server)).unwrap(), b"x");
    let server = Server::saying("SSH-2.0-OpenSSH_9.2p1\r\n");
    assert_eq!(reason(&server, of(&server)), "connection");
}

#[test]
fn a_compressed_body_is_refused_and_a_plain_one_is_not() {
    let encoded = |encoding: &str| {
        Server::saying(format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: 1\r\n\r\nx"
        ))
    };
    for encoding in [
        "gzip",
        "br",
        "deflate",
        "identity, gzip",
        "identity\r\nContent-Encoding: gzip",
    ] {
        let server = encoded(encoding);
        assert_eq!(reason(&server, of(&server)), "encoding", "{encoding}");
    }
    let server = encoded("Identity");
    assert_eq!(fetch(&server, of(&server)).unwrap(), b"x");
}

#[test]
fn a_closed_port_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let location = format!("http://{address}/");
    let crl = Request::Crl {
        location: &location,
    };
    let error = Fetcher::new(allowing(&address)).fetch(&crl).unwrap_err();
    assert_eq!(
        sentence(&error),
        format!("{location} cannot be fetched: Connection refused")
    );
    assert_eq!(error.reason(), "connection");
}

/// A server for mx.example and 127.0.0.1.
fn encrypted() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let version = &rustls::version::TLS13;
            let config = server_config(rust_crypto(), version, (Authority::EcP256, "p256"));
            let tls = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
            let mut lines = BufReader::new(tls);
            if receive(&mut lines).is_some() {
                let _client_is_gone = lines.get_mut().write_all(&ok(b"over TLS"));
            }
        }
    });
    port
}

#[test]
fn https_is_for_the_right_name_and_a_trusted_certificate() {
    let port = encrypted();
    let trust = |authority: Authority| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), authority.root()).unwrap();
        file
    };
    let ask = |name: &str, authority| {
        let file = trust(authority);
        let options = Options {
            trust: Arc::new(Trust::file(file.path())),
            ..allowing(&format!("{name}:{port}"))
        };
        Fetcher::with_resolver(options, Script::new(&["127.0.0.1"])).fetch(&Request::Crl {
            location: &format!("https://{name}:{port}/"),
        })
    };
    for name in ["mx.example", "127.0.0.1"] {
        assert_eq!(ask(name, Authority::EcP256).unwrap(), b"over TLS");
        let stranger = ask(name, Authority::Rsa).unwrap_err();
        assert_eq!(stranger.reason(), "connection");
    }
    let other = ask("pki.example", Authority::EcP256).unwrap_err();
    assert_eq!(other.reason(), "connection");
}

#[test]
fn offline_nobody_is_asked_and_what_was_kept_is_there() {
    let server = Server::saying(ok(b"a CRL"));
    let directory = tempfile::tempdir().unwrap();
    let options = |offline| Options {
        cache: Some(directory.path().join("cache")),
        offline,
        ..of(&server)
    };
    let location = server.location("/x");
    let crl = Request::Crl {
        location: &location,
    };
    let online = Fetcher::new(options(false));
    assert!(online.kept(&crl).is_none());
    let retrieved = online.retrieve(&crl).unwrap();
    // Whoever asked has to find it good.
    assert!(online.kept(&crl).is_none());
    online.keep(
        &crl,
        &retrieved.octets,
        "2001-01-01T00:00:00Z".parse().unwrap(),
    );

    let offline = Fetcher::new(options(true));
    let kept = offline.kept(&crl).unwrap();
    assert_eq!((&*kept.octets, kept.from_cache), (&b"a CRL"[..], true));
    assert_eq!(offline.fetch(&crl).unwrap_err().reason(), "offline");
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_cache_that_cannot_be_written_is_no_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let crl = Request::Crl {
        location: "http://crl.example.com/",
    };
    for cache in [None, Some(file.path().join("below"))] {
        let fetcher = Fetcher::new(Options {
            cache,
            ..Options::default()
        });
        fetcher.keep(&crl, b"x", Timestamp::MAX);
        assert!(fetcher.kept(&crl).is_none());
    }
}

// The environment is set for a process: this test runs itself in one.
#[test]
fn a_proxy_of_the_environment_is_not_asked() {
    const NAME: &str = "fetch::tests::a_proxy_of_the_environment_is_not_asked";
    let server = Server::saying(ok(b"a CRL"));
    if std::env::var_os("ALL_PROXY").is_some() {
        assert_eq!(fetch(&server, of(&server)).unwrap(), b"a CRL");
        assert!(server.received()[0].head.starts_with("GET /x "));
        return;
    }
    let proxy = Server::saying(ok(b"a proxy's"));
    let address = proxy.location("");
    let run = Command::new(std::env::current_exe().unwrap())
        .args([NAME, "--exact"])
        .envs(["ALL_PROXY", "HTTP_PROXY", "http_proxy"].map(|name| (name, &address)))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && told.contains("1 passed"), "{told}");
    assert!(proxy.received().is_empty());
}
