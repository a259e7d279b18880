//! `mailseal open`: the message inside all layers, and what was proved about it.

use std::io;
use std::path::PathBuf;

use mailseal::mime::{Field, Message, RawMessage};
use mailseal::smime::open::{self, Opened, Unproved, Verdict};

use super::failure::{Code, Failure};
use super::input::Input;
use super::opening::{KeyArguments, Opener, TrustArguments};
use super::output::Destination;
use super::{Global, explain, report};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Message or CMS object to open; - or none is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Write the message inside to this file [default: standard output, without --json]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write content that nothing vouches for, too: encrypted without authentication and not
    /// signed, signed and changed, or not sealed at all
    #[arg(long)]
    allow_unauthenticated: bool,
    #[command(flatten)]
    keys: KeyArguments,
    #[command(flatten)]
    trust: TrustArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let opener = Opener::resolve(&arguments.trust, &arguments.keys, global)?;
    let (inputs, _) = Input::from_arguments(arguments.file.as_slice());
    let mut code = Code::Done;
    for input in inputs {
        let opened = open::open(input.raw()?, &opener.opening())
            .map_err(|error| report::failed(explain::opening(&error).about(&input), global))?;
        let content = opened.content(arguments.allow_unauthenticated);
        report::write(&opened, content.as_ref().err().copied(), global);
        if let Some(obstacle) = opened.obstacle() {
            return Err(explain::obstacle(obstacle).about(&input));
        }
        match content {
            Ok(content) => {
                if let Some(destination) = destination(arguments, global) {
                    write(&opened, content, &destination)?;
                }
            }
            Err(Unproved::NoContent) => {}
            Err(unproved) => return Err(explain::unproved(unproved).about(&input)),
        }
        if opened.verdict() == Verdict::Invalid {
            code = Code::Negative;
        }
    }
    Ok(code)
}

fn destination(arguments: &Arguments, global: &Global) -> Option<Destination> {
    match (&arguments.output, global.json) {
        (Some(path), _) if path.as_os_str() == "-" => Some(Destination::Stdout),
        (Some(path), _) => Some(Destination::File(path.clone())),
        (None, true) => None,
        (None, false) => Some(Destination::Stdout),
    }
}

/// The fields that were outside, then the entity to the octet. A content that is no entity, or
/// that came without a message around it, is all there is.
fn write(opened: &Opened, content: &RawMessage, destination: &Destination) -> Result<(), Failure> {
    let outer = match opened.message() {
        Some(message) if !opened.layers().is_empty() => outer_fields(message, content),
        _ => Vec::new(),
    };
    destination.write(|out| {
        for field in &outer {
            out.write_all(field)?;
        }
        io::copy(&mut content.spool().reader(), out).map(drop)
    })
}

/// Every field of the message but those that the content has of its own, and those that spoke of
/// the seal; none before a content that does not begin with a header.
fn outer_fields(message: &Message, content: &RawMessage) -> Vec<Vec<u8>> {
    let Ok(entity) = Message::parse(content.clone()) else {
        return Vec::new();
    };
    let inner = entity.header();
    let end = match inner.fields().first().map(Field::raw) {
        Some(raw) if !raw.ends_with(b"\r\n") => "\n",
        _ => "\r\n",
    };
    let is_outer = |field: &&Field| {
        let is_own = inner.first(field.name()).is_some();
        let speaks_of_content = field.name().to_ascii_lowercase().starts_with("content-");
        !is_own && !speaks_of_content
    };
    let fields = message.header().fields().iter().filter(is_outer);
    fields
        .map(|field| {
            let lines = field.raw().split(|&octet| octet == b'\n');
            let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            let lines = lines.filter(|line| !line.is_empty());
            let mut octets = Vec::new();
            for line in lines {
                octets.extend_from_slice(line);
                octets.extend_from_slice(end.as_bytes());
            }
            octets
        })
        .collect()
}
