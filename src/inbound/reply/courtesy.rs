//! What is never answered, whatever it says: RFC 3834 section 2.

use super::Silence;
use crate::address::Address;
use crate::mime::{Field, Header};

/// Fields that mailing lists add (RFC 2369, RFC 2919).
const LIST_FIELDS: [&str; 7] = [
    "List-Id",
    "List-Help",
    "List-Subscribe",
    "List-Unsubscribe",
    "List-Post",
    "List-Owner",
    "List-Archive",
];

/// Local parts at which nobody reads, without the separators that some write in them.
const MACHINES: [&str; 14] = [
    "mailerdaemon",
    "postmaster",
    "noreply",
    "donotreply",
    "bounce",
    "bounces",
    "listserv",
    "majordomo",
    "daemon",
    "nobody",
    "root",
    "wwwdata",
    "autoreply",
    "notifications",
];

/// Whether a note may go to the author of a message with this header.
pub(super) fn permits(
    header: &Header,
    author: &Address,
    msg_from: Option<&str>,
) -> Result<(), Silence> {
    let has = |name: &str| header.first(name).is_some();
    if is_null_sender(header, msg_from) || is_report(header) {
        return Err(Silence::Bounce);
    }
    if values(header, "Auto-Submitted").any(|value| keyword(&value) != "no")
        || has("X-Autoreply")
        || has("X-Autorespond")
        // Microsoft's: what is asked for is not to be answered automatically (MS-OXCMAIL 2.2.3.2.14).
        || values(header, "X-Auto-Response-Suppress").any(|value| asks_for_silence(&value))
    {
        return Err(Silence::Automatic);
    }
    if values(header, "Precedence").any(|value| is_bulk(&value)) {
        return Err(Silence::Bulk);
    }
    if LIST_FIELDS.iter().any(|name| has(name)) {
        return Err(Silence::List);
    }
    match is_machine(author) {
        true => Err(Silence::Machine),
        false => Ok(()),
    }
}

/// RFC 3834 2: the null reverse-path asks for no answer. Where nobody tells the envelope, Return-Path
/// does.
fn is_null_sender(header: &Header, msg_from: Option<&str>) -> bool {
    match msg_from {
        Some(sender) => matches!(sender.trim(), "" | "<>"),
        None => values(header, "Return-Path").any(|value| value.trim() == "<>"),
    }
}

fn is_report(header: &Header) -> bool {
    values(header, "Content-Type").any(|value| keyword(&value) == "multipart/report")
}

fn is_bulk(value: &str) -> bool {
    matches!(keyword(value).as_str(), "bulk" | "list" | "junk")
}

fn asks_for_silence(value: &str) -> bool {
    let mut words = value
        .split(',')
        .map(|word| word.trim().to_ascii_lowercase());
    words.any(|word| matches!(word.as_str(), "all" | "autoreply"))
}

fn is_machine(author: &Address) -> bool {
    let local = author.local().to_ascii_lowercase();
    // Sub-addresses are the same person: RFC 5233.
    let mailbox = local.split('+').next().unwrap_or(&local);
    let letters: String = mailbox.chars().filter(|c| !"-_.".contains(*c)).collect();
    MACHINES.contains(&letters.as_str())
        || mailbox.starts_with("owner-")
        || mailbox.ends_with("-owner")
        || mailbox.ends_with("-request")
        || mailbox.ends_with("-bounces")
}

fn values<'a>(header: &'a Header, name: &'a str) -> impl Iterator<Item = String> + 'a {
    header.all(name).map(Field::value)
}

/// What stands before parameters and comments.
fn keyword(value: &str) -> String {
    let word = value.split([';', '(']).next().unwrap_or_default();
    word.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(fields: &str, author: &str, msg_from: Option<&str>) -> Result<(), Silence> {
        let header = Header::split(fields.as_bytes(), 1);
        permits(&header, &Address::parse(author).unwrap(), msg_from)
    }

    #[test]
    fn a_person_is_answered() {
        for fields in [
            "Subject: hello\r\n",
            "Auto-Submitted: no\r\n",
            "Auto-Submitted: No (by hand)\r\n",
            "Precedence: first-class\r\n",
            "X-Auto-Response-Suppress: OOF\r\n",
            "Content-Type: multipart/signed; protocol=x\r\n",
            "Return-Path: <bob@example.com>\r\n",
        ] {
            assert_eq!(judge(fields, "bob@example.com", None), Ok(()), "{fields}");
        }
        // The envelope is told, so nobody need guess it.
        let sender = Some("bob@example.com");
        assert_eq!(
            judge("Return-Path: <>\r\n", "bob@example.com", sender),
            Ok(())
        );
    }

    #[test]
    fn what_is_no_persons_mail_is_not() {
        for (fields, silence) in [
            ("Auto-Submitted: auto-replied\r\n", Silence::Automatic),
            (
                "Auto-Submitted: auto-generated; owner-email=a@b\r\n",
                Silence::Automatic,
            ),
            (
                "Auto-Submitted: no\r\nAuto-Submitted: auto-notified\r\n",
                Silence::Automatic,
            ),
            ("auto-submitted:\r\n", Silence::Automatic),
            (
                "X-Auto-Response-Suppress: DR, AutoReply\r\n",
                Silence::Automatic,
            ),
            ("Precedence: bulk\r\n", Silence::Bulk),
            ("Precedence: LIST\r\n", Silence::Bulk),
            ("Precedence: junk\r\n", Silence::Bulk),
            ("List-Id: <a.example>\r\n", Silence::List),
            ("List-Unsubscribe: <mailto:a@b>\r\n", Silence::List),
            ("Return-Path: <>\r\n", Silence::Bounce),
            (
                "Content-Type: multipart/report; report-type=x\r\n",
                Silence::Bounce,
            ),
        ] {
            assert_eq!(
                judge(fields, "bob@example.com", None),
                Err(silence),
                "{fields}"
            );
        }
        for sender in ["", "<>", " <> "] {
            let judged = judge("", "bob@example.com", Some(sender));
            assert_eq!(judged, Err(Silence::Bounce), "{sender}");
        }
    }

    #[test]
    fn nobody_reads_at_the_addresses_of_machines() {
        for local in [
            "MAILER-DAEMON",
            "noreply",
            "no-reply",
            "no_reply",
            "do.not.reply",
            "noreply+17",
            "owner-list",
            "list-request",
            "list-bounces",
            "bounces+x=y",
        ] {
            let judged = judge("", &format!("{local}@example.com"), None);
            assert_eq!(judged, Err(Silence::Machine), "{local}");
        }
        for local in [
            "bob",
            "bob.reply",
            "request",
            "owner",
            "noreplyson",
            "daemona",
        ] {
            assert_eq!(
                judge("", &format!("{local}@example.com"), None),
                Ok(()),
                "{local}"
            );
        }
    }
}
