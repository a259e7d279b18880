//! Trying again: how long to wait, and who does the waiting.

use std::time::Duration;

/// Lets time pass. A test's does not.
pub trait Pause {
    /// Returns after `duration`.
    fn pause(&mut self, duration: Duration);
}

/// Sleeps.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThreadSleep;

impl Pause for ThreadSleep {
    fn pause(&mut self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

impl<F: FnMut(Duration)> Pause for F {
    fn pause(&mut self, duration: Duration) {
        self(duration);
    }
}

/// Waiting times that double up to a limit, each lengthened at random by up to a quarter so that
/// sessions refused together do not come back together, and none comes back too early.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    limit: Duration,
}

impl Backoff {
    /// Starts at `first` and doubles up to `limit`.
    pub fn new(first: Duration, limit: Duration) -> Self {
        Self {
            next: first.min(limit),
            limit,
        }
    }

    /// The next waiting time.
    pub fn next_wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.limit);
        wait.mul_f64(1.0 + 0.25 * rand::random::<f64>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit() {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
        for least in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
            let wait = backoff.next_wait().as_secs_f64();
            assert!((least..=least * 1.25).contains(&wait), "{wait} for {least}");
        }
    }
}
