//! Who a message says it is from: what a signer's certificate is held against (RFC 8550 3).
//!
//! ```
//! use mailseal::mime::{Authorship, Message, RawMessage};
//!
//! let raw = "From: \"bob@example.com\" <mallory@evil.example>\nSender: list@example.org\n\n";
//! let message = Message::parse(RawMessage::from_bytes(raw.into())).unwrap();
//! let authorship = Authorship::of(&message).unwrap();
//! assert_eq!(authorship.from.to_string(), "mallory@evil.example");
//! assert_eq!(authorship.shown[0].to_string(), "bob@example.com");
//! assert_eq!(authorship.sender.unwrap().unwrap().to_string(), "list@example.org");
//! ```
//!
//! # Not supported
//!
//! Resent-From and Resent-Sender, which tell of another journey (RFC 5322 3.6.6), and Reply-To,
//! which says who reads the answer. Letters of one script that look like those of another.

use std::io::Write;

use super::Error;
use super::message::Message;
use super::transfer_encoding::Base64Decoder;
use crate::address::Address;

/// The author of a message, and who else its header shows as one.
#[derive(Debug)]
pub struct Authorship {
    /// The one mailbox of the one From field.
    pub from: Address,
    /// The one mailbox of the Sender field, if there is one. It sent the message, and wrote none of
    /// it: mail programs show From. An error here counts for nobody who does not ask.
    pub sender: Result<Option<Address>, Error>,
    /// Other addresses that stand in the From field where programs show a name: in a quoted
    /// string, a comment, an encoded word. Whoever sees one of them takes it for the author.
    pub shown: Vec<Address>,
}

impl Authorship {
    /// Reads From and Sender of a message.
    ///
    /// # Errors
    ///
    /// Those of [`Message::from`]: anything but exactly one author.
    pub fn of(message: &Message) -> Result<Authorship, Error> {
        let from = message.from()?;
        let field = message.header().first("From").ok_or(Error::NoFrom)?;
        let mut shown = shown_addresses(&field.value());
        shown.retain(|address| !address.matches(&from));
        Ok(Authorship {
            from,
            sender: message.sender(),
            shown,
        })
    }
}

/// So many addresses are told; one is enough to warn.
const MAX_SHOWN: usize = 16;

/// An encoded word has 75 octets at most (RFC 2047 2), and programs decode longer ones.
const MAX_ENCODED_WORD: usize = 2_000;

/// What looks like an address anywhere in a field value, also when programs decode it first.
fn shown_addresses(value: &str) -> Vec<Address> {
    let decoded = decoded_words(value);
    let separates = |c: char| c.is_whitespace() || c.is_control() || "<>()[]\",;:\\".contains(c);
    let words = value.split(separates).chain(decoded.split(separates));
    let mut found = Vec::new();
    for word in words.filter(|word| word.contains(['@', '\u{FF20}', '\u{FE6B}'])) {
        // Full-width and small forms of the sign look like it.
        let word = word.replace(['\u{FF20}', '\u{FE6B}'], "@");
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        found.extend(Address::parse(word).ok().filter(|it| !found.contains(it)));
        if found.len() == MAX_SHOWN {
            break;
        }
    }
    found
}

/// Text with its encoded words (RFC 2047) replaced by what they hold. Only ASCII is looked for, so
/// every character set is taken for UTF-8, and the zeros of wide ones are left out.
fn decoded_words(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let (before, word) = rest.split_at(start);
        let Some((content, after)) = encoded_word(word) else {
            let (mark, after) = word.split_at(2);
            decoded.push_str(before);
            decoded.push_str(mark);
            (rest, after_word) = (after, false);
            continue;
        };
        // RFC 2047 6.2: white space between two encoded words is not shown.
        if !after_word || !before.trim().is_empty() {
            decoded.push_str(before);
        }
        decoded.push_str(&content.replace('\0', ""));
        (rest, after_word) = (after, true);
    }
    decoded.push_str(rest);
    decoded
}

/// `=?charset?encoding?text?=`, and what follows it.
fn encoded_word(text: &str) -> Option<(String, &str)> {
    let (_charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let near = rest.floor_char_boundary(MAX_ENCODED_WORD);
    let (content, after) = rest.split_at(rest[..near].find("?=")?);
    let octets = match encoding {
        "B" | "b" => from_base64(content),
        "Q" | "q" => from_q(content),
        _ => return None,
    };
    Some((String::from_utf8_lossy(&octets).into_owned(), &after[2..]))
}

/// As much as there is, as programs show it.
fn from_base64(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut decoder = Base64Decoder::new(&mut octets);
    // A Vec takes everything, and half a word is better than none.
    let _ = decoder.write_all(text.as_bytes());
    let _ = decoder.finish();
    octets
}

/// RFC 2047 4.2.
fn from_q(text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let hexadecimal =
            || u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok();
        match (byte, hexadecimal()) {
            (b'=', Some(octet)) => {
                octets.push(octet);
                rest = &after[2..];
            }
            (b'_', _) => octets.push(b' '),
            _ => octets.push(byte),
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::RawMessage;

    fn message(header: impl AsRef<[u8]>) -> Message {
        let octets = [header.as_ref(), b"\n\n"].concat();
        Message::parse(RawMessage::from_bytes(octets)).unwrap()
    }

    fn authorship(header: &str) -> Result<Authorship, Error> {
        Authorship::of(&message(header))
    }

    /// Attack 14.
    #[test]
    fn exactly_one_author_is_required() {
        for header in [
            "From: bob@example.com",
            "From:bob@example.com\nResent-From: mallory@evil.example",
            "FROM : Bob <bob@example.com>",
            "From: (mallory) bob@example.com (a comment)",
            "From: =?utf-8?Q?mallory?= <bob@example.com>,",
            "From: \"Mallory, <\\\"\" <bob@example.com>",
            "From: bob@example.com <bob@EXAMPLE.com>",
            "From: Bob\n <bob@example.com>",
            "X-From: mallory@evil.example\nFrom: <bob@example.com>",
        ] {
            let found = authorship(header).unwrap();
            assert_eq!(
                found.from.to_string().to_lowercase(),
                "bob@example.com",
                "{header}"
            );
            assert!(found.shown.is_empty(), "{header}: {:?}", found.shown);
        }
        for (header, message) in [
            ("Sender: bob@example.com", "the message has no From field"),
            (
                "From: bob@example.com\nfrom: bob@example.com",
                "line 2: a second From field",
            ),
            (
                "From: bob@example.com\nFrom\t: mallory@evil.example",
                "line 2: a second From field",
            ),
            ("From:", "names 0 mailboxes"),
            ("From: ,", "names 0 mailboxes"),
            ("From: (bob@example.com)", "names 0 mailboxes"),
            (
                "From: bob@example.com, mallory@evil.example",
                "names 2 mailboxes",
            ),
            (
                "From: bob@example.com, bob@example.com",
                "names 2 mailboxes",
            ),
            ("From: Team: bob@example.com;", "has a group"),
            ("From: undisclosed:;", "has a group"),
            ("From: bob@example.com, undisclosed:;", "has a group"),
            (
                "From: <@evil.example:bob@example.com>",
                "has a route before the address",
            ),
            ("From: <>", "malformed"),
            ("From: bob@example.com <mallory@evil.example>", "malformed"),
            ("From: bob@example.com mallory@evil.example", "malformed"),
            ("From: bob@example.com; mallory@evil.example", "malformed"),
            (
                "From: <bob@example.com> <mallory@evil.example>",
                "malformed",
            ),
            ("From: =?utf-8?Q?bob=40example.com?=", "malformed"),
            ("From: bob@=?utf-8?Q?example.com?=", "malformed"),
            ("From: bob@example.com(", "malformed"),
            ("From: bob\u{FF20}example.com", "malformed"),
        ] {
            let error = authorship(header).unwrap_err().to_string();
            assert!(error.contains(message), "{header}: {error}");
        }
        let invalid = message(b"From: b\xF6b@example.com");
        assert!(Authorship::of(&invalid).is_err());
    }

    #[test]
    fn domains_are_compared_in_their_ascii_form() {
        let bob = Address::parse("bob@xn--bcher-kva.example").unwrap();
        for header in [
            "From: bob@Bücher.example",
            "From: bob@bücher.example <bob@XN--BCHER-KVA.example>",
            "From: \"bob@BÜCHER.example\" <bob@xn--bcher-kva.example>",
        ] {
            let found = authorship(header).unwrap();
            assert_eq!(found.from, bob);
            assert!(found.shown.is_empty(), "{header}");
        }
        // A Cyrillic letter among Latin ones is another domain.
        assert_ne!(
            authorship("From: bob@b\u{443}cher.example").unwrap().from,
            bob
        );
    }

    #[test]
    fn addresses_in_the_place_of_a_name_are_told() {
        for name in [
            "\"bob@example.com\" <mallory@evil.example>",
            "\"Bob <bob@example.com>\" <mallory@evil.example>",
            "\"'bob@example.com' via a list\" <mallory@evil.example>",
            "mallory@evil.example (bob@example.com)",
            "mallory@evil.example (from: bob@example.com.)",
            "=?utf-8?Q?bob=40example.com?= <mallory@evil.example>",
            "=?UTF-8?q?Bob_=3Cbob=40example.com=3E?= <mallory@evil.example>",
            "=?iso-8859-1?B?Ym9iQGV4YW1wbGUuY29t?= <mallory@evil.example>",
            "=?utf-8?B?Ym9iQGV4?= =?utf-8?Q?ample.com?= <mallory@evil.example>",
            "=?utf-16be?B?AGIAbwBiAEAAZQB4AGEAbQBwAGwAZQAuAGMAbwBt?= <mallory@evil.example>",
            "\"bob\u{FF20}example.com\" <mallory@evil.example>",
            "\"mallory@evil.example bob@example.com\" <mallory@evil.example>",
        ] {
            let found = authorship(&format!("From: {name}")).unwrap();
            assert_eq!(found.from.to_string(), "mallory@evil.example", "{name}");
            let shown: Vec<String> = found.shown.iter().map(Address::to_string).collect();
            assert_eq!(shown, ["bob@example.com"], "{name}");
        }
        for name in [
            "\"Bob @ Example\" <mallory@evil.example>",
            "\"MALLORY@evil.EXAMPLE\" <mallory@evil.example>",
            "=?utf-8?Q?mallory=40evil.example?= <mallory@evil.example>",
            "\"=?utf-8?x?bob?= @\" <mallory@evil.example>",
            "\"a=?b=?=c\" <mallory@evil.example>",
        ] {
            let found = authorship(&format!("From: {name}")).unwrap();
            assert!(found.shown.is_empty(), "{name}: {:?}", found.shown);
        }
    }

    #[test]
    fn a_header_full_of_them_costs_little() {
        let comments: [&dyn Fn(usize) -> String; 2] =
            [&|n| format!("a{n}@b.example "), &|_| "=?u?q? ".to_owned()];
        for comment in comments {
            let comment: String = (0..12_000).map(comment).collect();
            let found = authorship(&format!("From: bob@example.com ({comment})")).unwrap();
            assert!(found.shown.len() <= MAX_SHOWN);
        }
    }

    #[test]
    fn sender_is_told_apart() {
        let sender = |field: &str| {
            authorship(&format!("From: bob@example.com{field}"))
                .unwrap()
                .sender
        };
        assert_eq!(sender("").unwrap(), None);
        let mallory = Address::parse("mallory@evil.example").unwrap();
        for field in [
            "mallory@evil.example",
            "\"bob@example.com\" <mallory@evil.example> (x)",
        ] {
            assert_eq!(
                sender(&format!("\nSender: {field}")).unwrap(),
                Some(mallory.clone())
            );
        }
        for (field, message) in [
            (
                "\nSender: a@b.example\nsender: a@b.example",
                "line 3: a second Sender field",
            ),
            ("\nSender:", "names 0 mailboxes"),
            ("\nSender: a@b.example, c@d.example", "names 2 mailboxes"),
            ("\nSender: Team: a@b.example;", "has a group"),
            ("\nSender: a", "the Sender field is malformed"),
        ] {
            let error = sender(field).unwrap_err().to_string();
            assert!(error.contains(message), "{field}: {error}");
        }
    }
}
