//! One mail transaction: the commands it takes and the answers they got.

use lettre::transport::smtp::commands::{Mail, Rcpt};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter, RcptParameter};

use crate::address::Address;
use crate::send::outgoing::Survey;
use crate::send::{Outgoing, Warning};

use super::extensions::{Extensions, SizeLimit};
use super::{Dsn, Error, Options, Reply};

/// The commands of a transaction up to DATA, fitted to what the server offers.
pub(super) struct Plan {
    /// MAIL, then RCPT for each recipient that the server can be told.
    pub commands: Vec<String>,
    /// For each recipient asked for: whether it is among the commands.
    recipients: Vec<Result<(), Address>>,
    warnings: Vec<Warning>,
}

/// What a transaction came to.
pub(super) struct Transaction {
    /// For each recipient asked for, in that order.
    pub answers: Vec<Answer>,
    /// The answer to the message; `None` when it was not sent because nobody was to have it.
    pub message: Option<Result<Reply, Error>>,
    /// What to tell beside.
    pub warnings: Vec<Warning>,
}

/// What the server says to one recipient.
pub(super) enum Answer {
    Accepted,
    Refused(Reply),
    /// The recipient could not even be named.
    Unsendable(Error),
}

impl Plan {
    /// Fits the transaction to the server, or says why that cannot be done.
    pub fn new(
        outgoing: &Outgoing,
        survey: Survey,
        recipients: &[usize],
        options: &Options,
        extensions: &Extensions,
    ) -> Result<Self, Error> {
        if let Some(SizeLimit::Octets(limit)) = extensions.size
            && survey.size > limit
        {
            return Err(Error::TooLarge {
                size: survey.size,
                limit,
            });
        }
        if survey.nul {
            return Err(Error::Nul);
        }
        if survey.eight_bit && !extensions.eight_bit_mime {
            return Err(Error::EightBitMimeNotOffered);
        }
        let envelope = outgoing.envelope();
        let chosen = recipients
            .iter()
            .filter_map(|&index| envelope.recipients().get(index));
        let can_say = |address: &Address| address.is_ascii() || extensions.smtp_utf8;
        if let Some(from) = envelope.from().filter(|from| !can_say(from)) {
            return Err(Error::SmtpUtf8NotOffered(from.clone()));
        }
        let (mut warnings, mut dsn) = (Vec::new(), options.dsn.as_ref());
        if dsn.is_some() && !extensions.dsn {
            warnings.push(Warning::DsnNotOffered);
            dsn = None;
        }
        if survey.longest_line > 998 {
            warnings.push(Warning::LongLine(survey.longest_line));
        }
        // A recipient who cannot be named asks nothing of the others' transaction: a server
        // without SMTPUTF8 would refuse the parameter, and with it everyone.
        let internationalized = chosen
            .clone()
            .chain(envelope.from())
            .any(|address| !address.is_ascii() && can_say(address));
        let parameters = mail_parameters(survey, internationalized, dsn, extensions)?;
        let mut commands = vec![Mail::new(envelope.from().map(spelled), parameters).to_string()];
        let mut reachable = Vec::with_capacity(recipients.len());
        for recipient in chosen {
            if can_say(recipient) {
                let parameters = recipient_parameters(recipient, dsn);
                commands.push(Rcpt::new(spelled(recipient), parameters).to_string());
                reachable.push(Ok(()));
            } else {
                reachable.push(Err(recipient.clone()));
            }
        }
        Ok(Self {
            commands,
            recipients: reachable,
            warnings,
        })
    }

    /// Assigns the replies to RCPT to their recipients.
    pub fn answers(&self, mut replies: impl Iterator<Item = Reply>) -> Vec<Answer> {
        let answer = |recipient: &Result<(), Address>| match recipient {
            Err(address) => Some(Answer::Unsendable(Error::SmtpUtf8NotOffered(
                address.clone(),
            ))),
            Ok(()) => replies.next().map(|reply| match reply.is_completion() {
                true => Answer::Accepted,
                false => Answer::Refused(reply),
            }),
        };
        self.recipients.iter().filter_map(answer).collect()
    }

    /// What to tell beside.
    pub fn warnings(&self) -> Vec<Warning> {
        self.warnings.clone()
    }
}

fn mail_parameters(
    survey: Survey,
    internationalized: bool,
    dsn: Option<&Dsn>,
    extensions: &Extensions,
) -> Result<Vec<MailParameter>, Error> {
    let mut parameters = Vec::new();
    if extensions.size.is_some() {
        parameters.push(MailParameter::Size(
            usize::try_from(survey.size).unwrap_or(usize::MAX),
        ));
    }
    if survey.eight_bit {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    if internationalized {
        parameters.push(MailParameter::SmtpUtfEight);
    }
    let other = |keyword: &str, value| MailParameter::Other {
        keyword: keyword.to_owned(),
        value: Some(value),
    };
    if let Some(content) = dsn.and_then(|dsn| dsn.return_content) {
        parameters.push(other("RET", content.to_string()));
    }
    if let Some(identity) = dsn.and_then(|dsn| dsn.envelope_id.as_ref()) {
        // RFC 3461 4.4: printable US-ASCII, at most 100 characters, sent as xtext.
        let printable = identity.bytes().all(|octet| matches!(octet, b' '..=b'~'));
        if !printable || !(1..=100).contains(&identity.len()) {
            return Err(Error::Option("the envelope id"));
        }
        parameters.push(other("ENVID", identity.clone()));
    }
    Ok(parameters)
}

fn recipient_parameters(recipient: &Address, dsn: Option<&Dsn>) -> Vec<RcptParameter> {
    let Some(dsn) = dsn else { return Vec::new() };
    let other = |keyword: &str, value| RcptParameter::Other {
        keyword: keyword.to_owned(),
        value: Some(value),
    };
    let mut parameters = Vec::new();
    if let Some(notify) = dsn.notify {
        parameters.push(other("NOTIFY", notify.to_string()));
    }
    // RFC 3461 4.2. The utf-8 address type of RFC 6533 has an encoding of its own; such an
    // address goes without, which the server takes to mean the same.
    if recipient.is_ascii() {
        parameters.push(other("ORCPT", format!("rfc822;{recipient}")));
    }
    parameters
}

// Ours is valid already, and lettre's own check knows fewer addresses.
fn spelled(address: &Address) -> lettre::Address {
    let whole = address.to_string();
    // Not at the last "@": a domain literal may hold one.
    let local = &whole[..whole.len() - "@".len() - address.domain().len()];
    let domain = match address.domain().strip_prefix("[ipv6:") {
        // RFC 5321 4.1.3 writes the tag in this case.
        Some(literal) => format!("[IPv6:{literal}"),
        None => address.domain().to_owned(),
    };
    lettre::Address::new_dangerous(local, domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_spelled_as_smtp_has_them() {
        for (text, said) in [
            ("bob@example.com", "bob@example.com"),
            ("\"bob@home\"@example.com", "\"bob@home\"@example.com"),
            ("bob@[ipv6:2001:db8::1]", "bob@[IPv6:2001:db8::1]"),
            ("bob@[ipv6:a@b]", "bob@[IPv6:a@b]"),
        ] {
            assert_eq!(spelled(&text.parse().unwrap()).to_string(), said);
        }
    }
}
