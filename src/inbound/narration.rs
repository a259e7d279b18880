//! What the log tells people about a mail, in the lines of the original tool.

use std::sync::Arc;

use crate::collect::Findings;
use crate::dkim::Authentication;
use crate::inbound::certificate_line::CertificateLine;
use crate::inbound::decide::{Decision, Outcome};
use crate::inbound::metrics::Metrics;
use crate::inbound::report::{RequestLog, RequestReport, Taken};
use crate::inbound::request::Refusal;
use crate::inbound::spool::Source;
use crate::logging::{Entry, Level, Log};
use crate::printable::sentence;
use crate::smime::open::{Layer, Opened};
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
    let layers = findings.opened.iter().flat_map(Opened::layers);
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
        entry.detail(Level::Info, CertificateLine(certificate));
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

/// Tells the log and the counters of each request.
#[derive(Debug)]
pub struct Narrator {
    /// Where it is told.
    pub log: Log,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
}

impl RequestLog for Narrator {
    fn request(&self, report: &RequestReport<'_>) {
        let route = report.source.map_or("none", Source::name);
        self.metrics.request(route, report.status);
        let mut entry = self.log.entry(report.id.as_str());
        let RequestReport { peer, path, .. } = report;
        let (address, scheme) = (&peer.address, peer.scheme);
        entry.line(
            Level::Info,
            format_args!("Request from {address},scheme={scheme},path={path}"),
        );
        let length = report.content_length;
        let length = length.map_or("None".to_owned(), |length| length.to_string());
        entry.detail(
            Level::Info,
            format_args!("len(headers)={},len(body)={length}", report.header_count),
        );
        match report.taken {
            Ok(taken) => tell_taken(&mut entry, taken),
            Err(Refusal::ContentType) => {
                let said = report.content_type.unwrap_or("None");
                entry.detail(Level::Info, format_args!("Unknown Content-Type: {said}"));
            }
            Err(refusal) => {
                let level = match report.status {
                    500.. => Level::Error,
                    _ => Level::Info,
                };
                entry.detail(level, sentence(refusal));
            }
        }
        entry.detail(
            Level::Debug,
            format_args!("answered {} in {:.1?}", report.status, report.took),
        );
    }
}

fn tell_taken(entry: &mut Entry, taken: &Taken) {
    for message in &taken.messages {
        let known = |text: &Option<String>| text.clone().unwrap_or_default();
        entry.detail(
            Level::Info,
            format_args!(
                "msg_from={},rcpt_to={},len(email_rfc822)={},id={}",
                known(&message.msg_from),
                known(&message.rcpt_to),
                message.octets,
                message.id
            ),
        );
    }
    for (place, refusal) in &taken.refused {
        let refusal = sentence(refusal);
        entry.detail(
            Level::Warning,
            format_args!("item {place} is no mail: {refusal}"),
        );
    }
    if taken.refused_count > taken.refused.len() {
        let more = taken.refused_count - taken.refused.len();
        entry.detail(Level::Warning, format_args!("nor are {more} more"));
    }
    if taken.is_replay {
        entry.detail(
            Level::Warning,
            "its signature was used before: nothing is done",
        );
    }
}
