//! Group commit: a disk takes a hundred or a thousand waits a second, and more than that may want
//! something written. So those wait together who come while the disk is busy.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Commits items in groups, one group after the other.
///
/// Who opens a group commits it, as soon as the one before is done with; who comes until then joins it.
#[derive(Debug)]
pub(crate) struct GroupCommit<T, E> {
    /// A group of more octets than this is not joined.
    most: u64,
    state: Mutex<State<T, E>>,
    turn: Condvar,
}

#[derive(Debug)]
struct State<T, E> {
    is_committing: bool,
    /// The group that can be joined.
    open: Option<Arc<Group<T, E>>>,
}

#[derive(Debug)]
struct Group<T, E> {
    members: Mutex<Members<T>>,
    /// What came of it; none if the one who committed it panicked.
    outcome: OnceLock<Option<Result<(), E>>>,
    has_ended: Condvar,
}

#[derive(Debug)]
struct Members<T> {
    items: Vec<T>,
    octets: u64,
}

impl<T, E: Clone> GroupCommit<T, E> {
    pub(crate) fn new(most: u64) -> GroupCommit<T, E> {
        let state = State {
            is_committing: false,
            open: None,
        };
        GroupCommit {
            most,
            state: Mutex::new(state),
            turn: Condvar::new(),
        }
    }

    /// Returns when the items are committed: by this operation, together with those of others, or by
    /// the operation of another.
    ///
    /// # Errors
    ///
    /// That of the operation, to all of its group.
    ///
    /// # Panics
    ///
    /// The operation of another panicked, which had these items too.
    pub(crate) fn run(
        &self,
        items: Vec<T>,
        octets: u64,
        commit: impl FnOnce(&[T]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut state = lock(&self.state);
        let items = match &state.open {
            None => items,
            Some(group) => {
                let group = Arc::clone(group);
                match group.join(items, octets, self.most) {
                    Ok(()) => return group.outcome(state),
                    Err(items) => items,
                }
            }
        };
        let group = Arc::new(Group::new(items, octets));
        state.open = Some(Arc::clone(&group));
        while state.is_committing {
            state = wait(&self.turn, state);
        }
        state.is_committing = true;
        state.open.take_if(|open| Arc::ptr_eq(open, &group));
        let items = mem::take(&mut lock(&group.members).items);
        drop(state);
        let mut ending = Ending {
            commits: self,
            group: &group,
            outcome: None,
        };
        let outcome = commit(&items);
        ending.outcome = Some(outcome.clone());
        outcome
    }
}

impl<T, E: Clone> Group<T, E> {
    fn new(items: Vec<T>, octets: u64) -> Group<T, E> {
        Group {
            members: Mutex::new(Members { items, octets }),
            outcome: OnceLock::new(),
            has_ended: Condvar::new(),
        }
    }

    /// Adds to the group, or gives the items back where there is no room for them.
    fn join(&self, items: Vec<T>, octets: u64, most: u64) -> Result<(), Vec<T>> {
        let mut members = lock(&self.members);
        let together = members.octets.saturating_add(octets);
        if together > most {
            return Err(items);
        }
        members.octets = together;
        members.items.extend(items);
        Ok(())
    }

    fn outcome(&self, mut state: MutexGuard<'_, State<T, E>>) -> Result<(), E> {
        while self.outcome.get().is_none() {
            state = wait(&self.has_ended, state);
        }
        drop(state);
        let outcome = self.outcome.get().cloned().flatten();
        outcome.expect("whoever commits what others wait for does not panic")
    }
}

/// Lets the next group begin and tells this one, even if the operation panics.
struct Ending<'a, T, E> {
    commits: &'a GroupCommit<T, E>,
    group: &'a Group<T, E>,
    outcome: Option<Result<(), E>>,
}

impl<T, E> Drop for Ending<'_, T, E> {
    fn drop(&mut self) {
        let mut state = lock(&self.commits.state);
        state.is_committing = false;
        let _only_set_here = self.group.outcome.set(self.outcome.take());
        drop(state);
        self.commits.turn.notify_one();
        self.group.has_ended.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<'a, T>(condition: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condition
        .wait(guard)
        .unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender};
    use std::thread;
    use std::time::Duration;

    use super::*;

    const MOST: u64 = 100;

    type Outcome = Result<(), &'static str>;

    /// Holds a commit up until it is told how to end.
    struct HeldUp {
        begun: Receiver<()>,
        end: Sender<Outcome>,
    }

    /// What a commit that is held up does, and its other side.
    fn held_up() -> (impl FnOnce(&[u32]) -> Outcome + Send, HeldUp) {
        let (has_begun, begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel();
        let commit = move |_: &[u32]| {
            has_begun.send(()).unwrap();
            may_end.recv().unwrap()
        };
        (commit, HeldUp { begun, end })
    }

    /// While one commit runs, so many come with items of ten octets; which groups they were committed
    /// in, and how many were told that they are.
    fn while_one_runs(count: u32, outcome: fn() -> Outcome) -> (Vec<Vec<u32>>, usize) {
        let commits = GroupCommit::new(MOST);
        let groups = Mutex::new(Vec::new());
        let (commit, first) = held_up();
        let told = thread::scope(|scope| {
            scope.spawn(|| commits.run(vec![0], 10, commit).unwrap());
            first.begun.recv().unwrap();
            let others: Vec<_> = (1..=count)
                .map(|number| {
                    let (commits, groups) = (&commits, &groups);
                    scope.spawn(move || {
                        commits.run(vec![number], 10, |group| {
                            lock(groups).push(group.to_vec());
                            outcome()
                        })
                    })
                })
                .collect();
            thread::sleep(Duration::from_millis(100));
            assert!(lock(&groups).is_empty(), "a commit began inside another");
            first.end.send(Ok(())).unwrap();
            let told = others.into_iter().map(|thread| thread.join().unwrap());
            told.filter(Result::is_ok).count()
        });
        (groups.into_inner().unwrap(), told)
    }

    fn sorted(groups: &[Vec<u32>]) -> Vec<u32> {
        let mut all = groups.concat();
        all.sort_unstable();
        all
    }

    #[test]
    fn who_comes_during_a_commit_shares_the_next() {
        let (groups, told) = while_one_runs(10, || Ok(()));
        assert_eq!(groups.len(), 1);
        assert_eq!(told, 10);
        assert_eq!(sorted(&groups), (1..=10).collect::<Vec<_>>());
    }

    #[test]
    fn group_that_is_full_is_followed_by_another() {
        let (groups, told) = while_one_runs(11, || Ok(()));
        let mut sizes: Vec<_> = groups.iter().map(Vec::len).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 10]);
        assert_eq!(told, 11);
        assert_eq!(sorted(&groups), (1..=11).collect::<Vec<_>>());
    }

    #[test]
    fn failure_is_told_to_all_of_the_group_and_to_nobody_else() {
        let full = || Err("full");
        let (groups, told) = while_one_runs(10, full);
        assert_eq!((groups.len(), told), (1, 0));
        let commits = GroupCommit::new(MOST);
        commits.run(vec![1], 10, |_| full()).unwrap_err();
        commits.run(vec![2], 10, |_| Ok(())).unwrap();
    }

    #[test]
    fn panic_holds_nobody_up() {
        let commits = GroupCommit::<u32, &str>::new(MOST);
        let (commit, first) = held_up();
        thread::scope(|scope| {
            scope.spawn(|| commits.run(vec![0], 10, commit).unwrap());
            first.begun.recv().unwrap();
            let panic = |_: &[u32]| std::panic::resume_unwind(Box::new("bug"));
            let panicking: Vec<_> = (1..=2)
                .map(|number| {
                    let commits = &commits;
                    scope.spawn(move || commits.run(vec![number], 10, panic))
                })
                .collect();
            thread::sleep(Duration::from_millis(50));
            first.end.send(Ok(())).unwrap();
            for thread in panicking {
                thread.join().unwrap_err();
            }
        });
        commits.run(vec![3], 10, |_| Ok(())).unwrap();
    }
}
