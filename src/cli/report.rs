//! What `open` and `verify` found, for people on standard error and for scripts in JSON.

use mailseal::report::{OpenedReport, standing_sentence};
use mailseal::smime::open::{Coverage, Layer, Opened, Unproved, Verdict};
use mailseal::smime::verify::{AddressJudgement, Chain, Signer};
use mailseal::x509::Certificate;

use super::failure::{Failure, causes};
use super::{Global, output};

/// Tells everything: in JSON on standard output, or for people on standard error.
pub(super) fn write(opened: &Opened, withheld: Option<Unproved>, global: &Global) {
    if global.json {
        json(&OpenedReport::of(opened, withheld));
    } else if !global.quiet {
        people(opened, global);
    }
}

/// Tells scripts of a message that could not be read at all.
pub(super) fn failed(failure: Failure, global: &Global) -> Failure {
    if global.json {
        json(&OpenedReport::unreadable(failure.message.clone()));
    }
    failure
}

fn json(report: &OpenedReport) {
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
            output::say(format_args!("{}: {detail} ({reason})", verdict.name()));
        }
        (verdict, None) => output::say(verdict.name()),
    }
}

fn headline(layer: &Layer) -> String {
    let mut line = layer.kind.name().to_owned();
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
                let sentence = standing_sentence(standing);
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
