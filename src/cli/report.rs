//! What `open` and `verify` found, for people on standard error and for scripts in JSON.

use mailseal::cms::verification::VerifiedSignature;
use mailseal::crypto::DigestAlgorithm;
use mailseal::smime::open::{Coverage, Kind, Layer, Opened, Protection, Unproved, Verdict};
use mailseal::smime::verify::{AddressJudgement, Chain, Signer};
use mailseal::x509::Certificate;
use serde::Serialize;

use super::certificate_report::CertificateReport;
use super::failure::{Failure, causes};
use super::revocation_report::{self, StandingReport};
use super::{Global, output};

/// Tells everything: in JSON on standard output, or for people on standard error.
pub(super) fn write(opened: &Opened, withheld: Option<Unproved>, global: &Global) {
    if global.json {
        json(&Report::of(opened, withheld));
    } else if !global.quiet {
        people(opened, global);
    }
}

/// Tells scripts of a message that could not be read at all.
pub(super) fn failed(failure: Failure, global: &Global) -> Failure {
    if global.json {
        let report = Report {
            version: 1,
            verdict: name(Verdict::Invalid),
            reason: Some("malformed".to_owned()),
            detail: Some(failure.message.clone()),
            withheld: None,
            layers: Vec::new(),
        };
        json(&report);
    }
    failure
}

fn json(report: &Report) {
    match serde_json::to_string(report) {
        Ok(line) => output::line(line),
        Err(error) => output::say(error),
    }
}

fn people(opened: &Opened, global: &Global) {
    for layer in opened.layers() {
        output::say(headline(layer));
        for recipient in layer.recipients.iter().filter(|_| global.verbose) {
            output::say(format_args!("  encrypted to {recipient}"));
        }
        for signer in &layer.signers {
            tell(signer, global);
        }
        for certificate in &layer.certificates {
            output::say(format_args!("  certificate of {}", certificate.subject()));
        }
        for note in &layer.notes {
            output::say(format_args!("  note: {note}"));
        }
    }
    match (opened.verdict(), opened.reason()) {
        (Verdict::Valid, _) if opened.message().is_none() => {
            output::say("valid: every signature holds and covers the whole content");
        }
        (Verdict::Valid, _) => output::say(
            "valid: every signature holds and covers the whole message, but not the header fields \
             outside it, such as Subject",
        ),
        (verdict, Some((reason, detail))) => {
            output::say(format_args!("{}: {detail} ({reason})", name(verdict)));
        }
        (verdict, None) => output::say(name(verdict)),
    }
}

fn headline(layer: &Layer) -> String {
    let mut line = kind(layer.kind).to_owned();
    if let Some(cipher) = &layer.cipher {
        line.push_str(&format!(", {cipher}"));
    }
    match layer.recipients.len() {
        0 => {}
        1 => line.push_str(", for 1 recipient"),
        many => line.push_str(&format!(", for {many} recipients")),
    }
    if layer.coverage == Coverage::Partial {
        line.push_str(", only a part of the message");
    }
    line
}

fn tell(signer: &Signer, global: &Global) {
    let who = match &signer.certificate {
        Some(certificate) => {
            let emails: Vec<String> = certificate
                .emails()
                .iter()
                .map(ToString::to_string)
                .collect();
            let emails = match emails.is_empty() {
                true => "no address".to_owned(),
                false => emails.join(", "),
            };
            format!(
                "{} ({emails}), issued by {}",
                certificate.subject(),
                certificate.issuer()
            )
        }
        None => "somebody whose certificate is missing".to_owned(),
    };
    output::say(format_args!("  signed by {who}"));
    match &signer.signature {
        Ok(signature) => {
            let when = signature.signing_time();
            let when = when.map_or("at an unknown time".to_owned(), |time| format!("on {time}"));
            output::say(format_args!(
                "    signature: valid, {}, as the signer says {when}",
                signature.algorithm().name()
            ));
            for note in signature.notes() {
                output::say(format_args!("    note: {note}"));
            }
        }
        Err(error) => output::say(format_args!("    signature: invalid, {}", causes(error))),
    }
    match &signer.chain {
        Chain::Valid(validated) => {
            let anchor = validated.path().last().map_or("", Certificate::subject);
            output::say(format_args!("    chain: valid, up to {anchor}"));
            for certificate in validated.path().iter().filter(|_| global.verbose) {
                output::say(format_args!("      {}", certificate.subject()));
            }
            for standing in validated.revocation() {
                let sentence = revocation_report::sentence(standing);
                output::say(format_args!("      {sentence}"));
            }
        }
        Chain::Invalid(error) => {
            output::say(format_args!("    chain: invalid, {}", causes(error)));
        }
        Chain::Unchecked(why) => output::say(format_args!("    chain: unchecked, {why}")),
    }
    let address = match signer.address {
        AddressJudgement::Match => "match, that of From",
        AddressJudgement::Mismatch => "mismatch, From has another",
        AddressJudgement::Absent => "absent, there is nothing to compare",
    };
    let sender = match signer.sender {
        AddressJudgement::Match if signer.address != AddressJudgement::Match => "; that of Sender",
        _ => "",
    };
    output::say(format_args!("    address: {address}{sender}"));
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "valid",
        Verdict::Invalid => "invalid",
        Verdict::Unsigned => "unsigned",
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::MultipartSigned => "multipart/signed",
        Kind::SignedData => "signed-data",
        Kind::EnvelopedData => "enveloped-data",
        Kind::AuthEnvelopedData => "auth-enveloped-data",
        Kind::CompressedData => "compressed-data",
        Kind::CertsOnly => "certs-only",
        Kind::DigestedData => "digested-data",
        Kind::EncryptedData => "encrypted-data",
        Kind::Data => "data",
        Kind::Unknown => "unknown",
    }
}

/// As the flag `--digest` has it: sha256, sha3-256.
fn digest(algorithm: DigestAlgorithm) -> String {
    let name = algorithm.micalg();
    match name.strip_prefix("sha-") {
        Some(bits) => format!("sha{bits}"),
        None => name.to_owned(),
    }
}

fn address(judgement: AddressJudgement) -> &'static str {
    match judgement {
        AddressJudgement::Match => "match",
        AddressJudgement::Mismatch => "mismatch",
        AddressJudgement::Absent => "absent",
    }
}

#[derive(Serialize)]
struct Report {
    version: u8,
    verdict: &'static str,
    reason: Option<String>,
    detail: Option<String>,
    /// Why the content was not written, when it was not.
    withheld: Option<&'static str>,
    layers: Vec<LayerReport>,
}

#[derive(Serialize)]
struct LayerReport {
    kind: &'static str,
    coverage: &'static str,
    integrity: &'static str,
    cipher: Option<String>,
    recipients: Vec<RecipientReport>,
    signers: Vec<SignerReport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    certificates: Vec<CertificateReport>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct RecipientReport {
    kind: &'static str,
    identifier: String,
    algorithm: String,
}

#[derive(Serialize)]
struct SignerReport {
    signature: &'static str,
    chain: &'static str,
    address: &'static str,
    sender: &'static str,
    reason: Option<&'static str>,
    detail: Option<String>,
    digest: Option<String>,
    algorithm: Option<&'static str>,
    signing_time: Option<String>,
    certificate: Option<CertificateReport>,
    path: Vec<CertificateReport>,
    revocation: Vec<StandingReport>,
    notes: Vec<String>,
}

impl Report {
    fn of(opened: &Opened, withheld: Option<Unproved>) -> Report {
        let reason = opened.reason();
        let (reason, detail) = reason
            .map(|(reason, detail)| (reason.to_owned(), detail))
            .unzip();
        Report {
            version: 1,
            verdict: name(opened.verdict()),
            reason,
            detail,
            withheld: withheld.map(Unproved::reason),
            layers: opened.layers().iter().map(LayerReport::of).collect(),
        }
    }
}

impl LayerReport {
    fn of(layer: &Layer) -> LayerReport {
        LayerReport {
            kind: kind(layer.kind),
            coverage: match layer.coverage {
                Coverage::Whole => "whole",
                Coverage::Partial => "partial",
            },
            integrity: match layer.protection {
                Protection::Signed => "signed",
                Protection::Aead => "aead",
                Protection::None => "none",
            },
            cipher: layer.cipher.clone(),
            recipients: layer
                .recipients
                .iter()
                .map(|recipient| RecipientReport {
                    kind: recipient.kind,
                    identifier: recipient.identifier.clone(),
                    algorithm: recipient.algorithm.clone(),
                })
                .collect(),
            signers: layer.signers.iter().map(SignerReport::of).collect(),
            certificates: layer
                .certificates
                .iter()
                .map(CertificateReport::of)
                .collect(),
            notes: layer.notes.clone(),
        }
    }
}

impl SignerReport {
    fn of(signer: &Signer) -> SignerReport {
        let signature = signer.signature.as_ref().ok();
        SignerReport {
            signature: if signature.is_some() {
                "valid"
            } else {
                "invalid"
            },
            chain: match signer.chain {
                Chain::Valid(_) => "valid",
                Chain::Invalid(_) => "invalid",
                Chain::Unchecked(_) => "unchecked",
            },
            address: address(signer.address),
            sender: address(signer.sender),
            reason: signer.reason(),
            detail: signer.detail(),
            digest: signature.map(|it| digest(it.digest())),
            algorithm: signature.map(|it| it.algorithm().name()),
            signing_time: signature
                .and_then(VerifiedSignature::signing_time)
                .map(|time| time.to_string()),
            certificate: signer.certificate.as_ref().map(CertificateReport::of),
            path: match &signer.chain {
                Chain::Valid(validated) => {
                    validated.path().iter().map(CertificateReport::of).collect()
                }
                _ => Vec::new(),
            },
            revocation: match &signer.chain {
                Chain::Valid(validated) => {
                    let standings = validated.revocation().iter();
                    standings.map(StandingReport::of).collect()
                }
                Chain::Invalid(error) => StandingReport::of_refusal(error).into_iter().collect(),
                Chain::Unchecked(_) => Vec::new(),
            },
            notes: signature.map_or(Vec::new(), |it| {
                it.notes().iter().map(ToString::to_string).collect()
            }),
        }
    }
}
