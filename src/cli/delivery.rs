//! One message on its way: sealed, put into envelopes, handed to a sender, and its fate told.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use mailseal::address::Address;
use mailseal::mime::Message;
use mailseal::send::{self, Delivery, Envelope, Kind, Outcome, Outgoing, Receipt, Sender};
use mailseal::spool::{Spool, SpoolWriter};
use serde_json::{Value, json};

use super::Global;
use super::explain::{self, code};
use super::failure::{Code, Failure, causes};
use super::input::{Input, plain};
use super::output;
use super::route::Route;
use super::sealing::Sealer;
use super::sender::EnvelopeSender;

/// Takes messages from files to a sender.
pub(super) struct Courier {
    /// None sends them as they are.
    pub(super) sealer: Option<Sealer>,
    pub(super) route: Route,
    /// Envelope sender in place of the From address.
    pub(super) from: Option<EnvelopeSender>,
    /// Envelope recipients in place of those in the header.
    pub(super) recipients: Option<Vec<Address>>,
    pub(super) now: Timestamp,
    pub(super) dry_run: bool,
}

/// What became of one message.
pub(super) enum Fate {
    /// It could not be read or sealed; nothing has left.
    Failed(Failure),
    /// It was sealed, and each of its copies met its own fate.
    Handled(Handled),
}

pub(super) struct Handled {
    from: EnvelopeSender,
    skipped: Vec<Address>,
    decisions: Vec<String>,
    copies: Vec<Copy>,
}

/// One of the message's copies.
struct Copy {
    recipients: Vec<Address>,
    octets: u64,
    /// None in a dry run.
    result: Option<Result<Receipt, send::Error>>,
}

/// A message sealed and complete, before any of it has left.
struct Prepared {
    from: Address,
    parcels: Vec<Parcel>,
    skipped: Vec<Address>,
    decisions: Vec<String>,
}

struct Parcel {
    recipients: Vec<Address>,
    message: Spool,
}

impl Courier {
    /// Seals and sends one message. All its copies are complete before the first one leaves.
    pub(super) fn deliver(&self, input: &Input, sender: &mut dyn Sender) -> Fate {
        match self.prepare(input) {
            Err(failure) => Fate::Failed(failure),
            Ok((handled, outgoing)) => {
                let copies = outgoing
                    .iter()
                    .map(|outgoing| Copy {
                        recipients: outgoing.envelope().recipients().to_vec(),
                        octets: outgoing.len(),
                        result: (!self.dry_run).then(|| sender.send(outgoing)),
                    })
                    .collect();
                Fate::Handled(Handled { copies, ..handled })
            }
        }
    }

    fn prepare(&self, input: &Input) -> Result<(Handled, Vec<Outgoing>), Failure> {
        let message = input.message()?;
        let to = self.header_to(&message, input)?;
        let prepared = match &self.sealer {
            Some(sealer) => seal(message, sealer, input)?,
            None => self.as_is(&message, input)?,
        };
        let from = match &self.from {
            Some(from) => from.clone(),
            None => EnvelopeSender::Address(prepared.from),
        };
        let outgoing = prepared
            .parcels
            .into_iter()
            .map(|parcel| {
                let envelope = Envelope::new(from.address().cloned(), parcel.recipients)
                    .map_err(|error| explain::no_recipient(error).about(input))?;
                Ok(Outgoing::new(envelope, Arc::new(parcel.message))
                    .with_extra_header(self.route.extra_header())
                    .with_header_to(to.clone()))
            })
            .collect::<Result<_, Failure>>()?;
        Ok((
            Handled {
                from,
                skipped: prepared.skipped,
                decisions: prepared.decisions,
                copies: Vec::new(),
            },
            outgoing,
        ))
    }

    /// The mailboxes of the To field. Where `--to` names the recipients, a field that cannot be
    /// read does not matter.
    fn header_to(&self, message: &Message, input: &Input) -> Result<Vec<Address>, Failure> {
        match message.recipients() {
            Ok(recipients) => Ok(recipients.to),
            Err(_) if self.recipients.is_some() => Ok(Vec::new()),
            Err(error) => Err(explain::message(&error).about(input)),
        }
    }

    fn as_is(&self, message: &Message, input: &Input) -> Result<Prepared, Failure> {
        let refuse = |error: mailseal::mime::Error| explain::message(&error).about(input);
        let from = match self.from.as_ref().and_then(EnvelopeSender::address) {
            Some(from) => from.clone(),
            None => message.from().map_err(refuse)?,
        };
        let recipients = match &self.recipients {
            Some(recipients) => recipients.clone(),
            None => message
                .recipients()
                .map_err(refuse)?
                .all()
                .cloned()
                .collect(),
        };
        let mut as_is = message.as_is().map_err(refuse)?;
        as_is.header_mut().ensure_date(self.now);
        as_is.header_mut().ensure_message_id(&from);
        let message = spool(input, |out| as_is.write_to(out))?;
        Ok(Prepared {
            from,
            parcels: vec![Parcel {
                recipients,
                message,
            }],
            skipped: Vec::new(),
            decisions: Vec::new(),
        })
    }
}

fn seal(message: Message, sealer: &Sealer, input: &Input) -> Result<Prepared, Failure> {
    let sealed = sealer.seal(message, input)?;
    let parcels = sealed
        .copies
        .into_iter()
        .map(|copy| {
            let recipients = copy.recipients.clone();
            Ok(Parcel {
                recipients,
                message: spool(input, |out| copy.write_to(out))?,
            })
        })
        .collect::<Result<_, Failure>>()?;
    Ok(Prepared {
        from: sealed.from,
        parcels,
        skipped: sealed.skipped,
        decisions: sealed.decisions,
    })
}

fn spool(
    input: &Input,
    write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Result<Spool, Failure> {
    let mut spool = SpoolWriter::new();
    write(&mut spool)
        .and_then(|()| spool.finish())
        .map_err(|error| {
            Failure::new(Code::Io, plain(&error))
                .about(input)
                .hint("is there room for temporary files in TMPDIR or /tmp?")
        })
}

impl Fate {
    /// The worst of all that happened.
    pub(super) fn code(&self) -> Code {
        match self {
            Fate::Failed(failure) => failure.code,
            Fate::Handled(handled) => handled
                .copies
                .iter()
                .map(Copy::code)
                .fold(Code::Done, Code::or_worse),
        }
    }

    /// Whether some recipients were accepted and some not.
    pub(super) fn is_partial(&self) -> bool {
        let Fate::Handled(handled) = self else {
            return false;
        };
        let accepted = |copy: &Copy| copy.outcomes().any(|(_, _, kind)| kind.is_none());
        self.code() != Code::Done && handled.copies.iter().any(accepted)
    }

    /// Tells it on standard output, and what went wrong on standard error.
    pub(super) fn tell(&self, input: &Input, briefly: bool, global: &Global) {
        if global.json {
            output::line(self.to_json(input));
        }
        match self {
            Fate::Failed(failure) => output::report(failure, global),
            Fate::Handled(handled) => {
                for decision in &handled.decisions {
                    output::detail(format!("{input}: {decision}"), global);
                }
                for address in &handled.skipped {
                    let warning = format!("{input}: {address} has no certificate and gets nothing");
                    output::warn(warning, global);
                }
                for copy in &handled.copies {
                    copy.tell(input, &handled.from, briefly, global);
                }
            }
        }
    }

    fn to_json(&self, input: &Input) -> Value {
        let Fate::Handled(handled) = self else {
            let Fate::Failed(failure) = self else {
                return Value::Null;
            };
            return failure.to_json(input);
        };
        let outcome = match self.code() {
            _ if handled.copies.iter().all(|copy| copy.result.is_none()) => "dry-run",
            Code::Done => "sent",
            _ if self.is_partial() => "partial",
            Code::TempFail => "deferred",
            _ => "failed",
        };
        json!({
            "version": 1,
            "file": input.to_string(),
            "outcome": outcome,
            "from": handled.from.to_string(),
            "copies": handled.copies.iter().map(Copy::to_json).collect::<Vec<_>>(),
            "skipped": handled.skipped.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "exit_code": self.code() as u8,
        })
    }
}

impl Copy {
    /// Each recipient, what was said about it, and what kind of failure that is.
    fn outcomes(&self) -> impl Iterator<Item = (&Address, String, Option<Kind>)> {
        let whole = match &self.result {
            Some(Err(error)) => Some((causes(error), error.kind())),
            _ => None,
        };
        let deliveries: &[Delivery] = match &self.result {
            Some(Ok(receipt)) => &receipt.deliveries,
            _ => &[],
        };
        let failed = whole.into_iter().flat_map(move |(words, kind)| {
            self.recipients
                .iter()
                .map(move |to| (to, words.clone(), Some(kind)))
        });
        failed.chain(deliveries.iter().map(|delivery| {
            let words = match &delivery.outcome {
                Outcome::Failed(error) => causes(error.as_ref()),
                outcome => outcome.to_string(),
            };
            (&delivery.recipient, words, delivery.outcome.failure())
        }))
    }

    fn code(&self) -> Code {
        self.outcomes()
            .filter_map(|(_, _, kind)| kind)
            .map(code)
            .fold(Code::Done, Code::or_worse)
    }

    fn tell(&self, input: &Input, from: &EnvelopeSender, briefly: bool, global: &Global) {
        let to = names(&self.recipients);
        let seconds = self
            .receipt()
            .map_or(0.0, |receipt| receipt.elapsed.as_secs_f64());
        let end = match (&self.result, self.code()) {
            (None, _) => format!("dry run, {} octets", self.octets),
            (_, Code::Done) => format!("OK - in {seconds:.3} seconds"),
            _ => format!("not sent to all - in {seconds:.3} seconds"),
        };
        if !global.json && !global.quiet {
            for opened in self
                .receipt()
                .into_iter()
                .flat_map(|receipt| &receipt.opened)
            {
                output::line(opened);
            }
            let glue = if briefly { " - " } else { "\n" };
            if self.receipt().is_some() || self.result.is_none() {
                output::line(format!("Sending {input} From: {from} To: {to}{glue}{end}"));
            }
        }
        for warning in self
            .receipt()
            .into_iter()
            .flat_map(|receipt| &receipt.warnings)
        {
            output::warn(format!("{input}: {warning}"), global);
        }
        match &self.result {
            Some(Err(error)) => {
                output::report(&explain::sending(error).about(input), global);
            }
            _ => {
                for (recipient, words, kind) in self.outcomes() {
                    if let Some(kind) = kind {
                        let failure = Failure::new(code(kind), format!("{recipient}: {words}"));
                        output::report(&failure.about(input), global);
                    }
                }
            }
        }
    }

    fn to_json(&self) -> Value {
        let recipients: Vec<_> = match &self.result {
            None => self
                .recipients
                .iter()
                .map(|to| json!({"address": to.to_string(), "outcome": "dry-run"}))
                .collect(),
            Some(_) => self
                .outcomes()
                .map(|(address, words, kind)| {
                    json!({
                        "address": address.to_string(),
                        "outcome": kind.map_or("accepted", word),
                        "detail": words,
                    })
                })
                .collect(),
        };
        let receipt = self.receipt();
        json!({
            "recipients": recipients,
            "octets": self.octets,
            "id": receipt.and_then(|receipt| receipt.id.clone()),
            "attempts": receipt.map(|receipt| receipt.attempts),
            "seconds": receipt.map(|receipt| receipt.elapsed.as_secs_f64()),
        })
    }

    fn receipt(&self) -> Option<&Receipt> {
        self.result.as_ref()?.as_ref().ok()
    }
}

fn names(addresses: &[Address]) -> String {
    addresses
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Temporary => "deferred",
        Kind::Unknown => "unknown",
        Kind::Permanent => "refused",
        Kind::Message | Kind::Configuration | Kind::Io => "failed",
    }
}
