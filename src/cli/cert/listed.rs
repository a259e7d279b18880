//! One certificate of `cert list`: a line for people, an object for scripts.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::Timestamp;
use mailseal::address::Address;
use mailseal::report::CertificateReport;
use mailseal::store::Provenance;
use mailseal::x509::Certificate;
use mailseal::x509::name::Name;
use serde::Serialize;

use crate::cli::{Global, output};

use super::details::{days_left, is_without_end};
use super::inventory::LockedFile;
use super::line;
use super::stored::ProvenanceReport;

/// As many addresses, or files, have room in a line.
const ROOM: usize = 2;

/// A certificate as it is listed.
pub(super) struct Listed {
    report: CertificateReport,
    pub(super) days_left: i64,
    pub(super) not_after: Timestamp,
    begin: Option<Timestamp>,
    is_without_end: bool,
    addresses: Vec<Address>,
    issuer: String,
    purposes: Vec<&'static str>,
    files: Vec<PathBuf>,
    key: KeyBeside,
    provenance: Option<ProvenanceReport>,
}

/// The private key that lies beside a certificate.
pub(super) enum KeyBeside {
    /// It belongs to the certificate.
    Own(PathBuf),
    /// Nobody can tell without its password.
    Locked(PathBuf),
    /// It is of a kind that is not known here, or malformed.
    Unusable(PathBuf),
    /// It is another one's.
    Others(PathBuf),
    None,
}

impl Listed {
    pub(super) fn new(
        certificate: &Certificate,
        files: Vec<PathBuf>,
        key: KeyBeside,
        now: Timestamp,
    ) -> Listed {
        let begin = certificate.not_before();
        Listed {
            report: CertificateReport::of(certificate),
            days_left: days_left(certificate, now),
            not_after: certificate.not_after(),
            begin: (now < begin).then_some(begin),
            is_without_end: is_without_end(certificate),
            addresses: certificate.emails().to_vec(),
            issuer: short(certificate.issuer_der(), certificate.issuer()),
            purposes: purposes(certificate),
            files,
            key,
            provenance: None,
        }
    }

    /// The same, with where it comes from, if that is known.
    pub(super) fn collected(self, provenances: &HashMap<String, Provenance>) -> Listed {
        let provenance = provenances.get(&self.report.sha256);
        Listed {
            provenance: provenance.map(ProvenanceReport::of),
            ..self
        }
    }

    fn addresses(&self) -> String {
        match self.addresses.is_empty() {
            true => "-".to_owned(),
            false => first_of(&self.addresses),
        }
    }

    fn purposes(&self) -> String {
        match self.purposes.is_empty() {
            true => "-".to_owned(),
            false => self.purposes.join(", "),
        }
    }

    fn last_day(&self) -> String {
        match self.is_without_end {
            true => "without end".to_owned(),
            false => self.not_after.strftime("%Y-%m-%d").to_string(),
        }
    }

    /// Subject, issuer, and what is out of the ordinary.
    fn rest(&self, global: &Global) -> String {
        let mut rest = format!("{}, by {}", self.report.subject, self.issuer);
        if let Some(begin) = self.begin {
            rest.push_str(&format!(", not before {}", begin.strftime("%Y-%m-%d")));
        }
        // `<address>.crt` says nothing new.
        let is_named = |file: &PathBuf| {
            let stem = file.file_stem().and_then(|stem| stem.to_str());
            let names = |address: &Address| Some(&*address.to_string()) == stem;
            self.addresses.iter().any(names)
        };
        let files: Vec<_> = self.files.iter().map(|file| file.display()).collect();
        if global.verbose {
            let files: Vec<String> = files.iter().map(ToString::to_string).collect();
            rest.push_str(&format!(", in {}", files.join(", ")));
            if let Some(provenance) = &self.provenance {
                rest.push_str(&format!(", {}", provenance.sentence()));
            }
        } else if !self.files.iter().any(is_named) {
            rest.push_str(&format!(", in {}", first_of(&files)));
        }
        rest
    }
}

impl KeyBeside {
    fn words(&self) -> &'static str {
        match self {
            KeyBeside::Own(_) => "key",
            KeyBeside::Locked(_) => "locked key",
            KeyBeside::Unusable(_) => "unusable key",
            KeyBeside::Others(_) => "wrong key",
            KeyBeside::None => "-",
        }
    }
}

/// One line each, the columns under each other.
pub(super) fn lines(listed: &[Listed], global: &Global) {
    let columns = |listed: &Listed| {
        [
            format!("{} days", listed.days_left),
            listed.last_day(),
            listed.addresses(),
            listed.purposes(),
            listed.key.words().to_owned(),
        ]
    };
    let rows: Vec<[String; 5]> = listed.iter().map(columns).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    for (listed, [days, day, addresses, purposes, key]) in listed.iter().zip(&rows) {
        let [a, b, c, d, e] = widths;
        let rest = listed.rest(global);
        line(format_args!(
            "{days:>a$}  {day:<b$}  {addresses:<c$}  {purposes:<d$}  {key:<e$}  {rest}"
        ));
    }
}

#[derive(Serialize)]
struct Report<'a> {
    version: u8,
    /// The first file that it is in.
    file: String,
    #[serde(flatten)]
    certificate: &'a CertificateReport,
    /// Whole days until it expires, negative after that.
    days_left: i64,
    purposes: &'a [&'static str],
    private_key: Option<KeyReport>,
    /// All of them.
    files: Vec<String>,
    /// Null if the operator has put it there.
    provenance: Option<&'a ProvenanceReport>,
}

#[derive(Serialize)]
struct KeyReport {
    file: String,
    /// Whether it belongs to the certificate; null where nobody can tell, for want of its password or
    /// because it cannot be used.
    matches: Option<bool>,
}

pub(super) fn json(listed: &Listed) {
    let shown = |file: &PathBuf| file.display().to_string();
    let files: Vec<String> = listed.files.iter().map(shown).collect();
    let key = match &listed.key {
        KeyBeside::Own(file) => Some((file, Some(true))),
        KeyBeside::Locked(file) | KeyBeside::Unusable(file) => Some((file, None)),
        KeyBeside::Others(file) => Some((file, Some(false))),
        KeyBeside::None => None,
    };
    let report = Report {
        version: 1,
        file: files.first().cloned().unwrap_or_default(),
        certificate: &listed.report,
        days_left: listed.days_left,
        purposes: &listed.purposes,
        private_key: key.map(|(file, matches)| KeyReport {
            file: shown(file),
            matches,
        }),
        files,
        provenance: listed.provenance.as_ref(),
    };
    match serde_json::to_string(&report) {
        Ok(text) => output::line(text),
        Err(error) => output::say(error),
    }
}

/// A file that shows nothing: scripts have to know that the list is not whole.
pub(super) fn json_locked(locked: &LockedFile) {
    output::line(serde_json::json!({
        "version": 1,
        "file": locked.file.display().to_string(),
        "outcome": "locked",
        "detail": locked.to_string(),
    }));
}

/// Who signs their own certificate for a start is often a CA, and uses it for mail.
fn purposes(certificate: &Certificate) -> Vec<&'static str> {
    let constraints = certificate.basic_constraints().ok().flatten();
    let is_ca = constraints.is_some_and(|constraints| constraints.is_ca);
    let is_for_mail = certificate.permits_email() && !(is_ca && certificate.emails().is_empty());
    let purposes = [
        ("ca", is_ca),
        ("sign", is_for_mail && certificate.may_sign()),
        ("receive", is_for_mail && certificate.may_receive()),
    ];
    let allowed = purposes.into_iter().filter(|(_, may)| *may);
    allowed.map(|(purpose, _)| purpose).collect()
}

/// The first few, and how many more.
fn first_of(all: &[impl ToString]) -> String {
    let shown: Vec<String> = all.iter().take(ROOM).map(ToString::to_string).collect();
    match all.len().saturating_sub(ROOM) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What people call somebody by.
fn short(name: &[u8], whole: &str) -> String {
    let name = Name::from_der(name);
    let short = name.as_ref().ok().and_then(Name::short);
    short.unwrap_or(whole).to_owned()
}
