//! What gpgsm makes of a PKI, asked about a signature of its leaf, in a GNUPGHOME of its own.
//!
//! gpgsm is an oracle for the path itself: names, signatures, dates, basicConstraints, key usage,
//! critical extensions. It is none for name constraints and policies, which it does not process,
//! nor for the extended key usage of CAs; partial chains it does not know.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use mailseal::path::Purpose;
use sha1::{Digest, Sha1};
use tempfile::TempDir;

use super::der::{element, explicit, integer, now_and, octet_string, oid, sequence};
use super::explanations::{Explanation, GPGSM};
use super::judge::Peer;
use super::keys::{ecdsa_with_sha256, sign};
use super::openssl;
use super::pki::{Encoded, Pki, Policy};

/// What [`Gpgsm`] needs of the machine.
pub const NEEDS: &[&str] = &["gpgsm", "gpg-agent", "gpgconf"];

pub struct Gpgsm(TempDir);

impl Gpgsm {
    pub fn new() -> Gpgsm {
        let home = TempDir::new_in("/tmp").expect("a short path, for the agent's socket");
        let path = home.path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("our own directory");
        let configuration = "disable-dirmngr\ndisable-crl-checks\nno-common-certs-import\n";
        fs::write(path.join("gpgsm.conf"), configuration).expect("our own directory");
        Gpgsm(home)
    }

    /// The PKI without what gpgsm does not look at, unless that is what it is about.
    pub fn ask_about(pki: &Pki) -> Option<Pki> {
        let is_beyond_it = |quirk: &&'static str| ["name constraints", "policies"].contains(quirk);
        if pki.quirks.iter().any(is_beyond_it) {
            return None;
        }
        let mut pki = pki.clone();
        pki.purpose = Purpose::EmailSigning;
        pki.policy = Policy::default();
        pki.lists = None;
        pki.partial_chain = false;
        for certificate in &mut pki.certificates {
            certificate.purposes = None;
            // Its clock goes on from the time that it is told: in a few seconds more may be valid, or less.
            certificate.not_before = away_from_now(certificate.not_before, 0);
            certificate.not_after = away_from_now(certificate.not_after, -1);
        }
        Some(pki)
    }

    fn run(&self, program: &str, words: &[&str]) -> Output {
        Command::new(program)
            .args(words)
            .current_dir(self.0.path())
            .env("GNUPGHOME", self.0.path())
            .env("LC_ALL", "C")
            .output()
            .unwrap_or_else(|error| panic!("{program} starts: {error}"))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }
}

/// A time in seconds from now. One that is less than an hour away is moved: `last` and what is before to
/// an hour ago, the rest to an hour ahead.
fn away_from_now(seconds: i64, last: i64) -> i64 {
    const HOUR: i64 = 3600;
    match seconds {
        _ if seconds.abs() >= HOUR => seconds,
        _ if seconds > last => HOUR,
        _ => -HOUR,
    }
}

impl Peer for Gpgsm {
    /// The lines that gpgsm writes for people.
    fn judge(&self, pki: &Pki, encoded: &Encoded) -> Result<Option<BTreeSet<String>>, Vec<String>> {
        openssl::write(self.0.path(), pki, encoded);
        fs::write(self.path("signed.p7m"), signed_by_leaf(pki, encoded)).expect("our directory");
        fs::write(self.path("trustlist.txt"), trusted(pki, encoded)).expect("our directory");
        drop(fs::remove_file(self.path("pubring.kbx")));
        // The agent remembers the list.
        self.run("gpgconf", &["--reload", "gpg-agent"]);
        // A certificate is not imported before the issuer that its key identifier names, if there is
        // another one of the name: the second time all are there. What is not imported then is told
        // of when it is missed.
        let files = ["anchors.pem", "pool.pem", "pool.pem"];
        let files = files.into_iter().filter(|name| !is_empty(&self.path(name)));
        self.run(
            "gpgsm",
            &[&["--batch", "--import"], &files.collect::<Vec<_>>()[..]].concat(),
        );
        let at = now_and(0).strftime("%Y%m%dT%H%M%S").to_string();
        let words = [
            "--batch",
            "--status-fd",
            "1",
            "--faked-system-time",
            &at,
            "--verify",
        ];
        let output = self.run("gpgsm", &[&words[..], &["signed.p7m"]].concat());
        let status = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut complaints: Vec<String> = said.lines().filter_map(complaint).collect();
        let is_trusted = status.contains("GOODSIG") && status.contains("TRUST_FULLY");
        match (is_trusted, complaints.is_empty()) {
            (true, true) => return Ok(None),
            (false, true) => complaints.push(said),
            _ => {}
        }
        Err(complaints)
    }

    /// It says of many things no more than that there is no chain.
    fn has_our_reason(&self, _: &str, _: &[String]) -> bool {
        true
    }

    fn explanations(&self) -> &'static [Explanation] {
        GPGSM
    }
}

/// What gpgsm has against a signature. After some complaints it goes on.
fn complaint(line: &str) -> Option<String> {
    let text = line.strip_prefix("gpgsm: ")?;
    if text.starts_with("ksba_cms_parse failed") {
        return Some("cannot be read".to_owned());
    }
    let end = text.strip_prefix("invalid certification chain: ");
    let on_the_way = [
        "has expired",
        "not yet valid",
        "not have been used for signing",
        "Duplicated value",
    ];
    let is_one = || on_the_way.iter().any(|words| text.ends_with(words));
    end.or_else(|| is_one().then_some(text)).map(str::to_owned)
}

/// The list of those to trust.
fn trusted(pki: &Pki, encoded: &Encoded) -> String {
    let line = |place: &usize| {
        let digest = Sha1::digest(&encoded.certificates[*place]);
        let fingerprint = digest.iter().map(|octet| format!("{octet:02X}"));
        format!("{} S\n", fingerprint.collect::<String>())
    };
    pki.anchors.iter().map(line).collect()
}

/// SignedData without attributes (RFC 5652 5).
fn signed_by_leaf(pki: &Pki, encoded: &Encoded) -> Vec<u8> {
    const CONTENT: &[u8] = b"content";
    let leaf = &pki.certificates[pki.leaf()];
    let sha256 = sequence(&[oid("2.16.840.1.101.3.4.2.1")]);
    let data = sequence(&[
        oid("1.2.840.113549.1.7.1"),
        explicit(0, &octet_string(CONTENT)),
    ]);
    let signer_info = sequence(&[
        integer(1),
        sequence(&[leaf.issuer.der(), element(0x02, &leaf.serial)]),
        sha256.clone(),
        ecdsa_with_sha256(),
        octet_string(&sign(leaf.key, CONTENT)),
    ]);
    let signed_data = sequence(&[
        integer(1),
        element(0x31, &sha256),
        data,
        explicit(0, &encoded.certificates[pki.leaf()]),
        element(0x31, &signer_info),
    ]);
    sequence(&[oid("1.2.840.113549.1.7.2"), explicit(0, &signed_data)])
}

impl Drop for Gpgsm {
    fn drop(&mut self) {
        // The agent of this home alone.
        self.run("gpgconf", &["--kill", "all"]);
    }
}

fn is_empty(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() == 0)
}
