//! What the API answers: `results`, `errors`, and a status that does not tell all.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::Error;

/// One error of an answer, in the service's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// What.
    pub message: String,
    /// In detail.
    pub description: Option<String>,
    /// SparkPost's number for it, as `2102` for the daily limit.
    pub code: Option<String>,
}

/// `Message: description (code 7001)`
impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        if let Some(description) = &self.description {
            write!(formatter, ": {description}")?;
        }
        match &self.code {
            Some(code) => write!(formatter, " (code {code})"),
            None => Ok(()),
        }
    }
}

impl ApiError {
    fn read(value: &Value) -> Self {
        let text = |name: &str| match value.get(name)? {
            Value::String(text) => Some(printable(text)),
            Value::Null => None,
            other => Some(printable(&other.to_string())),
        };
        Self {
            message: text("message").unwrap_or_else(|| printable(&value.to_string())),
            description: text("description"),
            code: text("code"),
        }
    }

    /// Whether it speaks of this address.
    pub(super) fn names(&self, address: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || ".-_+@".contains(c);
        let mentions = |text: &str| {
            let (text, address) = (text.to_lowercase(), address.to_lowercase());
            text.match_indices(&address).any(|(start, found)| {
                let before = text[..start].chars().next_back();
                let mut after = text[start + found.len()..].chars();
                // The dot that ends a sentence ends the address too.
                let ends = match after.next() {
                    Some('.') => !after.next().is_some_and(is_part),
                    next => !next.is_some_and(is_part),
                };
                !before.is_some_and(is_part) && ends
            })
        };
        mentions(&self.message) || self.description.as_deref().is_some_and(mentions)
    }
}

/// An answer as it came.
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// A transmission that was made, for some recipients at least.
#[derive(Debug)]
pub(super) struct Accepted {
    pub id: String,
    pub accepted: u64,
    pub rejected: u64,
    pub errors: Vec<ApiError>,
}

impl Answer {
    pub fn understand(self) -> Result<Accepted, Error> {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let results = json.get("results");
        let lists = [
            json.get("errors"),
            results.and_then(|results| results.get("rcpt_to_errors")),
            json.get("rcpt_to_errors"),
        ];
        let items = lists
            .into_iter()
            .flatten()
            .filter_map(Value::as_array)
            .flatten();
        let mut errors: Vec<_> = items.map(ApiError::read).collect();
        match self.status {
            200 => {
                let count = |name: &str| results?.get(name)?.as_u64();
                let id = results.and_then(|results| match results.get("id")? {
                    Value::String(id) => Some(printable(id)),
                    id => Some(printable(&id.to_string())),
                });
                let (Some(id), Some(accepted)) = (id, count("total_accepted_recipients")) else {
                    return Err(Error::NotUnderstood {
                        beginning: beginning(&self.body),
                    });
                };
                let rejected = count("total_rejected_recipients").unwrap_or(0);
                Ok(Accepted {
                    id,
                    accepted,
                    rejected,
                    errors,
                })
            }
            504 => Err(Error::GatewayTimeout),
            status => {
                if errors.is_empty() && !self.body.is_empty() {
                    let message = beginning(&self.body);
                    errors.push(ApiError {
                        message,
                        description: None,
                        code: None,
                    });
                }
                Err(Error::Refused {
                    status,
                    errors,
                    retry_after: self.retry_after,
                })
            }
        }
    }
}

fn beginning(body: &[u8]) -> String {
    printable(&String::from_utf8_lossy(&body[..body.len().min(300)]))
}

// The words come from the network and go to a terminal.
fn printable(text: &str) -> String {
    crate::printable::printable(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(description: &str) -> ApiError {
        let description = Some(description.to_owned());
        ApiError {
            message: "invalid".into(),
            description,
            code: None,
        }
    }

    #[test]
    fn nothing_in_an_answer_steers_the_terminal() {
        // JSON escapes C0 controls only.
        let item =
            r#"{"message": "\u001b[2J", "code": ["\u009b31m"], "description": {"\u007f": 1}}"#;
        let refused = Answer {
            status: 400,
            retry_after: None,
            body: format!(r#"{{"errors": [{item}, ["\u0085"]]}}"#).into_bytes(),
        };
        let Err(Error::Refused { errors, .. }) = refused.understand() else {
            panic!("a refusal was understood as something else");
        };
        let accepted = Answer {
            status: 200,
            retry_after: None,
            body: br#"{"results": {"id": ["\u009b31m"], "total_accepted_recipients": 1}}"#.to_vec(),
        };
        let id = accepted.understand().unwrap().id;
        for text in errors.iter().map(ToString::to_string).chain([id]) {
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
    }

    #[test]
    fn an_error_names_whole_addresses_only() {
        assert!(error("Domain of bob@example.org.").names("bob@example.org"));
        assert!(error("<Bob@Example.org> no").names("bob@example.org"));
        assert!(!error("jimbob@example.org").names("bob@example.org"));
        assert!(!error("bob@example.org.uk").names("bob@example.org"));
    }
}
