//! What the log tells people about a mail, in the lines of the original tool.

use crate::collect::Findings;
use crate::dkim::Authentication;
use crate::inbound::certificate_line::certificate_line;
use crate::inbound::decide::{Decision, Outcome};
use crate::logging::{Entry, Level};
use crate::printable::sentence;
use crate::smime::open::Layer;
use crate::smime::verify::{Chain, Signer};

/// Tells what has become of a mail, and why.
pub(super) fn decision(entry: &mut Entry, decision: &Decision) {
    let report = decision.report();
    let level = match decision.outcome() {
        Outcome::Pending | Outcome::TryLater => Level::Warning,
        _ => Level::Info,
    };
    let about = report.address.as_deref().unwrap_or("nobody");
    entry.line(level, format_args!("Mail from {about}: {}", report.outcome));
    if let Some(message) = &report.message {
        let known = |text: &Option<String>| text.clone().unwrap_or_default();
        entry.detail(
            Level::Info,
            format_args!(
                "msg_from={},rcpt_to={},len(email_rfc822)={},sha256={}",
                known(&message.msg_from),
                known(&message.rcpt_to),
                message.bytes,
                message.sha256
            ),
        );
    }
    if let Some(findings) = decision.findings() {
        tell_findings(entry, findings);
    }
    if let (Some(step), Some(reason)) = (report.step, report.reason) {
        let detail = report.detail.as_deref().unwrap_or_default();
        entry.detail(level, format_args!("{step}: {detail} ({reason})"));
    } else if let Some(detail) = &report.detail {
        entry.detail(level, detail);
    }
    if let Some(stored) = decision.stored() {
        let is_new = matches!(decision.outcome(), Outcome::Stored | Outcome::Replaced);
        if let Some(path) = stored.path.as_ref().filter(|_| is_new) {
            let path = path.display();
            entry.detail(
                Level::Info,
                format_args!("written file {path},bytes={},ok=True", stored.bytes),
            );
        }
        if let Some(history) = &stored.history {
            entry.detail(
                Level::Info,
                format_args!("kept the one before as {}", history.display()),
            );
        }
    }
}

fn tell_findings(entry: &mut Entry, findings: &Findings) {
    if let (Some(from), Some(authentication)) = (&findings.from, &findings.authentication) {
        let passed = dkim(authentication);
        entry.detail(Level::Info, format_args!("from={from},{passed}"));
    }
    let layers = findings.opened.iter().flat_map(|opened| opened.layers());
    for layer in layers {
        tell_layer(entry, layer);
    }
}

fn dkim(authentication: &Authentication) -> String {
    match authentication.shortcoming() {
        None => "DKIM passed".to_owned(),
        Some((reason, detail)) => format!("DKIM FAIL: {detail} ({reason})"),
    }
}

fn tell_layer(entry: &mut Entry, layer: &Layer) {
    let (kind, coverage) = (layer.kind.name(), layer.coverage.name());
    entry.detail(
        Level::Info,
        format_args!(
            "layer={kind},coverage={coverage},signers={}",
            layer.signers.len()
        ),
    );
    for certificate in &layer.brought_along {
        entry.detail(Level::Info, certificate_line(certificate));
    }
    for signer in &layer.signers {
        tell_signer(entry, signer);
    }
}

fn tell_signer(entry: &mut Entry, signer: &Signer) {
    match &signer.signature {
        Ok(signature) => entry.detail(
            Level::Info,
            format_args!("signature passed, {}", signature.algorithm().name()),
        ),
        Err(error) => {
            entry.detail(
                Level::Info,
                format_args!("signature FAIL: {}", sentence(error)),
            );
        }
    }
    match &signer.chain {
        Chain::Valid(validated) => {
            let intermediates = validated.path().len().saturating_sub(2);
            entry.detail(
                Level::Info,
                format_args!("intermediates passed ({intermediates}), user certificate passed"),
            );
        }
        Chain::Invalid(error) => {
            entry.detail(
                Level::Info,
                format_args!("certificates FAIL: {}", sentence(error)),
            );
        }
        Chain::Unchecked(why) => {
            entry.detail(
                Level::Info,
                format_args!("certificates not looked at: {why}"),
            );
        }
    }
    entry.detail(
        Level::Info,
        format_args!("address {}", signer.address.name()),
    );
}
