//! A progress bar on standard error, when that is a terminal and there are several messages.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use super::Global;

pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn new(messages: usize, global: &Global) -> Progress {
        if messages < 2 || global.quiet || !std::io::stderr().is_terminal() {
            return Progress(None);
        }
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} messages, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Progress(Some(ProgressBar::new(messages as u64).with_style(style)))
    }

    /// One message is done, one way or the other.
    pub(super) fn step(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }

    /// Writes lines without the bar getting in between.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
