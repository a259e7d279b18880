//! `mailseal send`: seals, then injects.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Global;
use super::delivery::{Courier, Fate};
use super::failure::{Code, Failure};
use super::input::Input;
use super::output;
use super::progress::Progress;
use super::route::RouteArguments;
use super::sealing::SealingArguments;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Messages to send; - or none is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How many sessions work side by side (at most 10 with SparkPost)
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1000))]
    jobs: u16,
    /// Seal everything and say what would be sent; connect to nobody
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    route: RouteArguments,
    #[command(flatten)]
    sealing: SealingArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let sealed = arguments.sealing.signs() || arguments.sealing.encrypts();
    let (inputs, repeated) = Input::from_arguments(&arguments.files);
    for path in repeated {
        output::warn(
            format!("{} is named twice and sent once", path.display()),
            global,
        );
    }
    output::warn_of_idle(&arguments.sealing.idle(), global);
    output::warn_of_idle(&arguments.route.idle(), global);
    let courier = Courier {
        sealer: sealed.then(|| arguments.sealing.resolve()).transpose()?,
        route: arguments
            .route
            .resolve(sealed, arguments.sealing.from.as_ref())?,
        from: arguments.sealing.from.clone(),
        recipients: arguments.sealing.recipients(),
        now: arguments.sealing.now(),
        dry_run: arguments.dry_run,
    };
    let ledger = Ledger::new(inputs.len(), arguments.dry_run, global);
    let jobs = courier.route.jobs(arguments.jobs.into()).min(inputs.len());
    let next = AtomicUsize::new(0);
    let senders: Vec<_> = (0..jobs)
        .map(|_| courier.route.sender())
        .collect::<Result<_, Failure>>()?;
    thread::scope(|scope| {
        for mut sender in senders {
            let (courier, ledger, inputs, next) = (&courier, &ledger, &inputs, &next);
            scope.spawn(move || {
                while let Some(input) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    ledger.enter(input, &courier.deliver(input, sender.as_mut()));
                }
                sender.close();
            });
        }
    });
    Ok(ledger.close())
}

/// What has become of the messages so far, and the one place that tells of it.
struct Ledger<'a> {
    global: &'a Global,
    messages: usize,
    is_dry_run: bool,
    progress: Progress,
    tally: Mutex<Tally>,
}

#[derive(Default)]
struct Tally {
    sent: usize,
    partly: usize,
    deferred: usize,
    failed: usize,
    worst: Option<Code>,
}

impl<'a> Ledger<'a> {
    fn new(messages: usize, is_dry_run: bool, global: &'a Global) -> Ledger<'a> {
        let progress = Progress::new(messages, global);
        Ledger {
            global,
            messages,
            is_dry_run,
            progress,
            tally: Mutex::default(),
        }
    }

    /// Notes one message's fate and tells it, all of its lines together.
    fn enter(&self, input: &Input, fate: &Fate) {
        let mut tally = self
            .tally
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let code = fate.code();
        match code {
            Code::Done => tally.sent += 1,
            _ if fate.is_partial() => tally.partly += 1,
            Code::TempFail => tally.deferred += 1,
            _ => tally.failed += 1,
        }
        tally.worst = Some(tally.worst.map_or(code, |worst| worst.or_worse(code)));
        self.progress
            .suspend(|| fate.tell(input, self.messages > 1, self.global));
        self.progress.step();
    }

    fn close(self) -> Code {
        self.progress.finish();
        let tally = self
            .tally
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.messages > 1 && !self.global.json && !self.global.quiet {
            let done = if self.is_dry_run {
                "would be sent"
            } else {
                "sent"
            };
            let mut line = format!("{} messages: {} {done}", self.messages, tally.sent);
            for (count, what) in [
                (tally.partly, "sent to some of their recipients"),
                (tally.deferred, "to be tried again later"),
                (tally.failed, "failed"),
            ] {
                if count > 0 {
                    line.push_str(&format!(", {count} {what}"));
                }
            }
            output::line(line);
        }
        tally.worst.unwrap_or(Code::Done)
    }
}
