//! A line with its details, as text and as JSON.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Level, Line};
use crate::printable::{is_deceptive, printable};

/// The original's logger, in the second column of its lines.
const NAME: &str = "webapp";

/// The most octets of a message that are written; a stranger could fill the disk.
const MAX_MESSAGE: usize = 4096;

/// `time,name,level,message`, and each detail in the same way behind `| `.
pub(super) fn text(out: &mut String, id: &str, line: &Line, zone: &TimeZone) {
    head(out, line.time, line.level, zone);
    out.push_str(&printable(cut(&line.message)));
    if !id.is_empty() {
        out.push_str(",id=");
        out.push_str(&printable(id));
    }
    out.push('\n');
    for detail in &line.details {
        head(out, detail.time, detail.level, zone);
        out.push_str("| ");
        out.push_str(&printable(cut(&detail.message)));
        out.push('\n');
    }
}

fn head(out: &mut String, time: Timestamp, level: Level, zone: &TimeZone) {
    let time = zone.to_datetime(time);
    let milliseconds = time.subsec_nanosecond() / 1_000_000;
    let (date, hour, minute, second) = (time.date(), time.hour(), time.minute(), time.second());
    let level = level.name();
    write!(
        out,
        "{date} {hour:02}:{minute:02}:{second:02},{milliseconds:03},{NAME},{level},"
    )
    .expect("a string takes what is written");
}

/// An object on one line. Its level is the gravest of the line and its details.
pub(super) fn json(out: &mut String, id: &str, line: &Line) {
    #[derive(Serialize)]
    struct Object<'a> {
        time: String,
        level: &'static str,
        id: Option<&'a str>,
        message: &'a str,
        details: Vec<&'a str>,
    }
    let levels = line.details.iter().map(|detail| detail.level);
    let level = levels.fold(line.level, Level::max);
    let object = Object {
        time: format!("{:.3}", line.time),
        level: level.name(),
        id: Some(id).filter(|id| !id.is_empty()),
        message: cut(&line.message),
        details: line.details.iter().map(|it| cut(&it.message)).collect(),
    };
    let object = serde_json::to_string(&object).expect("texts become JSON");
    for c in object.chars() {
        match is_deceptive(c) {
            // JSON leaves them as they are, beyond ASCII; all are in the basic plane.
            true => write!(out, "\\u{:04x}", u32::from(c)).expect("a string takes what is written"),
            false => out.push(c),
        }
    }
    out.push('\n');
}

/// What is written of a message.
fn cut(message: &str) -> &str {
    &message[..message.floor_char_boundary(MAX_MESSAGE)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_messages_are_cut_between_characters() {
        let message = format!("{}ü{}", "x".repeat(MAX_MESSAGE - 1), "y".repeat(10_000));
        assert_eq!(cut(&message), &message[..MAX_MESSAGE - 1]);
        assert_eq!(cut(&message[..MAX_MESSAGE - 1]).len(), MAX_MESSAGE - 1);
    }

    #[test]
    fn times_are_local() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let mut out = String::new();
        let time = "2018-12-14T03:04:05.006Z".parse().unwrap();
        head(&mut out, time, Level::Error, &zone);
        assert_eq!(out, "2018-12-13 22:04:05,006,webapp,ERROR,");
    }
}
