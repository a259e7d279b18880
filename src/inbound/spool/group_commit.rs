//! Group commit: one file and one fsync for all who come while the file before is on its way to the
//! disk.

use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Commits items in groups, one group after the other.
///
/// Who opens a group commits it, as soon as the one before is done with; who comes until then joins it.
#[derive(Debug)]
pub(super) struct GroupCommit<T> {
    /// A group of more octets than this is not joined.
    most: u64,
    state: Mutex<State<T>>,
    turn: Condvar,
}

#[derive(Debug)]
struct State<T> {
    is_committing: bool,
    /// The group that can be joined.
    open: Option<Arc<Group<T>>>,
}

#[derive(Debug)]
struct Group<T> {
    members: Mutex<Members<T>>,
    outcome: OnceLock<Result<(), Failure>>,
    has_ended: Condvar,
}

#[derive(Debug)]
struct Members<T> {
    items: Vec<T>,
    octets: u64,
}

/// An error that is told to several.
#[derive(Debug, Clone, Copy)]
enum Failure {
    System(i32),
    Other(io::ErrorKind),
}

impl<T> GroupCommit<T> {
    pub(super) fn new(most: u64) -> GroupCommit<T> {
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
    pub(super) fn run(
        &self,
        items: Vec<T>,
        octets: u64,
        commit: impl FnOnce(&[T]) -> io::Result<()>,
    ) -> io::Result<()> {
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
            outcome: Err(Failure::Other(io::ErrorKind::Other)),
        };
        let result = commit(&items);
        ending.outcome = result.as_ref().copied().map_err(Failure::of);
        result
    }
}

impl<T> Group<T> {
    fn new(items: Vec<T>, octets: u64) -> Group<T> {
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

    fn outcome(&self, mut state: MutexGuard<'_, State<T>>) -> io::Result<()> {
        loop {
            match self.outcome.get() {
                Some(outcome) => return outcome.map_err(io::Error::from),
                None => state = wait(&self.has_ended, state),
            }
        }
    }
}

/// Lets the next group begin and tells this one, even if the operation panics.
struct Ending<'a, T> {
    commits: &'a GroupCommit<T>,
    group: &'a Group<T>,
    outcome: Result<(), Failure>,
}

impl<T> Drop for Ending<'_, T> {
    fn drop(&mut self) {
        let mut state = lock(&self.commits.state);
        state.is_committing = false;
        let _only_set_here = self.group.outcome.set(self.outcome);
        drop(state);
        self.commits.turn.notify_one();
        self.group.has_ended.notify_all();
    }
}

impl Failure {
    fn of(error: &io::Error) -> Failure {
        match error.raw_os_error() {
            Some(code) => Failure::System(code),
            None => Failure::Other(error.kind()),
        }
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> io::Error {
        match failure {
            Failure::System(code) => io::Error::from_raw_os_error(code),
            Failure::Other(kind) => kind.into(),
        }
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

    /// Holds a commit up until it is told how to end.
    struct HeldUp {
        begun: Receiver<()>,
        end: Sender<io::Result<()>>,
    }

    /// What a commit that is held up does, and its other side.
    fn held_up() -> (impl FnOnce(&[u32]) -> io::Result<()> + Send, HeldUp) {
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
    fn while_one_runs(count: u32, outcome: fn() -> io::Result<()>) -> (Vec<Vec<u32>>, usize) {
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
        let full = || Err(io::Error::from(io::ErrorKind::StorageFull));
        let (groups, told) = while_one_runs(10, full);
        assert_eq!((groups.len(), told), (1, 0));
        let commits = GroupCommit::new(MOST);
        commits.run(vec![1], 10, |_| full()).unwrap_err();
        commits.run(vec![2], 10, |_| Ok(())).unwrap();
    }

    #[test]
    fn error_of_the_system_stays_what_it_is() {
        let no_space = io::Error::from_raw_os_error(28);
        let told = io::Error::from(Failure::of(&no_space));
        assert_eq!(told.to_string(), no_space.to_string());
    }

    #[test]
    fn panic_holds_nobody_up() {
        let commits = GroupCommit::<u32>::new(MOST);
        thread::scope(|scope| {
            let panics = scope
                .spawn(|| commits.run(vec![1], 10, |_| std::panic::resume_unwind(Box::new("bug"))));
            panics.join().unwrap_err();
        });
        commits.run(vec![2], 10, |_| Ok(())).unwrap();
    }
}
