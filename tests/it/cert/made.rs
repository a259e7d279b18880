//! Certificates made by openssl for one test: a root, an intermediate, and people below it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::Files;
use crate::support::tool;

/// Files of a directory of their own: `root.crt`, `ca.crt`, and what a test makes.
pub struct Made(Files);

impl Made {
    pub fn new() -> Made {
        let made = Made(Files::new());
        let ca = "basicConstraints=critical,CA:TRUE";
        made.certificate(
            "root",
            "/CN=Root",
            None,
            &[ca, "keyUsage=critical,keyCertSign,cRLSign"],
        );
        made.certificate(
            "ca",
            "/CN=CA",
            Some("root"),
            &[ca, "keyUsage=critical,keyCertSign"],
        );
        made
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.0.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("made before")
    }

    pub fn write(&self, name: &str, octets: impl AsRef<[u8]>) -> PathBuf {
        self.0.write(name, octets)
    }

    /// `<name>.crt` by `ca`, and `<name>.key`, for mail to these addresses.
    pub fn person(&self, name: &str, addresses: &[&str]) {
        self.person_with(name, addresses, &[]);
    }

    pub fn person_with(&self, name: &str, addresses: &[&str], extensions: &[&str]) {
        let emails: Vec<String> = addresses.iter().map(|it| format!("email:{it}")).collect();
        let names = format!("subjectAltName={}", emails.join(","));
        let mut all = vec!["basicConstraints=CA:FALSE"];
        if !emails.is_empty() {
            all.push(&names);
        }
        match extensions {
            [] => all.extend([
                "extendedKeyUsage=emailProtection",
                "keyUsage=critical,digitalSignature,keyAgreement",
            ]),
            extensions => all.extend(extensions),
        }
        self.certificate(name, &format!("/CN={name}"), Some("ca"), &all);
    }

    /// For thirty days, on P-256.
    fn certificate(&self, name: &str, subject: &str, issuer: Option<&str>, extensions: &[&str]) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj";
        let mut arguments: Vec<String> = words.split(' ').map(str::to_owned).collect();
        arguments.push(subject.to_owned());
        // Or else openssl.cnf adds its own.
        let empty = self.write("empty.cnf", "[req]\ndistinguished_name=name\n[name]\n");
        arguments.extend(["-config".to_owned(), empty.display().to_string()]);
        for extension in extensions {
            arguments.extend(["-addext".to_owned(), (*extension).to_owned()]);
        }
        if let Some(issuer) = issuer {
            for (flag, extension) in [("-CA", "crt"), ("-CAkey", "key")] {
                let file = self.path(&format!("{issuer}.{extension}"));
                arguments.extend([flag.to_owned(), file.display().to_string()]);
            }
        }
        for (flag, file) in [("-keyout", &key), ("-out", &certificate)] {
            arguments.extend([flag.to_owned(), self.path(file).display().to_string()]);
        }
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        tool("openssl", &arguments, b"");
    }

    /// What `openssl WORDS FILE …` writes; a word that begins with @ is a file of ours.
    pub fn openssl(&self, words: &str) -> Vec<u8> {
        let argument = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.path(name).into_os_string(),
            None => word.into(),
        };
        let arguments: Vec<_> = words.split_whitespace().map(argument).collect();
        let arguments: Vec<&OsStr> = arguments.iter().map(AsRef::as_ref).collect();
        tool("openssl", &arguments, b"")
    }

    /// The same into a file, and its path.
    pub fn make(&self, name: &str, words: &str) -> PathBuf {
        self.write(name, self.openssl(words))
    }
}

/// The DER of every certificate of a PEM file.
pub fn certificates(path: &Path) -> Vec<Vec<u8>> {
    let text = fs::read(path).expect("the file is there");
    let blocks = mailseal::keys::pem::blocks(&text).expect("the file is PEM");
    let certificates = blocks.iter().filter(|block| block.label() == "CERTIFICATE");
    certificates.map(|block| block.content().to_vec()).collect()
}
