//! How many connections are open, and when they are so many that none is kept for a next request.
//!
//! A client that stops in the middle of its first request is turned away after a while. One that
//! stops in the middle of a later one is not: actix-web times the head of the first alone. So that
//! such clients cannot take up all connections, only half of them may wait for another request.
//!
//! ```
//! use mailseal::inbound::connections::Connections;
//!
//! let connections = Connections::new(2);
//! let first = connections.enter();
//! assert!(!connections.are_many());
//! let second = connections.enter();
//! assert!(connections.are_many());
//! drop(first);
//! assert!(!connections.are_many());
//! ```
//!
//! # Not supported
//!
//! Limits for each peer: behind a proxy there is only one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts connections. A clone is the same count.
#[derive(Debug, Clone)]
pub struct Connections {
    open: Arc<AtomicUsize>,
    most_kept: usize,
}

impl Connections {
    /// There may be so many at once.
    pub fn new(most: usize) -> Connections {
        Connections {
            open: Arc::default(),
            most_kept: most / 2,
        }
    }

    /// Counts one as long as the value lives.
    pub fn enter(&self) -> Connection {
        self.open.fetch_add(1, Ordering::Relaxed);
        Connection(Arc::clone(&self.open))
    }

    /// Whether there are so many that one which has its answer should end.
    pub fn are_many(&self) -> bool {
        self.open.load(Ordering::Relaxed) > self.most_kept
    }
}

/// An open connection.
#[derive(Debug)]
pub struct Connection(Arc<AtomicUsize>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
