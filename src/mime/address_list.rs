//! Address lists (RFC 5322 3.4): mailboxes and groups, with quoted strings, comments and the
//! obsolete forms. Display names are passed over, so encoded words in them are never decoded into
//! addresses.
//!
//! ```
//! use mailseal::mime::address_list::parse;
//!
//! let list = parse("A Group: \"Doe, J.\" <j@example.com>, (x) k@Bücher.example;, l@example.com");
//! let list = list.unwrap();
//! assert!(list.has_group);
//! assert_eq!(list.addresses[1].to_string(), "k@xn--bcher-kva.example");
//! assert_eq!(list.addresses.len(), 3);
//! ```
//!
//! # Not supported
//!
//! Semicolons between addresses, and addresses as display names without quotes: mailers write
//! both, but who is meant is then a guess.

use crate::address::{self, Address};

/// What an address field holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressList {
    /// All addresses, those in groups too, in their order.
    pub addresses: Vec<Address>,
    /// Whether there is a group, an empty one too.
    pub has_group: bool,
    /// Whether an address has a route before it (RFC 5322 4.4), which readers are to ignore.
    pub has_route: bool,
}

/// Why a text is not an address list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A quoted string without its closing quote.
    #[error("a quote is not closed")]
    UnclosedQuote,
    /// A comment without its closing parenthesis.
    #[error("a comment is not closed")]
    UnclosedComment,
    /// `<` without `>`.
    #[error("an angle bracket is not closed before {}", quoted(.0))]
    UnclosedAngle(String),
    /// A group without its semicolon.
    #[error("a group is not closed")]
    UnclosedGroup,
    /// A group in a group.
    #[error("a group stands in a group")]
    NestedGroup,
    /// Words with no address behind them.
    #[error("{} is not an address", quoted(.0))]
    NotAnAddress(String),
    /// Something behind an address that is no comma.
    #[error("there should be a comma before {}", quoted(.0))]
    NoComma(String),
    /// An address whose octets are not UTF-8.
    #[error("{} is neither ASCII nor UTF-8", quoted(.0))]
    NotUtf8(String),
    /// An address that is none.
    #[error(transparent)]
    Address(#[from] address::Error),
    /// An address in the place of the display name, and another one behind it.
    #[error("{shown} is shown in the place of a name, but the address is {actual}")]
    OtherAddressShown {
        /// What stands before the angle bracket.
        shown: String,
        /// What stands in the angle brackets.
        actual: String,
    },
}

/// Reads an unfolded field value. Empty elements are passed over (RFC 5322 4.4).
pub fn parse(text: &str) -> Result<AddressList, Error> {
    let mut parser = Parser {
        rest: text,
        has_route: false,
    };
    let mut list = AddressList::default();
    parser.list(&mut list, false)?;
    list.has_route = parser.has_route;
    Ok(list)
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    format!("\"{}\"", short.escape_debug())
}

/// A part of a phrase or local part.
enum Word<'a> {
    Atom(&'a str),
    Quoted(String),
    Dot,
}

struct Parser<'a> {
    rest: &'a str,
    has_route: bool,
}

impl<'a> Parser<'a> {
    fn list(&mut self, list: &mut AddressList, in_group: bool) -> Result<(), Error> {
        loop {
            while self.skip(',')? {}
            if self.rest.is_empty() || (in_group && self.rest.starts_with(';')) {
                return Ok(());
            }
            self.address(list, in_group)?;
            self.pass_space()?;
            match self.rest.chars().next() {
                None | Some(',') => {}
                Some(';') if in_group => {}
                Some(_) => return Err(Error::NoComma(self.rest.to_owned())),
            }
        }
    }

    fn address(&mut self, list: &mut AddressList, in_group: bool) -> Result<(), Error> {
        let start = self.rest;
        let words = self.words()?;
        match self.rest.chars().next() {
            Some('@') => {
                let mut address = self.addr_spec(start, &words)?;
                self.pass_space()?;
                if self.rest.starts_with('<') {
                    address = self.same_again(&address)?;
                }
                list.addresses.push(address);
            }
            Some('<') => {
                let address = self.angle_addr()?;
                list.addresses.push(address);
            }
            Some(':') if in_group => return Err(Error::NestedGroup),
            Some(':') if !words.is_empty() => {
                self.rest = &self.rest[1..];
                list.has_group = true;
                self.list(list, true)?;
                if !self.skip(';')? {
                    return Err(Error::UnclosedGroup);
                }
            }
            _ => return Err(Error::NotAnAddress(start.trim().to_owned())),
        }
        Ok(())
    }

    /// `a@b <a@b>`: RFC 5322 wants quotes around a display name with an "@", and many programs
    /// forget them. That is harmless as long as both are the same; else one of them deceives.
    fn same_again(&mut self, shown: &Address) -> Result<Address, Error> {
        match self.angle_addr()? {
            actual if actual.matches(shown) => Ok(actual),
            actual => Err(Error::OtherAddressShown {
                shown: shown.to_string(),
                actual: actual.to_string(),
            }),
        }
    }

    fn angle_addr(&mut self) -> Result<Address, Error> {
        let start = self.rest;
        self.skip('<')?;
        self.pass_space()?;
        // RFC 5322 4.4: obs-route, to be ignored.
        if self.rest.starts_with(['@', ',']) {
            self.has_route = true;
            while self.skip(',')? {}
            while self.skip('@')? {
                self.domain()?;
                while self.skip(',')? {}
            }
            if !self.skip(':')? {
                return Err(Error::NotAnAddress(start.trim().to_owned()));
            }
        }
        let words = self.words()?;
        if !self.rest.starts_with('@') {
            return Err(Error::NotAnAddress(start.trim().to_owned()));
        }
        let address = self.addr_spec(start, &words)?;
        match self.skip('>')? {
            true => Ok(address),
            false => Err(Error::UnclosedAngle(self.rest.to_owned())),
        }
    }

    /// The "@" and the domain behind a local part.
    fn addr_spec(&mut self, start: &str, words: &[Word<'_>]) -> Result<Address, Error> {
        let not_an_address = || Error::NotAnAddress(start.trim().to_owned());
        let joined = |pair: &[Word<'_>]| pair.iter().all(|word| !matches!(word, Word::Dot));
        if words.is_empty() || words.windows(2).any(joined) {
            return Err(not_an_address());
        }
        let local: String = words.iter().map(Word::text).collect();
        self.skip('@')?;
        let domain = self.domain()?;
        if local.contains('\u{FFFD}') || domain.contains('\u{FFFD}') {
            return Err(Error::NotUtf8(format!("{local}@{domain}")));
        }
        if domain.is_empty() {
            return Err(not_an_address());
        }
        Ok(Address::new(&local, &domain)?)
    }

    /// A domain with the comments and white space that RFC 5322 4.4 lets stand around its dots.
    fn domain(&mut self) -> Result<String, Error> {
        self.pass_space()?;
        if self.rest.starts_with('[') {
            let end = self.rest.find(']');
            let length = end.ok_or_else(|| Error::NotAnAddress(self.rest.to_owned()))? + 1;
            return Ok(self.take(length).to_owned());
        }
        let mut domain = String::new();
        loop {
            let length = atom_length(self.rest);
            domain.push_str(self.take(length));
            if length == 0 || !self.skip('.')? {
                return Ok(domain);
            }
            domain.push('.');
            self.pass_space()?;
        }
    }

    fn words(&mut self) -> Result<Vec<Word<'a>>, Error> {
        let mut words = Vec::new();
        loop {
            self.pass_space()?;
            let length = atom_length(self.rest);
            if length > 0 {
                words.push(Word::Atom(self.take(length)));
            } else if self.rest.starts_with('"') {
                words.push(Word::Quoted(self.quoted_string()?));
            } else if self.rest.starts_with('.') {
                self.take(1);
                words.push(Word::Dot);
            } else {
                return Ok(words);
            }
        }
    }

    fn quoted_string(&mut self) -> Result<String, Error> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((index, c)) = chars.next() {
            match c {
                '"' => {
                    self.take(index + 1);
                    return Ok(text);
                }
                '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
                _ => text.push(c),
            }
        }
        Err(Error::UnclosedQuote)
    }

    /// Passes over white space and comments (CFWS, RFC 5322 3.2.2).
    fn pass_space(&mut self) -> Result<(), Error> {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t']);
            if !self.rest.starts_with('(') {
                return Ok(());
            }
            self.pass_comment()?;
        }
    }

    fn pass_comment(&mut self) -> Result<(), Error> {
        let mut depth = 0_usize;
        let mut chars = self.rest.char_indices();
        while let Some((index, c)) = chars.next() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                '\\' => drop(chars.next()),
                _ => {}
            }
            if depth == 0 {
                self.take(index + 1);
                return Ok(());
            }
        }
        Err(Error::UnclosedComment)
    }

    /// Passes over one character behind white space, if it is there.
    fn skip(&mut self, c: char) -> Result<bool, Error> {
        self.pass_space()?;
        let after = self.rest.strip_prefix(c);
        self.rest = after.unwrap_or(self.rest);
        Ok(after.is_some())
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }
}

impl Word<'_> {
    fn text(&self) -> &str {
        match self {
            Word::Atom(text) => text,
            Word::Quoted(text) => text,
            Word::Dot => ".",
        }
    }
}

/// RFC 5322 3.2.3, with the non-ASCII characters of RFC 6532 3.2.
fn atom_length(text: &str) -> usize {
    let is_atom = |c: char| !c.is_control() && !" ()<>[]:;@\\,.\"".contains(c);
    text.find(|c| !is_atom(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read() {
        for (text, expected) in [
            ("", ""),
            (" , ,", ""),
            ("a@b.example", "a@b.example"),
            ("a@b.example,c@d.example", "a@b.example c@d.example"),
            ("\"a, <x@y>\" <a@b.example>, ", "a@b.example"),
            ("John Q. Public <jqp@b.example>", "jqp@b.example"),
            ("=?utf-8?Q?x=40y=2Ez=2C?= <a@b.example>", "a@b.example"),
            (
                "(c (nested \\) \" @ ,)) a (x) @ (y) b . (z) example (,)",
                "a@b.example",
            ),
            ("<@r.example,@s.example:a@b.example>", "a@b.example"),
            ("<,@r.example:a@b.example>", "a@b.example"),
            ("\"a b\"@c.example", "\"a b\"@c.example"),
            ("\"a\".b.\"c\"@d.example", "a.b.c@d.example"),
            ("\"q\\\"\\\\\"@d.example", "\"q\\\"\\\\\"@d.example"),
            ("a@[192.0.2.1]", "a@[192.0.2.1]"),
            (
                "a@b.example <A@B.example>, x@y.example",
                "A@b.example x@y.example",
            ),
            ("undisclosed-recipients:;", ""),
            (
                "\"A, B\": a@b.example, X <c@d.example>,; , e@f.example",
                "a@b.example c@d.example e@f.example",
            ),
            ("Grüße <ü@bücher.example>", "ü@xn--bcher-kva.example"),
        ] {
            let list = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let found: Vec<String> = list.addresses.iter().map(Address::to_string).collect();
            assert_eq!(found.join(" "), expected, "{text}");
            assert_eq!(list.has_group, text.contains(";"), "{text}");
            assert_eq!(list.has_route, text.contains(":a@"), "{text}");
        }
    }

    #[test]
    fn what_leaves_a_doubt_is_refused() {
        for (text, message) in [
            ("a", "\"a\" is not an address"),
            ("a b@c.example", "\"a b@c.example\" is not an address"),
            ("<>", "\"<>\" is not an address"),
            ("a@", "\"a@\" is not an address"),
            ("@b.example", "\"@b.example\" is not an address"),
            (
                "x@y.example <a@b.example>",
                "x@y.example is shown in the place of a name, but the address is a@b.example",
            ),
            (
                "a@b.example c@d.example",
                "there should be a comma before \"c@d.example\"",
            ),
            (
                "a@b.example; c@d.example",
                "there should be a comma before \"; c@d.example\"",
            ),
            ("<a@b.example", "an angle bracket is not closed before \"\""),
            ("\"a@b.example", "a quote is not closed"),
            ("(a@b.example", "a comment is not closed"),
            ("g: a@b.example", "a group is not closed"),
            ("g: h: a@b.example;;", "a group stands in a group"),
            (
                "j\u{FFFD}@b.example",
                "\"j\u{FFFD}@b.example\" is neither ASCII nor UTF-8",
            ),
            (":;", "\":;\" is not an address"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
        }
        assert!(matches!(parse("a@b..c"), Err(Error::Address(_))));
        assert!(parse("a@b.example\r\nRCPT TO:<x@y>").is_err());
    }

    #[test]
    fn deep_nesting_is_no_recursion() {
        assert_eq!(parse(&"(".repeat(200_000)), Err(Error::UnclosedComment));
        let comments = format!("{}{}a@b.example", "(".repeat(99_999), ")".repeat(99_999));
        assert_eq!(parse(&comments).unwrap().addresses.len(), 1);
    }
}
