//! Who answers senders, and how: `[reply]`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mailseal::config::{Reply, Via};
use mailseal::inbound::clock::Clock;
use mailseal::inbound::reply::{Desk, Record, Replies, Template, TemplateError, Templates, WayOut};
use mailseal::keys::{KeyDirectory, directory};
use mailseal::logging::Log;
use mailseal::secret::Secret;

use crate::cli::failure::{Code, Failure, causes};
use crate::cli::route::{Route, RouteArguments};
use crate::cli::{environment, explain};

/// Opens the desk. `store` is where the record of answers is kept unless there is another place for it.
pub(super) fn desk(
    reply: &Reply,
    store: &Path,
    log: &Log,
    clock: Clock,
) -> Result<Arc<Desk>, Failure> {
    let Prerequisites { templates, way_out } = Prerequisites::of(reply, clock)?;
    let record = reply.record.clone();
    let record = record.unwrap_or_else(|| store.join("replies"));
    let replies = Replies {
        from: reply.from.clone(),
        templates,
        record: Record::open(&record, clock.now()).map_err(|error| failure(&error))?,
    };
    let desk = Desk::open(replies, way_out, log.clone(), clock);
    desk.map(Arc::new).map_err(|error| failure(&error))
}

/// Looks whether senders could be answered, and changes nothing.
pub(super) fn check(reply: &Reply, clock: Clock) -> Result<(), Failure> {
    Prerequisites::of(reply, clock).map(drop)
}

/// What an answer is made of.
struct Prerequisites {
    templates: Templates,
    way_out: WayOut,
}

impl Prerequisites {
    fn of(reply: &Reply, clock: Clock) -> Result<Prerequisites, Failure> {
        let templates = templates(reply)?;
        let keys = keys(reply.keys.clone().unwrap_or_else(|| ".".into()))?;
        // Told now and not by the first note that cannot be signed.
        let signer = keys(clock.now()).signer(&reply.from);
        signer.map_err(|error| explain::key(&error).about("[reply] from"))?;
        let route = route(&reply.via)?;
        let way_out = WayOut {
            keys,
            sender: route.sender()?,
            extra_header: route.extra_header(),
        };
        Ok(Prerequisites { templates, way_out })
    }
}

fn failure(error: &dyn std::error::Error) -> Failure {
    Failure::new(Code::Config, causes(error)).hint("see [reply] in mailseal.toml")
}

fn templates(reply: &Reply) -> Result<Templates, Failure> {
    let usual = Templates::default();
    let read = |path: &Option<PathBuf>, usual: Template| -> Result<Template, TemplateError> {
        path.as_ref().map_or(Ok(usual), |path| Template::read(path))
    };
    Ok(Templates {
        stored: read(&reply.stored_template, usual.stored).map_err(|error| failure(&error))?,
        refused: read(&reply.refused_template, usual.refused).map_err(|error| failure(&error))?,
    })
}

type Keys = Box<dyn Fn(jiff::Timestamp) -> KeyDirectory + Send>;

/// A key under a password takes it from the file that the environment names: nobody sits at a terminal.
fn keys(path: PathBuf) -> Result<Keys, Failure> {
    let password: Option<Secret> = match environment::path("MAILSEAL_PASSWORD_FILE") {
        None => None,
        Some(file) => {
            let password = mailseal::keys::password_from_file(&file);
            Some(password.map_err(|error| failure(&error))?)
        }
    };
    Ok(Box::new(move |now| {
        let password = password.clone();
        KeyDirectory::new(
            &path,
            directory::Options {
                password: Box::new(move |_| Ok(password.clone())),
                ..directory::Options::at(now)
            },
        )
    }))
}

fn route(via: &Via) -> Result<Route, Failure> {
    let flags = match via {
        Via::Smtp => vec!["--smtp".into()],
        Via::SparkPost => vec!["--sparkpost".into()],
        Via::Pickup(directory) => vec!["--pickup".into(), directory.clone().into_os_string()],
    };
    let is_sealed = true;
    RouteArguments::from_flags(flags)?.resolve(is_sealed, None)
}
