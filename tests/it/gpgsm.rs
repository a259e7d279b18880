//! gpgsm as the other side, in a GNUPGHOME of its own: what it finds in a sealed mail, and what it seals.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::support::{Keys, PYTHON, project, tool};

/// What [`Gpgsm`] needs of the machine.
pub const NEEDS: &[&str] = &["gpgsm", "gpg-agent", "openssl", "python3"];
const PASSPHRASE: &str = "x";

/// A GNUPGHOME of its own that trusts our root and holds the keys of three recipients.
pub struct Gpgsm(TempDir);

impl Gpgsm {
    pub fn new(keys: &Keys) -> Gpgsm {
        let home = TempDir::new_in("/tmp").expect("a short path, for the agent's socket");
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700))
            .expect("our own directory");
        let gpgsm = Gpgsm(home);
        gpgsm.write("gpgsm.conf", "disable-crl-checks\nno-common-certs-import\n");
        gpgsm.write("gpg-agent.conf", "allow-loopback-pinentry\n");
        let (root, intermediate) = (
            project("testdata/pki/root.crt"),
            project("testdata/pki/intermediate.crt"),
        );
        let words = ["x509", "-noout", "-fingerprint", "-sha1", "-in"].map(std::ffi::OsStr::new);
        let said = tool("openssl", &[&words[..], &[root.as_os_str()]].concat(), b"");
        let said = String::from_utf8(said).expect("a fingerprint is ASCII");
        let (_, fingerprint) = said.trim().split_once('=').expect("a fingerprint after =");
        gpgsm.write("trustlist.txt", &format!("{fingerprint} S relax\n"));
        gpgsm.good(&["--import"], &[&root, &intermediate], "");
        for name in ["bob", "carol", "pkcs1"] {
            gpgsm.import(keys, name);
        }
        gpgsm
    }

    fn import(&self, keys: &Keys, name: &str) {
        let bag = self.0.path().join("bag.p12");
        let (certificate, key) = (
            keys.file(&format!("{name}@example.com.crt")),
            keys.file(&format!("{name}@example.com.pem")),
        );
        let arguments = [
            "pkcs12".as_ref(),
            "-export".as_ref(),
            "-legacy".as_ref(),
            "-passout".as_ref(),
            "pass:x".as_ref(),
            "-in".as_ref(),
            certificate.as_os_str(),
            "-inkey".as_ref(),
            key.as_os_str(),
            "-out".as_ref(),
            bag.as_os_str(),
        ];
        // The salts are random, and of some bags gpgsm 2.2 cannot make sense: "data error at
        // shrouded_key_bag.decrypted-text". Another export of the same key then opens.
        let mut said = String::new();
        for _ in 0..3 {
            tool("openssl", &arguments, b"");
            let output = self.run(&["--import"], &[&bag], PASSPHRASE);
            if output.status.success() {
                return;
            }
            said = String::from_utf8_lossy(&output.stderr).into_owned();
        }
        panic!("gpgsm imports the key of {name} in none of three exports: {said}");
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        self.file(name, text.as_bytes())
    }

    fn file(&self, name: &str, octets: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, octets).expect("our own directory");
        path
    }

    /// Runs gpgsm, with the passphrase of the keys on its standard input.
    pub fn run(&self, words: &[&str], paths: &[&Path], passphrase: &str) -> Output {
        let mut child = Command::new("gpgsm")
            .env("GNUPGHOME", self.0.path())
            .env("LC_ALL", "C")
            .args([
                "--batch",
                "--pinentry-mode",
                "loopback",
                "--passphrase-fd",
                "0",
                "--status-fd",
                "2",
            ])
            .args(words)
            .args(paths)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("gpgsm starts");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        drop(writeln!(stdin, "{passphrase}"));
        drop(stdin);
        child
            .wait_with_output()
            .expect("the child is waited for once")
    }

    /// What gpgsm makes of `content`, in these words: a CMS object.
    #[track_caller]
    pub fn seal(&self, words: &str, content: &[u8]) -> Vec<u8> {
        let input = self.file("content", content);
        let words: Vec<&str> = words.split_whitespace().collect();
        self.good(
            &[&["--output", "-"], &words[..]].concat(),
            &[&input],
            PASSPHRASE,
        )
    }

    /// The CMS object of a sealed mail in a file, and the content that it signs in another.
    pub fn parts(&self, sealed: &[u8]) -> (PathBuf, Option<PathBuf>) {
        signed_parts(&self.0, sealed)
    }

    #[track_caller]
    fn good(&self, words: &[&str], paths: &[&Path], passphrase: &str) -> Vec<u8> {
        let output = self.run(words, paths, passphrase);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpgsm {words:?}: {said}");
        output.stdout
    }

    /// The content of a signed mail, once gpgsm has called its signature and path good.
    #[track_caller]
    pub fn verify(&self, sealed: &[u8]) -> Vec<u8> {
        let (signature, content) = signed_parts(&self.0, sealed);
        let opaque = content.is_none();
        let output = match &content {
            Some(content) => self.run(&["--verify"], &[&signature, content], ""),
            None => self.run(&["--output", "-", "--verify"], &[&signature], ""),
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(
            said.contains("GOODSIG") && said.contains("TRUST_FULLY"),
            "{said}"
        );
        if opaque {
            output.stdout
        } else {
            fs::read(content.expect("detached")).expect("our file")
        }
    }

    /// The content of an encrypted mail.
    #[track_caller]
    pub fn decrypt(&self, sealed: &[u8]) -> Vec<u8> {
        let (message, _) = signed_parts(&self.0, sealed);
        self.good(&["--decrypt"], &[&message], PASSPHRASE)
    }
}

impl Drop for Gpgsm {
    fn drop(&mut self) {
        // The agent of this home alone.
        let gone = Command::new("gpgconf")
            .env("GNUPGHOME", self.0.path())
            .args(["--kill", "all"])
            .status();
        drop(gone);
    }
}

/// The CMS object of a sealed mail in a file, and the signed content in another where it is detached.
/// The detached content is cut out by hand: up to the CRLF before the boundary (RFC 8551 3.5.3.1).
fn signed_parts(home: &TempDir, sealed: &[u8]) -> (PathBuf, Option<PathBuf>) {
    let directory = home.path().join("parts");
    drop(fs::remove_dir_all(&directory));
    fs::create_dir(&directory).expect("our own directory");
    let (mail, object) = (directory.join("mail"), directory.join("object"));
    fs::write(&mail, sealed).expect("our own directory");
    let script = "import email, sys\n\
        mail = email.message_from_bytes(open(sys.argv[1], 'rb').read())\n\
        part = mail.get_payload()[1] if mail.is_multipart() else mail\n\
        open(sys.argv[2], 'wb').write(part.get_payload(decode=True))\n\
        print(mail.get_boundary() or '')";
    let said = tool(
        PYTHON,
        &[
            "-c".as_ref(),
            script.as_ref(),
            mail.as_os_str(),
            object.as_os_str(),
        ],
        b"",
    );
    let boundary = String::from_utf8(said).expect("a boundary is ASCII");
    if boundary.trim().is_empty() {
        return (object, None);
    }
    let text = String::from_utf8(sealed.to_vec()).expect("a sealed mail is ASCII");
    let delimiter = format!("--{}\r\n", boundary.trim());
    let content = text.split(&delimiter).nth(1).expect("a first part");
    let path = directory.join("content");
    fs::write(
        &path,
        content
            .strip_suffix("\r\n")
            .expect("a CRLF before the boundary"),
    )
    .expect("ours");
    (object, Some(path))
}
