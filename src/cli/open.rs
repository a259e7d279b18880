//! `mailseal open`: the message inside all layers, and what was proved about it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use mailseal::mime::{Field, Message, RawMessage};
use mailseal::smime::open::{self, Opened, Opening, Unproved, Verdict};

use super::failure::{Code, Failure};
use super::input::Input;
use super::opening::{KeyArguments, Opener, SignedArguments};
use super::output::Destination;
use super::trust::TrustArguments;
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
    signed: SignedArguments,
    #[command(flatten)]
    trust: TrustArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let opener = Opener::resolve(
        &arguments.trust,
        &arguments.signed,
        &arguments.keys,
        Some(Path::new(".")),
        global,
    )?;
    let opening = Opening {
        allow_unauthenticated: arguments.allow_unauthenticated,
        ..opener.opening()
    };
    let (inputs, _) = Input::from_arguments(arguments.file.as_slice());
    let mut code = Code::Done;
    for input in inputs {
        let opened = open::open(input.raw()?, &opening)
            .map_err(|error| report::failed(explain::opening(&error).about(&input), global))?;
        let content = opened.content();
        report::write(&opened, content.as_ref().err().copied(), global);
        opener.tell_if_nobody_is_trusted(&opened, global);
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
    let head = match opened.message() {
        Some(message) if !opened.layers().is_empty() => Head::of(message, content),
        _ => None,
    };
    destination.write(|out| {
        let mut body = 0;
        if let Some(head) = &head {
            head.fields
                .iter()
                .try_for_each(|field| out.write_all(field))?;
            out.write_all(head.line_end)?;
            body = head.body;
        }
        let octets = content.spool();
        io::copy(&mut octets.range(body..octets.len()), out).map(drop)
    })
}

/// The header of what is written.
struct Head {
    fields: Vec<Vec<u8>>,
    line_end: &'static [u8],
    /// Where the body begins in the content.
    body: u64,
}

impl Head {
    /// Of the message everything but what spoke of the seal, of the entity what speaks of its
    /// content; none for a content that does not begin with a header.
    ///
    /// RFC 8551 3.1: a sealed entity has no other fields. If it has a From of its own, that is not
    /// the one that the signer was held against, and must not be written as if it were.
    fn of(message: &Message, content: &RawMessage) -> Option<Head> {
        let (inner, body) = inner_header(content)?;
        let line_end: &[u8] = match inner.first().map(Field::raw) {
            Some(raw) if !raw.ends_with(b"\r\n") => b"\n",
            _ => b"\r\n",
        };
        let speaks_of_content = |field: &&Field| {
            let name = field.name().to_ascii_lowercase();
            name.starts_with("content-")
        };
        let outer = message.header().fields().iter();
        let outer = outer.filter(|field| !speaks_of_content(field));
        let fields = outer.chain(inner.iter().filter(speaks_of_content));
        Some(Head {
            fields: fields
                .map(|field| with_line_ends(field, line_end))
                .collect(),
            line_end,
            body,
        })
    }
}

/// The header fields of an entity, and where its body begins. An entity may have no fields at all
/// (RFC 2045 5.2), and begin with the empty line.
fn inner_header(content: &RawMessage) -> Option<(Vec<Field>, u64)> {
    let mut start = [0; 2];
    let read = content.spool().reader().read(&mut start).ok()?;
    match &start[..read] {
        [b'\r', b'\n'] => Some((Vec::new(), 2)),
        [b'\n', ..] => Some((Vec::new(), 1)),
        _ => {
            let entity = Message::parse(content.clone()).ok()?;
            let body = content.spool().len() - entity.body_length();
            Some((entity.header().fields().to_vec(), body))
        }
    }
}

fn with_line_ends(field: &Field, line_end: &[u8]) -> Vec<u8> {
    let lines = field.raw().split(|&octet| octet == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut octets = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        octets.extend_from_slice(line);
        octets.extend_from_slice(line_end);
    }
    octets
}
