//! What waits, by its place: the messages themselves stay on the disk.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::file::SpoolFile;
use super::received::Id;

/// A message that waits.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub id: Id,
    /// How many times it was worked on in vain.
    pub attempts: u32,
    /// When it is to be worked on: milliseconds since 1970, by the system's clock.
    pub due: u64,
    /// What it waits in.
    pub file: Arc<SpoolFile>,
    /// Where in the file it begins.
    pub start: u64,
    /// How many octets of the file it has.
    pub octets: u64,
}

/// How much waits, being worked on included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// How many messages.
    pub messages: usize,
    /// How many octets they have on the disk.
    pub octets: u64,
}

/// The places of all messages that wait, for any number of threads.
#[derive(Debug)]
pub(super) struct Queue {
    most: Depth,
    most_in_work: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    depth: Depth,
    /// How many octets those have that were handed out.
    in_work: u64,
    /// Whether there was no room beside those for the next one.
    is_held_up: bool,
    /// Not tried yet. They are due whatever the clock says: it may have been set back.
    fresh: VecDeque<Waiting>,
    /// Tried in vain, by the time that they are due.
    deferred: BTreeMap<(u64, Id), Waiting>,
    closed: bool,
}

/// A clock that is set while somebody waits is noticed after so long.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Queue {
    pub(super) fn new(most: Depth, most_in_work: u64) -> Queue {
        Queue {
            most,
            most_in_work,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps room for messages that are being written; what there is if there is none.
    pub(super) fn reserve(&self, room: Depth) -> Result<(), Depth> {
        let mut state = self.state();
        let messages = state.depth.messages.saturating_add(room.messages);
        let octets = state.depth.octets.saturating_add(room.octets);
        if messages > self.most.messages || octets > self.most.octets {
            return Err(state.depth);
        }
        state.depth = Depth { messages, octets };
        Ok(())
    }

    /// Gives up room that was kept.
    pub(super) fn release(&self, room: Depth) {
        self.state().release(room);
    }

    /// A message that was handed out waits no more.
    pub(super) fn done(&self, waiting: &Waiting) {
        let mut state = self.state();
        state.release(Depth {
            messages: 1,
            octets: waiting.octets,
        });
        self.make_room(state, waiting.octets);
    }

    /// Lets those go on for whom there may be room now.
    fn make_room(&self, mut state: MutexGuard<'_, State>, octets: u64) {
        state.in_work -= octets;
        if std::mem::take(&mut state.is_held_up) {
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Counts messages that wait already, even if they are more than there is room for.
    pub(super) fn take_up(&self, mut waiting: Vec<Waiting>) {
        waiting.sort_by(|one, other| one.id.cmp(&other.id));
        let mut state = self.state();
        for waiting in waiting {
            state.depth.messages += 1;
            state.depth.octets += waiting.octets;
            state.push(waiting);
        }
    }

    /// Lets messages wait for which room was kept.
    pub(super) fn push(&self, waiting: impl IntoIterator<Item = Waiting>) {
        let mut state = self.state();
        for waiting in waiting {
            state.push(waiting);
            self.changed.notify_one();
        }
    }

    /// Lets a message that was handed out wait until a time, whatever its file is called.
    pub(super) fn defer(&self, waiting: Waiting, due: u64) {
        let mut state = self.state();
        let octets = waiting.octets;
        state.deferred.insert((due, waiting.id.clone()), waiting);
        self.changed.notify_one();
        self.make_room(state, octets);
    }

    /// Waits for one that is due, and for which there is room beside those that are worked on; none
    /// once the queue is closed.
    pub(super) fn pop(&self) -> Option<Waiting> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            let now = now();
            if let Some(waiting) = state.next(now, self.most_in_work) {
                return Some(waiting);
            }
            let until_due = match state.deferred.first_key_value() {
                Some(((due, _), _)) if *due > now => Duration::from_millis(due - now),
                // It is due, and has to wait for room.
                _ => LONGEST_WAIT,
            };
            state = self
                .changed
                .wait_timeout(state, until_due.min(LONGEST_WAIT))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    pub(super) fn depth(&self) -> Depth {
        self.state().depth
    }

    pub(super) fn is_full(&self) -> bool {
        let depth = self.depth();
        depth.messages >= self.most.messages || depth.octets >= self.most.octets
    }

    pub(super) fn has_fresh(&self) -> bool {
        !self.state().fresh.is_empty()
    }
}

impl State {
    fn push(&mut self, waiting: Waiting) {
        match waiting.attempts {
            0 => self.fresh.push_back(waiting),
            _ => drop(
                self.deferred
                    .insert((waiting.due, waiting.id.clone()), waiting),
            ),
        }
    }

    fn release(&mut self, room: Depth) {
        self.depth.messages -= room.messages;
        self.depth.octets -= room.octets;
    }

    /// The one that has been due for longest: under load no one waits for ever. None while it would be
    /// too much beside the others; one alone may be as large as it likes.
    fn next(&mut self, now: u64, most_in_work: u64) -> Option<Waiting> {
        let fresh = self.fresh.front();
        let deferred = self
            .deferred
            .first_key_value()
            .filter(|((due, _), _)| *due <= now && fresh.is_none_or(|fresh| *due <= fresh.due));
        let next = deferred.map(|(_, waiting)| waiting).or(fresh)?;
        let in_work = self.in_work.saturating_add(next.octets);
        self.is_held_up = self.in_work > 0 && in_work > most_in_work;
        if self.is_held_up {
            return None;
        }
        self.in_work = in_work;
        match deferred.is_some() {
            true => self.deferred.pop_first().map(|(_, waiting)| waiting),
            false => self.fresh.pop_front(),
        }
    }
}

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::file::FileName;
    use super::*;

    fn waiting(second: i64, attempts: u32, due: u64) -> Waiting {
        let name = FileName {
            id: Id::new(jiff::Timestamp::from_second(second).unwrap()),
            attempts,
            due,
        };
        Waiting {
            file: Arc::new(SpoolFile::new(&name, 1, 1)),
            id: name.id,
            attempts,
            due,
            start: 0,
            octets: 10,
        }
    }

    fn queue(waiting: &[Waiting]) -> Queue {
        let queue = Queue::new(
            Depth {
                messages: 3,
                octets: 100,
            },
            30,
        );
        queue.take_up(waiting.to_vec());
        queue
    }

    #[test]
    fn who_has_been_due_for_longest_comes_first() {
        let now = now();
        let (older, newer) = (waiting(1, 0, now - 9), waiting(2, 0, now - 5));
        let (again, later) = (waiting(3, 1, now - 7), waiting(4, 1, now + 3_600_000));
        let queue = queue(&[later, again.clone(), newer.clone(), older.clone()]);
        for expected in [older, again, newer] {
            assert_eq!(queue.pop().unwrap().id, expected.id);
        }
    }

    #[test]
    fn fresh_message_is_due_even_if_the_clock_was_set_back() {
        let ahead = waiting(1, 0, now() + 3_600_000);
        let queue = queue(std::slice::from_ref(&ahead));
        assert_eq!(queue.pop().unwrap().id, ahead.id);
    }

    #[test]
    fn deferred_message_is_waited_for() {
        let due = now() + 40;
        let queue = queue(&[waiting(1, 1, due)]);
        assert!(queue.pop().is_some());
        assert!(now() >= due);
    }

    #[test]
    fn room_is_kept_to_the_last_message_and_the_last_octet() {
        let queue = queue(&[]);
        let room = |messages, octets| Depth { messages, octets };
        assert_eq!(queue.reserve(room(4, 0)), Err(room(0, 0)));
        assert_eq!(queue.reserve(room(1, 101)), Err(room(0, 0)));
        assert_eq!(queue.reserve(room(3, 100)), Ok(()));
        assert_eq!(queue.reserve(room(0, 1)), Err(room(3, 100)));
        queue.release(room(1, 50));
        assert_eq!(queue.reserve(room(1, 51)), Err(room(2, 50)));
        assert_eq!(queue.reserve(room(1, 50)), Ok(()));
    }

    /// However many workers there are, so much memory is enough.
    #[test]
    fn what_is_worked_on_together_has_a_limit_and_one_alone_has_none() {
        let large = Waiting {
            octets: 50,
            ..waiting(3, 0, now())
        };
        let queue = queue(&[waiting(1, 0, now()), waiting(2, 0, now()), large.clone()]);
        let (first, second) = (queue.pop().unwrap(), queue.pop().unwrap());
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| queue.pop().unwrap());
            queue.defer(first, now() + 3_600_000);
            std::thread::sleep(Duration::from_millis(50));
            assert!(!waits.is_finished(), "50 octets beside 10 are more than 30");
            queue.done(&second);
            let alone = waits.join().unwrap();
            assert_eq!(alone.id, large.id);
            queue.done(&alone);
        });
        assert_eq!(queue.state().in_work, 0);
        assert_eq!(queue.depth().messages, 1);
    }

    #[test]
    fn close_wakes_who_waits() {
        let queue = queue(&[]);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| queue.pop());
            queue.close();
            assert!(waits.join().unwrap().is_none());
        });
    }
}
