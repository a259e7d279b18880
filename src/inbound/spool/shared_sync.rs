//! One fsync for all who wait for one.

use std::io;
use std::sync::{Condvar, Mutex, PoisonError};

/// Runs an operation that does for everything that was done before it began.
///
/// Who comes while it runs cannot know what it still sees, and shares the next one with all others
/// who come until that begins.
#[derive(Debug, Default)]
pub(super) struct SharedSync {
    rounds: Mutex<Rounds>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Rounds {
    /// How many have begun.
    begun: u64,
    /// How many have ended.
    ended: u64,
    /// The last one that failed.
    failed: u64,
}

impl SharedSync {
    /// Returns when a round has ended that began after this was called.
    ///
    /// # Errors
    ///
    /// That of the operation; who only waited is told that it failed. After a failure nobody knows
    /// what is on the disk, so those whose round ended just before it are told the same.
    pub(super) fn run(&self, operation: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = rounds.begun + 1;
        while rounds.begun != rounds.ended && rounds.ended < ours {
            rounds = self
                .ended
                .wait(rounds)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if rounds.ended >= ours {
            return match rounds.failed >= ours {
                true => Err(io::Error::other("another thread's fsync failed")),
                false => Ok(()),
            };
        }
        rounds.begun += 1;
        drop(rounds);
        let result = operation();
        let mut rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        rounds.ended = rounds.begun;
        if result.is_err() {
            rounds.failed = rounds.ended;
        }
        drop(rounds);
        self.ended.notify_all();
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Barrier, mpsc};
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// Lets one thread into a round, then `waiting` more come, then the round ends; returns how
    /// many rounds there were and how many threads were told of success.
    fn rounds(waiting: usize, succeeds: bool) -> (u32, usize) {
        let (sync, count) = (SharedSync::default(), AtomicU32::new(0));
        let arrived = Barrier::new(waiting + 1);
        let (begun, has_begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        let outcomes = thread::scope(|scope| {
            let first = scope.spawn(|| {
                sync.run(move || {
                    begun.send(()).unwrap();
                    may_end.recv().unwrap();
                    Ok(())
                })
            });
            has_begun.recv().unwrap();
            let later: Vec<_> = (0..waiting)
                .map(|_| {
                    scope.spawn(|| {
                        arrived.wait();
                        sync.run(|| {
                            count.fetch_add(1, Ordering::SeqCst);
                            match succeeds {
                                true => Ok(()),
                                false => Err(io::ErrorKind::StorageFull.into()),
                            }
                        })
                    })
                })
                .collect();
            arrived.wait();
            thread::sleep(Duration::from_millis(50));
            assert_eq!(
                count.load(Ordering::SeqCst),
                0,
                "a round began inside another"
            );
            end.send(()).unwrap();
            first.join().unwrap().unwrap();
            let outcomes = later.into_iter().map(|thread| thread.join().unwrap());
            outcomes.filter(Result::is_ok).count()
        });
        (count.load(Ordering::SeqCst), outcomes)
    }

    #[test]
    fn who_comes_during_a_round_waits_for_one_of_its_own() {
        assert_eq!(rounds(1, true), (1, 1));
    }

    #[test]
    fn many_share_a_round() {
        let (rounds, succeeded) = rounds(32, true);
        assert!(rounds < 32, "{rounds}");
        assert_eq!(succeeded, 32);
    }

    #[test]
    fn failure_is_told_to_all_who_share_it() {
        assert_eq!(rounds(16, false).1, 0);
    }

    #[test]
    fn success_after_a_failure_is_one() {
        let sync = SharedSync::default();
        sync.run(|| Err(io::ErrorKind::StorageFull.into()))
            .unwrap_err();
        sync.run(|| Ok(())).unwrap();
    }
}
