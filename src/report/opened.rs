//! What was found in a message, layer by layer.

use serde::Serialize;

use super::{CertificateReport, StandingReport};
use crate::cms::verification::VerifiedSignature;
use crate::crypto::DigestAlgorithm;
use crate::smime::open::{Layer, Opened, Unproved, Verdict};
use crate::smime::verify::{Chain, Signer};

/// What `open` and `verify` found, as `--json` has it.
#[derive(Debug, Clone, Serialize)]
pub struct OpenedReport {
    version: u8,
    verdict: &'static str,
    reason: Option<String>,
    detail: Option<String>,
    /// Why the content was not written, when it was not.
    withheld: Option<&'static str>,
    layers: Vec<LayerReport>,
}

/// One layer.
#[derive(Debug, Clone, Serialize)]
pub struct LayerReport {
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

#[derive(Debug, Clone, Serialize)]
struct RecipientReport {
    kind: &'static str,
    identifier: String,
    algorithm: String,
}

#[derive(Debug, Clone, Serialize)]
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

impl OpenedReport {
    /// Of a message that does not even begin to be one.
    pub fn unreadable(detail: String) -> OpenedReport {
        OpenedReport {
            version: 1,
            verdict: Verdict::Invalid.name(),
            reason: Some("malformed".to_owned()),
            detail: Some(detail),
            withheld: None,
            layers: Vec::new(),
        }
    }

    /// Of a message that was opened; `withheld` says why its content was not given out.
    pub fn of(opened: &Opened, withheld: Option<Unproved>) -> OpenedReport {
        let reason = opened.reason();
        let (reason, detail) = reason
            .map(|(reason, detail)| (reason.to_owned(), detail))
            .unzip();
        OpenedReport {
            version: 1,
            verdict: opened.verdict().name(),
            reason,
            detail,
            withheld: withheld.map(Unproved::reason),
            layers: opened.layers().iter().map(LayerReport::of).collect(),
        }
    }
}

impl LayerReport {
    /// Of this layer.
    pub fn of(layer: &Layer) -> LayerReport {
        LayerReport {
            kind: layer.kind.name(),
            coverage: layer.coverage.name(),
            integrity: layer.protection.name(),
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
            address: signer.address.name(),
            sender: signer.sender.name(),
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

/// As the flag `--digest` has it: sha256, sha3-256.
fn digest(algorithm: DigestAlgorithm) -> String {
    let name = algorithm.micalg();
    match name.strip_prefix("sha-") {
        Some(bits) => format!("sha{bits}"),
        None => name.to_owned(),
    }
}
