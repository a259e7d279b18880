//! Lines of the audit log, as the page shows them.

use serde_json::Value;

use super::shown::{Shown, time};

/// How many lines are looked through, if only some are wanted.
pub(super) const MAX_LINES: usize = 2000;

/// How many are on the page.
pub(super) const MAX_ROWS: usize = 100;

/// One decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) time: Shown,
    pub(super) outcome: Shown,
    /// For its colour: `good`, `bad` or empty.
    pub(super) class: &'static str,
    pub(super) step: Shown,
    pub(super) reason: Shown,
    pub(super) detail: Shown,
    /// Whose certificate it is, or who wrote.
    pub(super) address: Shown,
    pub(super) source: Shown,
    pub(super) id: Shown,
    /// What the certificate says, where there is one.
    pub(super) subject: Shown,
    pub(super) not_after: Shown,
}

impl Row {
    /// Of a line. One that cannot be read is shown as that, not left out.
    pub(super) fn of(line: &str) -> Row {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            return Row {
                outcome: Shown::of("unreadable"),
                class: "bad",
                detail: Shown::of("this line of the audit log is no JSON"),
                ..Row::default()
            };
        };
        let text = |value: &Value| match value {
            Value::String(text) => Shown::of(text),
            _ => Shown::default(),
        };
        let outcome = line["outcome"].as_str().unwrap_or_default();
        let at = line["time"].as_str().and_then(|it| it.parse().ok());
        let address = match &line["address"] {
            Value::Null => &line["message"]["from"],
            address => address,
        };
        let certificate = &line["certificate"];
        Row {
            time: at.map_or_else(|| text(&line["time"]), |at| Shown::of(time(at))),
            outcome: Shown::of(outcome),
            class: class(outcome),
            step: text(&line["step"]),
            reason: text(&line["reason"]),
            detail: text(&line["detail"]),
            address: text(address),
            source: text(&line["source"]),
            id: text(&line["id"]),
            subject: text(&certificate["subject"]),
            not_after: text(&certificate["not_after"]),
        }
    }

    /// Whether somebody who looks for `wanted` wants this one.
    pub(super) fn matches(&self, wanted: &str) -> bool {
        let wanted = wanted.to_lowercase();
        [
            &self.address,
            &self.outcome,
            &self.step,
            &self.reason,
            &self.id,
            &self.source,
        ]
        .iter()
        .any(|field| field.to_string().to_lowercase().contains(&wanted))
    }
}

fn class(outcome: &str) -> &'static str {
    match outcome {
        "stored" | "replaced" | "already-stored" | "accepted" => "good",
        "refused" | "failed" | "discarded" => "bad",
        "pending" | "try-later" => "open",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_shows_its_step_and_reason() {
        let row = Row::of(
            r#"{"version":1,"time":"2026-11-28T22:00:00Z","id":"0k3j","source":"sparkpost",
                "outcome":"refused","step":"dkim","reason":"no-signature",
                "detail":"nobody signed","address":null,"message":{"from":"bob@example.com"}}"#,
        );
        assert_eq!(row.time.to_string(), "2026-11-28 22:00:00 UTC");
        assert_eq!(
            (row.outcome.to_string().as_str(), row.class),
            ("refused", "bad")
        );
        assert_eq!(row.step.to_string(), "dkim");
        assert_eq!(row.reason.to_string(), "no-signature");
        assert_eq!(row.detail.to_string(), "nobody signed");
        assert_eq!(row.address.to_string(), "bob@example.com");
        assert!(row.matches("BOB@") && row.matches("no-sig") && !row.matches("alice"));
    }

    #[test]
    fn what_strangers_wrote_is_escaped() {
        let row = Row::of("{\"outcome\":\"refused\",\"address\":\"\\u001b[2J\\u202e<b>\"}");
        assert_eq!(row.address.to_string(), "\\u{1b}[2J\\u{202e}<b>");
    }

    #[test]
    fn a_line_that_is_broken_is_shown_as_that() {
        for line in ["", "{\"outcome\":", "\u{0}"] {
            assert_eq!(Row::of(line).outcome.to_string(), "unreadable");
        }
        // And one of another kind is shown with what it has.
        for line in [
            "{}",
            "[]",
            "1",
            "{\"time\":5,\"certificate\":7,\"message\":[]}",
        ] {
            assert_eq!(Row::of(line), Row::default(), "{line}");
        }
    }
}
