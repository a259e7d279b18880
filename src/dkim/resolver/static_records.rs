//! A table in place of the network.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Answer, ResolveError, Resolver};
use crate::dkim::domain;

/// TXT records by name.
///
/// ```
/// use std::time::Duration;
/// use mailseal::dkim::{Resolver, StaticRecords};
///
/// let records = StaticRecords::from_json(br#"{"Lab._domainkey.Example.com.": "v=DKIM1; p="}"#)?;
/// let names = ["lab._domainkey.example.com".to_owned()];
/// let answers = records.text_records(&names, Duration::ZERO);
/// assert_eq!(answers, [Ok(vec![b"v=DKIM1; p=".to_vec()])]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaticRecords(BTreeMap<String, Vec<u8>>);

/// Why something is no table of records.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is no JSON, or JSON of another kind.
    #[error("it is no JSON object of names and TXT records")]
    Json(#[source] serde_json::Error),
    /// A name that DNS cannot have.
    #[error("\"{0}\" is no name that DNS could have")]
    Name(String),
    /// A name that is there twice, perhaps in another case.
    #[error("\"{0}\" is there twice")]
    Twice(String),
    /// Text in quotation marks that do not come in pairs.
    #[error("the quotation marks in the record of \"{0}\" do not come in pairs")]
    Quotes(String),
}

/// A record, in one piece or in the strings that DNS divides it into.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Text {
    Whole(String),
    Strings(Vec<String>),
}

impl StaticRecords {
    /// Reads a JSON object that gives each name its TXT record: its text, an array of the strings
    /// that it is divided into, or these strings in quotation marks as zone files and `dig` have
    /// them. Neither the case of names nor a dot at their end matters.
    ///
    /// # Errors
    ///
    /// Everything that is not wholly so.
    pub fn from_json(json: &[u8]) -> Result<StaticRecords, Error> {
        let mut records = BTreeMap::new();
        let object: Entries = serde_json::from_slice(json).map_err(Error::Json)?;
        for (written, text) in object.0 {
            let name = written.strip_suffix('.').unwrap_or(&written);
            let name = domain::canonical(name).ok_or_else(|| Error::Name(written.clone()))?;
            let text = match text {
                Text::Strings(strings) => strings.concat(),
                Text::Whole(text) if text.trim_start().starts_with('"') => {
                    unquoted(&text).ok_or_else(|| Error::Quotes(written.clone()))?
                }
                Text::Whole(text) => text,
            };
            if records.insert(name, text.into_bytes()).is_some() {
                return Err(Error::Twice(written));
            }
        }
        Ok(StaticRecords(records))
    }
}

impl Resolver for StaticRecords {
    fn text_records(&self, names: &[String], _: Duration) -> Vec<Answer> {
        let records = names.iter().map(|name| self.0.get(name));
        records
            .map(|record| record.map(|text| vec![text.clone()]))
            .map(|found| found.ok_or(ResolveError::NoRecord))
            .collect()
    }
}

/// The members of an object in their order: a map would keep one of two with the same name.
struct Entries(Vec<(String, Text)>);

impl<'de> serde::Deserialize<'de> for Entries {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Entries;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of names and TXT records")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

/// `"one" "two"`, put together. A backslash takes the meaning from what follows it.
fn unquoted(text: &str) -> Option<String> {
    let mut whole = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.find(|c| !c.is_whitespace()) {
        if c != '"' {
            return None;
        }
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => whole.push(characters.next()?),
                c => whole.push(c),
            }
        }
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_up(json: &str, name: &str) -> Answer {
        let records = StaticRecords::from_json(json.as_bytes()).unwrap();
        records
            .text_records(&[name.to_owned()], Duration::ZERO)
            .remove(0)
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        for name in ["a.example", "A.Example", "a.example."] {
            let json = format!("{{\"{name}\": \"x\", \"b.example\": \"y\"}}");
            assert_eq!(look_up(&json, "a.example"), Ok(vec![b"x".to_vec()]));
        }
        let json = "{\"Bücher.example\": \"x\"}";
        assert!(look_up(json, "xn--bcher-kva.example").is_ok());
        assert_eq!(look_up("{}", "a.example"), Err(ResolveError::NoRecord));
    }

    #[test]
    fn strings_are_put_together() {
        for record in [
            r#""one two""#,
            r#"["one", " two"]"#,
            r#""\"one\" \" two\"""#,
            r#""\"o\\ne two\"""#,
        ] {
            let json = format!("{{\"a.example\": {record}}}");
            let expected = vec![b"one two".to_vec()];
            assert_eq!(look_up(&json, "a.example"), Ok(expected), "{record}");
        }
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        for (json, message) in [
            ("", "it is no JSON object of names and TXT records"),
            ("[]", "it is no JSON object of names and TXT records"),
            (
                r#"{"a.b": 1}"#,
                "it is no JSON object of names and TXT records",
            ),
            (
                r#"{"a..b": "x"}"#,
                "\"a..b\" is no name that DNS could have",
            ),
            (r#"{"a.b": "x", "A.b.": "y"}"#, "\"A.b.\" is there twice"),
            (r#"{"a.b": "x", "a.b": "x"}"#, "\"a.b\" is there twice"),
            (
                r#"{"a.b": "\"x"}"#,
                "the quotation marks in the record of \"a.b\" do not come in pairs",
            ),
            (
                r#"{"a.b": "\"x\" y"}"#,
                "the quotation marks in the record of \"a.b\" do not come in pairs",
            ),
        ] {
            let error = StaticRecords::from_json(json.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
