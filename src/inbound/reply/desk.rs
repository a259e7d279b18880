//! Where notes are signed and sent, one after the other, beside those who judge mail: a slow way out
//! holds nobody up.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{Note, Replies};
use crate::inbound::clock::Clock;
use crate::inbound::decide::Decision;
use crate::keys::KeyDirectory;
use crate::logging::{Entry, Level, Log};
use crate::printable::sentence;
use crate::send::Sender;

/// So many notes wait at most; for more, the way out is too slow, and they are not sent.
const MAX_WAITING: usize = 1000;

/// For so long what waits is still sent when the server stops.
const LAST_NOTES: Duration = Duration::from_secs(5);

/// How a note leaves.
pub struct WayOut {
    /// The directory with the key of the notes' author, as it is to be used at a time.
    pub keys: Box<dyn Fn(Timestamp) -> KeyDirectory + Send>,
    /// What takes them.
    pub sender: Box<dyn Sender + Send>,
    /// Header fields that it wants before the message's own.
    pub extra_header: Vec<u8>,
}

/// Answers senders. When it is dropped, what waits is sent first, as far as there is time.
#[derive(Debug)]
pub struct Desk {
    replies: Replies,
    clock: Clock,
    /// When the last note is sent, once it is known.
    end: Arc<OnceLock<Instant>>,
    /// There until it is dropped.
    notes: Option<SyncSender<Waiting>>,
    thread: Option<JoinHandle<()>>,
}

struct Waiting {
    /// Of the request that brought the mail.
    id: String,
    note: Note,
}

impl Desk {
    /// Opens for business.
    ///
    /// # Errors
    ///
    /// There can be no thread for it.
    pub fn open(replies: Replies, way_out: WayOut, log: Log, clock: Clock) -> io::Result<Desk> {
        let (notes, waiting) = sync_channel(MAX_WAITING);
        let end = Arc::new(OnceLock::new());
        let thread = thread::Builder::new()
            .name("mailseal-reply".to_owned())
            .spawn({
                let end = Arc::clone(&end);
                move || send_all(&waiting, way_out, &log, clock, &end)
            })?;
        Ok(Desk {
            replies,
            clock,
            end,
            notes: Some(notes),
            thread: Some(thread),
        })
    }

    /// Answers the sender of a mail, if that may be, and tells the log of it.
    pub fn answer(&self, id: &str, decision: &Decision, msg_from: Option<&str>, entry: &mut Entry) {
        let considered = self.replies.consider(decision, msg_from, self.clock.now());
        let waiting = match considered {
            Ok(note) => Waiting {
                id: id.to_owned(),
                note,
            },
            Err(silence) => {
                entry.detail(Level::Info, format_args!("no reply: {silence}"));
                return;
            }
        };
        let to = waiting.note.to().clone();
        let notes = self.notes.as_ref().expect("it is there until the drop");
        match notes.try_send(waiting) {
            Ok(()) => entry.detail(Level::Info, format_args!("reply to={to}")),
            Err(TrySendError::Full(_)) => {
                entry.detail(Level::Warning, "no reply: too many wait to be sent");
            }
            // The thread has come to a bad end, which was said when it did.
            Err(TrySendError::Disconnected(_)) => {
                entry.detail(Level::Warning, "no reply: nobody sends them any more");
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.end.get_or_init(|| Instant::now() + LAST_NOTES);
        self.notes = None;
        if let Some(thread) = self.thread.take() {
            // What it panicked about, it has said.
            let _ = thread.join();
        }
    }
}

fn send_all(
    notes: &Receiver<Waiting>,
    way_out: WayOut,
    log: &Log,
    clock: Clock,
    end: &OnceLock<Instant>,
) {
    let WayOut {
        keys,
        mut sender,
        extra_header,
    } = way_out;
    for Waiting { id, note } in notes {
        let now = clock.now();
        let (to, mut entry) = (note.to(), log.entry(&id));
        if end.get().is_some_and(|end| Instant::now() >= *end) {
            entry.line(
                Level::Warning,
                format_args!("reply not sent,to={to}: the server stops"),
            );
            continue;
        }
        match note.send(&keys(now), now, &extra_header, sender.as_mut()) {
            Ok(receipt) => match receipt.failures().next() {
                None => entry.line(Level::Info, format_args!("replied to={to}")),
                Some(failure) => entry.line(
                    Level::Warning,
                    format_args!("reply not taken,to={to}: {}", failure.outcome),
                ),
            },
            Err(error) => entry.line(
                Level::Warning,
                format_args!("reply not sent,to={to}: {}", sentence(&error)),
            ),
        }
    }
}

impl fmt::Debug for WayOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WayOut").finish_non_exhaustive()
    }
}
