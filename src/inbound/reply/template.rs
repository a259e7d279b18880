//! What a note says: a file whose first line is the subject, then an empty line, then the text.
//!
//! In the text `{address}`, `{reason}`, `{detail}` and `{not_after}` stand for what is told.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::printable::printable;

/// What may stand in braces.
const NAMES: [&str; 4] = ["address", "reason", "detail", "not_after"];

/// The most that is read of a file, in octets.
const MAX_FILE: u64 = 64 << 10;

const STORED: &str = "\
Subject: Your certificate is stored

The certificate that came with your signed mail from {address} is stored.
From now on we encrypt what we send to this address. This holds until
{not_after}; a signed mail with a new certificate renews it.
";

const REFUSED: &str = "\
Subject: Your certificate is not stored

Your signed mail from {address} has come in, but its certificate is not
used, because:

    {detail} ({reason})

Nothing changes: what we sent to this address so far we go on sending in
the same way. You may sign another mail and send it once more.
";

/// What is said in each case.
#[derive(Debug, Clone)]
pub struct Templates {
    /// That a certificate is stored.
    pub stored: Template,
    /// Why it is not, or not yet.
    pub refused: Template,
}

impl Default for Templates {
    /// In English.
    fn default() -> Templates {
        let ours = |text| Template::parse(text).expect("the templates of the program can be read");
        Templates {
            stored: ours(STORED),
            refused: ours(REFUSED),
        }
    }
}

/// A subject and a text with gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    subject: String,
    text: String,
}

/// Why a file is no template.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It cannot be read, or is not UTF-8.
    #[error("cannot read the template {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It does not begin as it should.
    #[error("a template begins with a line \"Subject: …\" in ASCII and an empty line")]
    NoSubject,
    /// There is no text.
    #[error("the template has no text")]
    Empty,
    /// Something else stands in braces.
    #[error("the template has {{{}}}, and only {{address}}, {{reason}}, {{detail}} and {{not_after}} mean something", printable(.0))]
    UnknownName(String),
}

impl Template {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, and what [`Template::parse`] finds.
    pub fn read(path: &Path) -> Result<Template, TemplateError> {
        let unreadable = |source| TemplateError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mut text = String::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(MAX_FILE)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        Template::parse(&text)
    }

    /// Reads a text, with either kind of line ends.
    ///
    /// # Errors
    ///
    /// It has no subject or no text, or something unknown in braces.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let text = text.replace("\r\n", "\n");
        let (first, rest) = text.split_once('\n').ok_or(TemplateError::NoSubject)?;
        let subject = first.strip_prefix("Subject:").map(str::trim);
        let is_subject = |subject: &&str| {
            !subject.is_empty() && subject.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        };
        let subject = subject.filter(is_subject).ok_or(TemplateError::NoSubject)?;
        let text = rest.strip_prefix('\n').ok_or(TemplateError::NoSubject)?;
        if text.trim().is_empty() {
            return Err(TemplateError::Empty);
        }
        let mut gaps = names(text);
        match gaps.find(|name| !NAMES.contains(name)) {
            Some(unknown) => Err(TemplateError::UnknownName(unknown.to_owned())),
            None => Ok(Template {
                subject: subject.to_owned(),
                text: text.to_owned(),
            }),
        }
    }

    /// The subject, in ASCII.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The text with its gaps filled. What is filled in has no control characters and no gaps of its
    /// own.
    pub fn text(&self, address: &str, reason: &str, detail: &str, not_after: &str) -> String {
        let mut filled = String::new();
        let mut rest = self.text.as_str();
        while let Some((before, name, after)) = gap(rest) {
            filled.push_str(before);
            filled.push_str(&printable(match name {
                "address" => address,
                "reason" => reason,
                "detail" => detail,
                _ => not_after,
            }));
            rest = after;
        }
        filled + rest
    }
}

/// Every word in braces.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, name, after) = gap(rest)?;
        rest = after;
        Some(name)
    })
}

/// What is before the first word in braces, the word, and what is after. Braces around anything else
/// are text.
fn gap(text: &str) -> Option<(&str, &str, &str)> {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    for (open, _) in text.match_indices('{') {
        let inside = &text[open + 1..];
        if let Some((word, after)) = inside.split_once('}')
            && is_word(word)
        {
            return Some((&text[..open], word, after));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_and_nothing_else_is_touched() {
        let template = Template::parse(
            "Subject: On {x}\r\n\r\n{address}: {a b} {} {{reason}} {detail}{not_after}\r\n",
        );
        let template = template.unwrap();
        assert_eq!(template.subject(), "On {x}");
        let text = template.text(
            "bob@example.com",
            "expired",
            "it {reason} \r\n.\r\n",
            "2026",
        );
        assert_eq!(
            text,
            "bob@example.com: {a b} {} {expired} it {reason} \\r\\n.\\r\\n2026\n"
        );
    }

    #[test]
    fn what_is_no_template_is_told() {
        for (text, said) in [
            ("", "a template begins"),
            ("Hello\n\ntext\n", "a template begins"),
            ("Subject: a\ntext\n", "a template begins"),
            ("Subject:\n\ntext\n", "a template begins"),
            ("Subject: Grüße\n\ntext\n", "a template begins"),
            ("Subject: a\tb\n\ntext\n", "a template begins"),
            ("Subject: a\n\n \n", "the template has no text"),
            (
                "Subject: a\n\n{adress}\n",
                "the template has {adress}, and only {address}, ",
            ),
        ] {
            let error = Template::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(said), "{text:?}: {error}");
        }
        let missing = Template::read(Path::new("/nowhere/stored.txt")).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "cannot read the template /nowhere/stored.txt"
        );
    }

    #[test]
    fn ours_say_what_they_should() {
        let Templates { stored, refused } = Templates::default();
        let text = stored.text("bob@example.com", "", "", "2027-11-21");
        assert!(
            text.contains("from bob@example.com is stored") && text.contains("until\n2027-11-21")
        );
        let text = refused.text("bob@example.com", "expired", "it expired in May", "");
        assert!(text.contains("    it expired in May (expired)\n"));
    }
}
