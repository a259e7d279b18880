//! `mailseal seal`: signs and encrypts, and writes the result.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use mailseal::smime::seal::{CopyKind, SealedCopy};
use serde_json::json;

use super::Global;
use super::failure::{Code, Failure};
use super::input::Input;
use super::output::{self, Destination};
use super::progress::Progress;
use super::sealing::{Sealer, SealingArguments};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Messages to seal; - or none is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// File to write to, or directory for several messages; without it, standard output
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    #[command(flatten)]
    sealing: SealingArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    if !arguments.sealing.signs() && !arguments.sealing.encrypts() {
        return Err(
            Failure::new(Code::Usage, "there is nothing to do to the message").hint(
                "give --sign, --sign-detached, --encrypt, or --encrypt with one of the others",
            ),
        );
    }
    if global.json && arguments.output.is_none() {
        return Err(Failure::new(
            Code::Usage,
            "--json and the message both want standard output",
        )
        .hint("name a file or directory for the message with -o"));
    }
    let (inputs, repeated) = Input::from_arguments(&arguments.files);
    for path in repeated {
        output::warn(
            format!("{} is named twice and sealed once", path.display()),
            global,
        );
    }
    output::warn_of_idle(&arguments.sealing.idle(), global);
    let place = Place::new(arguments.output.as_deref(), &inputs)?;
    let sealer = arguments.sealing.resolve()?;

    let progress = Progress::new(inputs.len(), global);
    let mut worst = Code::Done;
    let mut failed = 0;
    for input in &inputs {
        if let Err(failure) = seal(input, &sealer, &place, global) {
            if inputs.len() == 1 && !global.json {
                return Err(failure);
            }
            progress.suspend(|| report(input, &failure, global));
            worst = worst.or_worse(failure.code);
            failed += 1;
        }
        progress.step();
    }
    progress.finish();
    if failed > 0 && inputs.len() > 1 && !global.quiet {
        let sealed = inputs.len() - failed;
        output::say(format_args!("{sealed} of {} messages sealed", inputs.len()));
    }
    Ok(worst)
}

fn seal(input: &Input, sealer: &Sealer, place: &Place<'_>, global: &Global) -> Result<(), Failure> {
    let sealed = sealer.seal(input.message()?, input)?;
    for decision in &sealed.decisions {
        output::detail(format!("{input}: {decision}"), global);
    }
    for address in &sealed.skipped {
        output::warn(
            format!("{input}: {address} has no certificate and gets nothing"),
            global,
        );
    }
    let mut written = Vec::new();
    for (copy, destination) in place.assign(input, sealed.copies)? {
        written.push(json!({
            "output": destination.to_string(),
            "recipients": copy.recipients.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "signed": sealer.signs(),
            "encrypted": copy.is_encrypted(),
        }));
        output::detail(
            format!("{input}: {destination} is for {}", names(&copy)),
            global,
        );
        destination.write(|out| copy.write_to(out))?;
    }
    if global.json {
        let report = json!({
            "version": 1,
            "file": input.to_string(),
            "outcome": "sealed",
            "from": sealed.from.to_string(),
            "copies": written,
            "skipped": sealed.skipped.iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        Destination::Stdout.write(|out| writeln!(out, "{report}"))?;
    }
    Ok(())
}

fn report(input: &Input, failure: &Failure, global: &Global) {
    if global.json {
        output::line(failure.to_json(input));
    }
    output::report(failure, global);
}

fn names(copy: &SealedCopy) -> String {
    copy.recipients
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Where the results go.
enum Place<'a> {
    Stdout,
    File(&'a Path),
    Directory(&'a Path),
}

impl<'a> Place<'a> {
    fn new(output: Option<&'a Path>, inputs: &[Input]) -> Result<Place<'a>, Failure> {
        let place = match output {
            Some(path) if path.is_dir() => Place::Directory(path),
            _ if inputs.len() > 1 => {
                return Err(
                    Failure::new(Code::Usage, "several messages need a place for each")
                        .hint("name a directory that exists with -o DIR"),
                );
            }
            Some(path) => Place::File(path),
            None => Place::Stdout,
        };
        if let Place::Directory(directory) = place
            && let Some(twin) = twin(inputs)
        {
            return Err(Failure::new(
                Code::Usage,
                format!("two messages would both be written to {twin}.eml"),
            )
            .hint(format!(
                "seal them into {} one after the other",
                directory.display()
            )));
        }
        Ok(place)
    }

    /// Gives each copy a destination, none of which is the message itself.
    fn assign(
        &self,
        input: &Input,
        copies: Vec<SealedCopy>,
    ) -> Result<Vec<(SealedCopy, Destination)>, Failure> {
        let assigned: Vec<_> = match self {
            Place::Directory(directory) => {
                let mut bcc = 0;
                copies
                    .into_iter()
                    .map(|copy| {
                        let name = match copy.kind {
                            CopyKind::Shared => format!("{}.eml", input.stem()),
                            CopyKind::Plain => format!("{}.plain.eml", input.stem()),
                            CopyKind::Bcc => {
                                bcc += 1;
                                format!("{}.bcc-{bcc}.eml", input.stem())
                            }
                        };
                        (copy, Destination::File(directory.join(name)))
                    })
                    .collect()
            }
            _ if copies.len() > 1 => {
                return Err(Failure::new(
                    Code::Usage,
                    format!(
                        "{input} makes {} copies, as each Bcc recipient and those without a \
                         certificate get their own",
                        copies.len()
                    ),
                )
                .hint("name a directory for them with -o DIR, or inject them with mailseal send"));
            }
            Place::Stdout => copies
                .into_iter()
                .map(|copy| (copy, Destination::Stdout))
                .collect(),
            Place::File(path) => {
                let destination = Destination::File(path.to_path_buf());
                copies
                    .into_iter()
                    .map(|copy| (copy, destination.clone()))
                    .collect()
            }
        };
        for (_, destination) in &assigned {
            match destination {
                Destination::File(path) if input.is(path) => {
                    return Err(Failure::new(
                        Code::Usage,
                        format!("{} is the message itself and would be lost", path.display()),
                    )
                    .hint("name another file or directory with -o"));
                }
                _ => {}
            }
        }
        Ok(assigned)
    }
}

/// The stem by which copies of two messages may get the same name.
fn twin(inputs: &[Input]) -> Option<&str> {
    let mut stems = HashSet::new();
    let mut all = inputs.iter().map(Input::stem);
    all.find(|stem| !stems.insert(*stem)).or_else(|| {
        let mut all = inputs.iter().map(Input::stem);
        all.find(|stem| parent(stem).is_some_and(|parent| stems.contains(parent)))
    })
}

/// Whose copy this stem is the name of: `a` for `a.bcc-1` and for `a.plain`.
fn parent(stem: &str) -> Option<&str> {
    let (parent, suffix) = stem.rsplit_once('.')?;
    let is_number = |text: &str| text.parse::<u32>().is_ok();
    (suffix == "plain" || suffix.strip_prefix("bcc-").is_some_and(is_number)).then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_two_messages_never_share_a_name() {
        let twin = |paths: &[&str]| {
            let inputs: Vec<_> = paths.iter().map(|path| Input::File(path.into())).collect();
            super::twin(&inputs).map(str::to_owned)
        };
        assert_eq!(twin(&["a.eml", "b.eml"]), None);
        assert_eq!(twin(&["a.eml", "b/a.msg"]), Some("a".to_owned()));
        // One writes its second copy where the other writes its first.
        assert_eq!(twin(&["a.bcc-1.eml", "a.eml"]), Some("a.bcc-1".to_owned()));
        assert_eq!(twin(&["a.eml", "a.plain.eml"]), Some("a.plain".to_owned()));
        assert_eq!(twin(&["a.bcc-1.eml", "a.plain.eml", "a.bcc-x.eml"]), None);
    }
}
