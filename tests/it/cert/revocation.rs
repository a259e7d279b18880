//! Revocation by what openssl makes: its CRLs, its OCSP answers in files, and its responder asked over
//! loopback, beside a web server with CRLs and issuers.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::json;
use crate::support::http_server::{Answer, HttpServer};
use crate::support::peer::{free_port, peers};
use crate::support::{Mailseal, tool};

/// A root, a CA, two leaves of which the second is revoked, and all that tells so.
struct Authority {
    directory: TempDir,
    web: HttpServer,
    responder_port: u16,
}

/// `openssl ca` wants its database named in a file.
const CONFIGURATION: &str = "[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\n\
    default_md = sha256\ndefault_crl_days = 30\n";

impl Authority {
    fn new() -> Authority {
        let directory = TempDir::new().expect("a temporary directory");
        let files = directory.path().to_owned();
        let web = HttpServer::start(move |request, _| {
            // A path of ours, and nothing that climbs out of it.
            let name = request.path.trim_start_matches('/').replace('/', "_");
            Answer::Octets(fs::read(files.join(name)).ok())
        });
        let authority = Authority {
            directory,
            web,
            responder_port: free_port(),
        };
        authority.make();
        authority
    }

    fn make(&self) {
        self.write("ca.cnf", CONFIGURATION);
        self.write("index.txt", "");
        for name in ["root", "ca", "good", "bad"] {
            let key =
                format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.pem");
            self.openssl(&key);
        }
        let ca = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n";
        self.certify("root", "root", 1, ca);
        self.certify("ca", "root", 2, ca);
        let (web, responder) = (self.web.port, self.responder_port);
        let leaf = |name: &str| {
            format!(
                "keyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n\
                 subjectAltName=email:{name}@example.com\n\
                 crlDistributionPoints=URI:http://127.0.0.1:{web}/ca.crl\n\
                 authorityInfoAccess=OCSP;URI:http://127.0.0.1:{responder}/,\
                 caIssuers;URI:http://127.0.0.1:{web}/ca.der\n"
            )
        };
        self.certify("good", "ca", 16, &leaf("good"));
        self.certify("bad", "ca", 17, &leaf("bad"));
        // What `openssl ca` keeps: status, end, revocation, serial number, file, subject.
        self.write(
            "index.txt",
            "V\t21991231235959Z\t\t10\tunknown\t/CN=good\n\
             R\t21991231235959Z\t260101000000Z,keyCompromise\t11\tunknown\t/CN=bad\n",
        );
        self.openssl("x509 -in ca.crt -outform DER -out ca.der");
        self.openssl("ca -gencrl -config ca.cnf -cert ca.crt -keyfile ca.pem -out ca.crl.pem");
        self.openssl("crl -in ca.crl.pem -outform DER -out ca.crl");
        for name in ["good", "bad"] {
            self.openssl(&format!(
                "ocsp -issuer ca.crt -cert {name}.crt -index index.txt -CA ca.crt -rsigner ca.crt \
                 -rkey ca.pem -ndays 30 -respout {name}.ocsp"
            ));
        }
    }

    fn certify(&self, name: &str, issuer: &str, serial_number: u8, extensions: &str) {
        self.write("extensions.cnf", extensions);
        self.openssl(&format!(
            "req -new -key {name}.pem -subj /CN={name} -out request.pem"
        ));
        let signer = match name == issuer {
            true => format!("-signkey {name}.pem"),
            false => format!("-CA {issuer}.crt -CAkey {issuer}.pem"),
        };
        self.openssl(&format!(
            "x509 -req -in request.pem {signer} -set_serial {serial_number} -days 60000 \
             -extfile extensions.cnf -out {name}.crt"
        ));
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .output()
            .expect("openssl runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {said}");
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).expect("our own directory");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// `cert check` of a leaf, by this root.
    fn check(&self, name: &str, arguments: &str) -> Mailseal {
        Mailseal::new("cert check --trust root.crt")
            .args(arguments.split_whitespace())
            .arg(format!("{name}.crt"))
            .directory(self.directory.path())
    }

    /// The flags that let it ask on loopback.
    fn fetching(&self) -> String {
        let (web, responder) = (self.web.port, self.responder_port);
        format!(
            "--fetch --fetch-cache cache --fetch-allow 127.0.0.1:{web} \
             --fetch-allow 127.0.0.1:{responder}"
        )
    }

    /// openssl's responder, ready to answer.
    fn responder(&self) -> Responder {
        let port = self.responder_port.to_string();
        let child = Command::new("openssl")
            .args([
                "ocsp",
                "-index",
                "index.txt",
                "-CA",
                "ca.crt",
                "-rsigner",
                "ca.crt",
            ])
            .args(["-rkey", "ca.pem", "-ndays", "30", "-port", &port])
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs");
        let begin = Instant::now();
        // It serves one connection after the other: one to see whether it is there would block it.
        while TcpListener::bind(("127.0.0.1", self.responder_port)).is_ok() {
            assert!(begin.elapsed() < Duration::from_secs(20), "no responder");
            std::thread::sleep(Duration::from_millis(50));
        }
        Responder(child)
    }
}

struct Responder(std::process::Child);

impl Drop for Responder {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Exit code, reason, and of each certificate its standing and the kinds of what told it.
#[track_caller]
fn judged(run: Mailseal) -> (Option<i32>, Option<String>, Vec<String>) {
    let (status, report) = json(run);
    let reason = report["reason"].as_str().map(str::to_owned);
    let standings = report["revocation"].as_array().expect("a list");
    let told = |standing: &Value| {
        let sources = standing["sources"].as_array().expect("a list");
        let sources: Vec<String> = sources
            .iter()
            .map(|source| {
                assert!(source["this_update"].is_string(), "{source}");
                let cached = if source["cached"] == true {
                    ", kept"
                } else {
                    ""
                };
                format!("{}{cached}", source["kind"].as_str().expect("a word"))
            })
            .collect();
        let (subject, status) = (&standing["subject"], &standing["status"]);
        let word = |value: &Value| value.as_str().expect("a word").to_owned();
        format!("{} {} {}", word(subject), word(status), sources.join("+"))
    };
    (status, reason, standings.iter().map(told).collect())
}

#[track_caller]
fn stands(run: Mailseal, expected: &[&str]) {
    let expected = expected.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(judged(run), (Some(0), None, expected));
}

#[track_caller]
fn falls(run: Mailseal, reason: &str, expected: &[&str]) {
    let expected = expected.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(judged(run), (Some(1), Some(reason.to_owned()), expected));
}

#[test]
fn crls_and_ocsp_answers_of_openssl_count_as_softly_as_they_are_to() {
    if !peers(&["openssl"]) {
        return;
    }
    let authority = Authority::new();
    let with_ca = "--intermediates ca.crt";
    let check = |name, flags: &str| authority.check(name, &format!("{with_ca} {flags}"));
    stands(check("good", ""), &[]);
    stands(check("bad", ""), &[]);
    // The root has no CRL, so of the CA nobody can tell.
    let unknown = "CN=ca unknown ";
    for flag in [
        "--crl ca.crl",
        "--ocsp good.ocsp",
        "--crl ca.crl --ocsp good.ocsp",
    ] {
        falls(check("good", flag), "revocation-unknown", &[unknown]);
    }
    let soft = |name, flags: &str| check(name, &format!("--revocation soft {flags}"));
    stands(soft("good", "--crl ca.crl"), &["CN=good good crl", unknown]);
    stands(
        soft("good", "--ocsp good.ocsp"),
        &["CN=good good ocsp", unknown],
    );
    stands(
        soft("good", "--ocsp bad.ocsp"),
        &["CN=good unknown ", unknown],
    );
    falls(
        soft("bad", "--crl ca.crl"),
        "revoked",
        &["CN=bad revoked crl"],
    );
    falls(
        soft("bad", "--ocsp bad.ocsp"),
        "revoked",
        &["CN=bad revoked ocsp"],
    );
    stands(soft("bad", ""), &["CN=bad unknown ", unknown]);
    let anchored =
        |flags: &str| authority.check("good", &format!("--trust ca.crt --partial-chain {flags}"));
    stands(anchored("--crl ca.crl"), &["CN=good good crl"]);
    stands(anchored("--ocsp good.ocsp"), &["CN=good good ocsp"]);
    // In two months there should be newer ones.
    let later = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(60 * 24)).to_string();
    for flag in ["--crl ca.crl", "--ocsp good.ocsp"] {
        let run = anchored(&format!("{flag} --at {later}"));
        falls(run, "revocation-unknown", &["CN=good unknown "]);
    }
}

#[test]
fn what_certificates_point_to_is_fetched_and_kept() {
    if !peers(&["openssl"]) {
        return;
    }
    let authority = Authority::new();
    let check = |name, flags: &str| {
        let fetching = authority.fetching();
        authority.check(
            name,
            &format!("{fetching} --trust ca.crt --partial-chain {flags}"),
        )
    };
    // The issuer by AIA, up to the root.
    let fetching = authority.fetching();
    let lonely = |flags: &str| authority.check("good", flags);
    falls(lonely(""), "no-trusted-issuer", &[]);
    stands(lonely(&format!("{fetching} --revocation off")), &[]);

    {
        let _responder = authority.responder();
        stands(check("good", "--revocation hard"), &["CN=good good ocsp"]);
        falls(
            check("bad", "--revocation hard"),
            "revoked",
            &["CN=bad revoked ocsp"],
        );
    }
    // The responder is gone: what it said is kept; and the web server's CRL is there.
    stands(
        check("good", "--revocation hard"),
        &["CN=good good ocsp, kept"],
    );
    stands(
        check("good", "--revocation hard --offline"),
        &["CN=good good ocsp, kept"],
    );
    fs::remove_dir_all(authority.file("cache")).expect("the cache is there");
    falls(
        check("good", "--revocation hard --offline"),
        "revocation-unknown",
        &["CN=good unknown "],
    );
    stands(check("good", ""), &["CN=good good crl"]);
    stands(check("good", "--offline"), &["CN=good good crl, kept"]);
    falls(
        check("bad", "--offline"),
        "revoked",
        &["CN=bad revoked crl, kept"],
    );
    let asked = authority.web.requests();
    assert_eq!(
        asked
            .iter()
            .filter(|request| request.path == "/ca.crl")
            .count(),
        1
    );
}

#[test]
fn nobody_is_asked_inside_the_operators_network_unless_allowed() {
    if !peers(&["openssl"]) {
        return;
    }
    let authority = Authority::new();
    let fetching = "--fetch --fetch-cache cache --trust ca.crt --partial-chain";
    let unknown = &["CN=good unknown "];
    stands(authority.check("good", fetching), unknown);
    let hard = authority.check("good", &format!("{fetching} --revocation hard"));
    falls(hard, "revocation-unknown", unknown);
    assert!(authority.web.requests().is_empty());
    let outcome = authority.check("good", fetching).run();
    let said = String::from_utf8(outcome.stdout).expect("UTF-8");
    assert!(
        said.contains("asked in vain") && said.contains("--fetch-allow 127.0.0.1:"),
        "{said}"
    );
}

#[test]
fn crls_travel_in_messages() {
    if !peers(&["openssl"]) {
        return;
    }
    let authority = Authority::new();
    authority.write("mail.txt", "From: good@example.com\r\n\r\nhello\r\n");
    authority.openssl(
        "cms -sign -in mail.txt -signer good.crt -inkey good.pem -certfile ca.crt -outform DER \
         -nodetach -binary -out signed.der",
    );
    let signed = fs::read(authority.file("signed.der")).expect("openssl wrote it");
    let list = fs::read(authority.file("ca.crl")).expect("openssl wrote it");
    let message = with_revocation_list(&signed, &list);
    let read = tool(
        "openssl",
        &["cms", "-cmsout", "-print", "-inform", "DER"].map(OsStr::new),
        &message,
    );
    let read = String::from_utf8_lossy(&read);
    assert!(read.contains("d.crl"), "openssl sees none: {read}");
    let path = authority.file("with-crl.der");
    fs::write(&path, message).expect("our own directory");
    let verify = |file: &Path| {
        let run = Mailseal::new("verify --revocation soft --from good@example.com --trust")
            .arg(authority.file("root.crt"))
            .arg(file);
        let (status, report) = json(run);
        let revocation = report["layers"][0]["signers"][0]["revocation"][0].clone();
        (
            status,
            revocation["status"].clone(),
            revocation["sources"][0]["from"].clone(),
        )
    };
    let (status, standing, from) = verify(&path);
    assert_eq!(
        (status, standing, from),
        (Some(0), "good".into(), "message".into())
    );
    let (status, standing, from) = verify(&authority.file("signed.der"));
    assert_eq!(
        (status, standing, from),
        (Some(0), "unknown".into(), Value::Null)
    );
}

/// SignedData with this CRL behind its certificates (RFC 5652 5.1): openssl has no flag for that.
fn with_revocation_list(signed: &[u8], list: &[u8]) -> Vec<u8> {
    let element = |tag: u8, value: &[u8]| {
        let length = u32::try_from(value.len())
            .expect("it is small")
            .to_be_bytes();
        [&[tag, 0x84], &length[..], value].concat()
    };
    let header = |der: &[u8]| match der[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let octets = usize::from(long & 0x7f);
            let length = der[2..2 + octets]
                .iter()
                .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
            (2 + octets, length)
        }
    };
    let inside = |der: &[u8]| {
        let (begin, length) = header(der);
        der[begin..begin + length].to_vec()
    };
    let content_info = inside(signed);
    let (begin, length) = header(&content_info);
    let (content_type, explicit) = content_info.split_at(begin + length);
    let signed_data = inside(&inside(explicit));
    let (mut position, mut fields) = (0, Vec::new());
    while position < signed_data.len() {
        let (begin, length) = header(&signed_data[position..]);
        fields.push(&signed_data[position..position + begin + length]);
        position += begin + length;
    }
    let lists = element(0xa1, list);
    fields.insert(fields.len() - 1, &lists);
    let content = element(0xa0, &element(0x30, &fields.concat()));
    element(0x30, &[content_type, &content[..]].concat())
}
