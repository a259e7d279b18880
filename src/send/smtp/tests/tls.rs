//! STARTTLS and implicit TLS, against a server with a certificate of its own authority.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustls::{ServerConnection, StreamOwned};

use super::{MESSAGE, outgoing, smtp_error};
use crate::crypto::tls_provider::rust_crypto;
use crate::crypto::tls_provider::tests::{Authority, server_config};
use crate::secret::Secret;
use crate::send::smtp::{Credentials, Error, Options, TlsMode, Transport};
use crate::send::{Kind, Sender};
use crate::trust::Trust;

/// Takes one connection and returns the commands that came under TLS.
fn server(mode: TlsMode) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_nodelay(true).unwrap();
        if mode != TlsMode::Implicit {
            converse_until_tls(&mut socket);
        }
        let version = &rustls::version::TLS13;
        let config = server_config(rust_crypto(), version, (Authority::EcP256, "p256"));
        let tls = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
        let mut commands = Vec::new();
        let _client_went = converse(tls, mode == TlsMode::Implicit, &mut commands);
        commands
    });
    (port, thread)
}

fn converse_until_tls(socket: &mut TcpStream) {
    let mut lines = BufReader::new(socket.try_clone().unwrap());
    let mut line = String::new();
    socket.write_all(b"220 mx.example ESMTP\r\n").unwrap();
    lines.read_line(&mut line).unwrap();
    socket
        .write_all(b"250-mx.example\r\n250 STARTTLS\r\n")
        .unwrap();
    line.clear();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "STARTTLS\r\n");
    socket.write_all(b"220 go ahead\r\n").unwrap();
}

fn converse(
    mut tls: StreamOwned<ServerConnection, TcpStream>,
    greets: bool,
    commands: &mut Vec<String>,
) -> std::io::Result<()> {
    if greets {
        tls.write_all(b"220 mx.example ESMTP\r\n")?;
    }
    let mut lines = BufReader::new(tls);
    let mut in_message = false;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let reply: &[u8] = match line.split([' ', '\r']).next() {
            Some("EHLO") => b"250-mx.example\r\n250 AUTH PLAIN\r\n",
            Some("AUTH") => b"235 ok\r\n",
            Some("DATA") => b"354 go ahead\r\n",
            _ if in_message && line != ".\r\n" => b"",
            _ => b"250 ok\r\n",
        };
        in_message = line == "DATA\r\n" || in_message && line != ".\r\n";
        commands.push(line.trim_end().to_owned());
        lines.get_mut().write_all(reply)?;
    }
}

fn options(port: u16, mode: Option<TlsMode>, trusted: Authority) -> Options {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), trusted.root()).unwrap();
    let trust = Trust::file(file.path());
    // Read now, for the file goes with this function.
    trust.client().unwrap();
    let credentials = Credentials {
        user: "alice".into(),
        password: Secret::from_string("pässword".into()),
    };
    Options {
        port,
        tls: mode,
        trust: Arc::new(trust),
        credentials: Some(credentials),
        retries: 0,
        ..Options::new("127.0.0.1")
    }
}

#[test]
fn login_and_message_go_under_tls() {
    for (mode, shown) in [
        (None, "STARTTLS"),
        (Some(TlsMode::Required), "STARTTLS"),
        (Some(TlsMode::Implicit), "TLS"),
    ] {
        let (port, server) = server(mode.unwrap_or(TlsMode::Opportunistic));
        let mut transport = Transport::new(options(port, mode, Authority::EcP256));
        let receipt = transport
            .send(&outgoing(&["bob@example.org"], MESSAGE))
            .unwrap();
        drop(transport);
        assert!(receipt.worst().is_none());
        assert_eq!(
            receipt.opened[0].to_string(),
            format!(
                "Opened SMTP connection ({shown}) to 127.0.0.1, port {port}, \
                 user=\"alice\", password=\"********\""
            )
        );
        let commands = server.join().unwrap();
        assert_eq!(commands[0], "EHLO [127.0.0.1]");
        assert_eq!(commands[1], "AUTH PLAIN AGFsaWNlAHDDpHNzd29yZA==");
        assert!(commands.contains(&"..hidden".to_owned()), "{commands:?}");
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_ends_it_before_the_login() {
    for mode in [None, Some(TlsMode::Required), Some(TlsMode::Implicit)] {
        let (port, server) = server(mode.unwrap_or(TlsMode::Opportunistic));
        let mut transport = Transport::new(options(port, mode, Authority::Rsa));
        let error = transport
            .send(&outgoing(&["bob@example.org"], MESSAGE))
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Permanent);
        let error = smtp_error(error);
        assert!(matches!(error, Error::Tls { .. }), "{error}");
        assert!(server.join().unwrap().is_empty());
    }
}

#[test]
fn a_certificate_for_another_name_ends_it() {
    let (port, server) = server(TlsMode::Required);
    let options = Options {
        host: "localhost".into(),
        ..options(port, Some(TlsMode::Required), Authority::EcP256)
    };
    let error = Transport::new(options).open().unwrap_err();
    assert!(matches!(smtp_error(error), Error::Tls { .. }));
    assert!(server.join().unwrap().is_empty());
}
