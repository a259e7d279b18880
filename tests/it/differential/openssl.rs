//! What `openssl verify` makes of a PKI.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use mailseal::path::Purpose;
use tempfile::TempDir;

use super::der::NOW;
use super::explanations::{Explanation, OPENSSL};
use super::judge::Peer;
use super::pki::{Encoded, Pki};
use super::quirks::ANY_POLICY;

/// What we say, and by which numbers OpenSSL says it.
const REASONS: &[(&str, &[&str])] = &[
    ("algorithm-mismatch", &["7"]),
    ("bad-signature", &["7"]),
    ("expired", &["10"]),
    ("extended-key-usage", &["26"]),
    // Who may not sign certificates is no CA to OpenSSL.
    ("key-usage", &["26", "79"]),
    // It finds no issuer for what it cannot read.
    ("malformed", &["20"]),
    ("malformed-extension", &["42", "43"]),
    ("name-constraints", &["47", "48", "51", "53"]),
    ("no-trusted-issuer", &["2", "18", "19", "20", "21"]),
    ("no-valid-policy", &["42", "43"]),
    ("not-a-ca", &["79"]),
    ("not-yet-valid", &["9"]),
    ("path-length", &["25"]),
    ("revocation-unknown", &["3", "8", "11", "12", "36"]),
    ("revoked", &["23"]),
    ("unknown-critical-extension", &["34"]),
];

/// A place for the files of one PKI after the other.
pub struct Openssl(TempDir);

impl Openssl {
    pub fn new() -> Openssl {
        Openssl(TempDir::new().expect("a temporary directory"))
    }
}

impl Peer for Openssl {
    /// The numbers of the errors (`X509_V_ERR_…` in x509_vfy.h), in the order of their finding.
    fn judge(&self, pki: &Pki, encoded: &Encoded) -> Result<Option<BTreeSet<String>>, Vec<String>> {
        write(self.0.path(), pki, encoded);
        let output = Command::new("openssl")
            .args(words(pki))
            .current_dir(self.0.path())
            .env("LC_ALL", "C")
            .output()
            .expect("openssl starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let errors: Vec<String> = said.lines().filter_map(error_number).collect();
        let is_ok = output.stdout.ends_with(b"leaf.pem: OK\n");
        assert_eq!(output.status.success(), is_ok, "{}: {said}", output.status);
        match is_ok {
            true if errors.is_empty() => Ok(Some(policies(&said))),
            // The tool goes on after some errors, and forgets them where a later check does well.
            _ if !errors.is_empty() => Err(errors),
            _ => panic!("openssl tells no reason: {said}"),
        }
    }

    fn has_our_reason(&self, ours: &str, theirs: &[String]) -> bool {
        let of_ours = REASONS.iter().filter(|(reason, _)| *reason == ours);
        let mut numbers = of_ours.flat_map(|(_, numbers)| *numbers);
        numbers.any(|number| theirs.iter().any(|word| word == number))
    }

    fn explanations(&self) -> &'static [Explanation] {
        OPENSSL
    }
}

/// Writes a PKI down as files; those that are empty are not there.
pub fn write(directory: &Path, pki: &Pki, encoded: &Encoded) {
    let pem = |label: &str, ders: &mut dyn Iterator<Item = &Vec<u8>>| -> String {
        ders.map(|der| pem::encode(&pem::Pem::new(label, der.clone())))
            .collect()
    };
    let certificates = |places: &[usize]| {
        pem(
            "CERTIFICATE",
            &mut places.iter().map(|place| &encoded.certificates[*place]),
        )
    };
    let write = |name: &str, text: String| {
        fs::write(directory.join(name), text).expect("our own directory");
    };
    write("leaf.pem", certificates(&[pki.leaf()]));
    write("anchors.pem", certificates(&pki.anchors));
    write("pool.pem", certificates(&pki.pool));
    let lists = encoded.lists.as_ref();
    write(
        "lists.pem",
        pem("X509 CRL", &mut lists.into_iter().flatten()),
    );
}

/// The command line, without the program.
pub fn words(pki: &Pki) -> Vec<String> {
    let purpose = match pki.purpose {
        Purpose::EmailSigning => "smimesign",
        Purpose::EmailReceiving => "smimeencrypt",
        Purpose::Server => "sslserver",
        Purpose::Client => "sslclient",
        _ => "any",
    };
    let mut words = format!(
        "verify -no-CApath -no-CAstore -CAfile anchors.pem -attime {NOW} -purpose {purpose} \
         -policy_check -policy_print"
    );
    let flags = [
        (!pki.pool.is_empty(), " -untrusted pool.pem"),
        (pki.lists.is_some(), " -crl_check_all -extended_crl"),
        (
            pki.lists.as_ref().is_some_and(|lists| !lists.is_empty()),
            " -CRLfile lists.pem",
        ),
        (pki.partial_chain, " -partial_chain"),
        (pki.policy.explicit, " -explicit_policy"),
        (pki.policy.inhibit_mapping, " -inhibit_map"),
        (pki.policy.inhibit_any, " -inhibit_any"),
    ];
    words.extend(
        flags
            .iter()
            .filter(|(is_set, _)| *is_set)
            .map(|(_, flag)| *flag),
    );
    // RFC 5280 6.1.1 (c): the set of those who do not care is anyPolicy; openssl's is empty.
    let policies: &[&str] = match pki.policy.initial.as_slice() {
        [] => &[ANY_POLICY],
        some => some,
    };
    words.extend(policies.iter().map(|policy| format!(" -policy {policy}")));
    words.push_str(" leaf.pem");
    words.split(' ').map(str::to_owned).collect()
}

/// `error 20 at 0 depth lookup: unable to get local issuer certificate`
fn error_number(line: &str) -> Option<String> {
    let (number, rest) = line.strip_prefix("error ")?.split_once(' ')?;
    rest.starts_with("at ").then(|| number.to_owned())
}

/// The user-constrained-policy-set, as `-policy_print` tells it.
fn policies(said: &str) -> BTreeSet<String> {
    let lines = said
        .lines()
        .skip_while(|line| !line.starts_with("User Policies:"))
        .skip(1);
    lines
        .take_while(|line| line.starts_with(' '))
        .filter_map(|line| line.trim().strip_prefix("Policy: "))
        .map(|policy| policy.replace("X509v3 Any Policy", ANY_POLICY))
        .collect()
}
