//! Text that a stranger wrote, as it may go to a terminal or into a log.
//!
//! Names in certificates, header fields, replies of servers and names of files are all chosen by
//! others. One escape sequence in them could move the cursor, colour a lie or hide a line.
//!
//! ```
//! use mailseal::printable::printable;
//!
//! assert_eq!(printable("550 no\u{1b}[2J such user"), "550 no\\u{1b}[2J such user");
//! assert_eq!(printable("Zoë"), "Zoë");
//! ```
//!
//! # Not supported
//!
//! Letters of one script that look like those of another: they show what they are, to who looks
//! closely.

/// Whether a character shows nothing of itself but changes how others are shown: C0 and C1
/// controls, line and paragraph separators, and the bidirectional formatting characters of
/// Unicode Standard Annex #9.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// The text with every [deceptive](is_deceptive) character but the tab escaped as Rust writes it.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match is_deceptive(c) && c != '\t' {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out
}

/// An error with its causes in one line, each said once, without the numbers that Rust puts behind
/// the system's words.
///
/// ```
/// use mailseal::printable::sentence;
///
/// let missing = std::fs::File::open("/nowhere").unwrap_err();
/// assert_eq!(sentence(&missing), "No such file or directory");
/// ```
pub fn sentence(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !sentence.contains(&cause_text) {
            sentence = format!("{sentence}: {cause_text}");
        }
        source = cause.source();
    }
    without_os_numbers(&sentence)
}

/// Takes out what Rust puts behind the system's words: "(os error 2)".
pub fn without_os_numbers(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once(')').map_or("", |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_numbers_are_left_out() {
        assert_eq!(without_os_numbers("a (os error 2): b (os error 5)"), "a: b");
        assert_eq!(without_os_numbers("a (os error"), "a (os error");
    }

    #[test]
    fn what_moves_a_cursor_or_turns_text_around_is_escaped() {
        for (text, shown) in [
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("one\r\ntwo", "one\\r\\ntwo"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }

    #[test]
    fn what_people_write_stays_and_nothing_is_escaped_twice() {
        for text in [
            "Lučić, 東京, שלום",
            "tab\tbed",
            "back\\slash \"quoted\"",
            "\\u{1b}",
        ] {
            assert_eq!(printable(text), text);
            assert_eq!(printable(&printable(text)), text);
        }
    }
}
