//! What strangers wrote, as pages show it.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::printable::printable;

/// The most characters of a text on a page.
const MAX_TEXT: usize = 500;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// A text without control characters and of bounded length. The template escapes it for HTML.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Shown(String);

impl Shown {
    pub(super) fn of(text: impl fmt::Display) -> Shown {
        let text = text.to_string();
        match text.char_indices().nth(MAX_TEXT) {
            None => Shown(printable(&text)),
            Some((end, _)) => Shown(format!("{}…", printable(&text[..end]))),
        }
    }
}

impl Shown {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A day, in UTC.
pub(super) fn day(time: Timestamp) -> String {
    TimeZone::UTC.to_datetime(time).date().to_string()
}

/// A time to the second, in UTC.
pub(super) fn time(time: Timestamp) -> String {
    let time = TimeZone::UTC.to_datetime(time);
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Whole days from one time to another: negative once it has passed.
pub(super) fn days(from: Timestamp, to: Timestamp) -> i64 {
    (to.as_second() - from.as_second()).div_euclid(SECONDS_A_DAY)
}

/// A number of octets for people.
pub(super) fn octets(count: u64) -> String {
    let in_units = |unit: u64| format!("{}.{}", count / unit, count % unit * 10 / unit);
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{} kB", in_units(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", in_units(1_000_000)),
        _ => format!("{} GB", in_units(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_endless_texts_are_not_shown_as_they_are() {
        assert_eq!(
            Shown::of("a\u{1b}[2J\u{202e}b").to_string(),
            "a\\u{1b}[2J\\u{202e}b"
        );
        let long = "ü".repeat(MAX_TEXT);
        assert_eq!(Shown::of(&long).to_string(), long);
        assert_eq!(
            Shown::of(format!("{long}x")).to_string(),
            format!("{long}…")
        );
    }

    #[test]
    fn days_are_whole_and_negative_afterwards() {
        let at = |time: &str| -> Timestamp { time.parse().unwrap() };
        let now = at("2026-11-28T12:00:00Z");
        for (end, left) in [
            ("2026-11-29T12:00:00Z", 1),
            ("2026-11-29T11:59:59Z", 0),
            ("2026-11-28T11:59:59Z", -1),
            ("2027-11-28T12:00:00Z", 365),
        ] {
            assert_eq!(days(now, at(end)), left, "{end}");
        }
        assert_eq!(
            (day(now), time(now)),
            ("2026-11-28".into(), "2026-11-28 12:00:00 UTC".into())
        );
    }

    #[test]
    fn octets_have_units() {
        for (count, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_999, "1.9 kB"),
            (57_000_000, "57.0 MB"),
            (1_200_000_000, "1.2 GB"),
        ] {
            assert_eq!(octets(count), shown);
        }
        octets(u64::MAX);
    }
}
