//! Independent pieces of work on several threads, their results in order: how many threads there are changes no bit.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `work(0)`, `work(1)`, … `work(count - 1)`, on up to `threads` threads.
pub(super) fn in_order<T: Send>(count: usize, threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if threads <= 1 || count <= 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return;
            }
            let result = work(index);
            done.lock().expect("no worker panics while it holds the lock").push((index, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(count) {
            scope.spawn(worker);
        }
        worker();
    });
    let mut done = done.into_inner().expect("no worker panics while it holds the lock");
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Buffers for as many threads as are at work: made once, and used again by whichever comes next.
pub(super) struct Pool<T>(Mutex<Vec<T>>);

impl<T: Default> Pool<T> {
    /// Without any yet.
    pub(super) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Lends `work` a buffer, in whatever state the last borrower left it.
    pub(super) fn lend<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let lock = || self.0.lock().expect("no borrower panics while it holds the lock");
        let free = lock().pop();
        let mut buffer = free.unwrap_or_default();
        let result = work(&mut buffer);
        lock().push(buffer);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_from_any_number_of_threads() {
        for (count, threads) in [(0, 2), (1, 4), (100, 1), (100, 3), (2, 100)] {
            let expected: Vec<usize> = (0..count).map(|i| i * i).collect();
            assert_eq!(in_order(count, threads, |i| i * i), expected, "{count} on {threads}");
        }
    }

    #[test]
    fn a_buffer_is_lent_again_and_two_at_once_are_two() {
        let pool = Pool::<Vec<u8>>::new();
        pool.lend(|buffer| {
            buffer.push(1);
            pool.lend(|other| assert!(other.is_empty()));
        });
        // There are two now, one of them with what was put into it: together they hold that, however often they are lent.
        for _ in 0..3 {
            assert_eq!(pool.lend(|first| pool.lend(|second| first.len() + second.len())), 1);
        }
        // The one that came back last is lent first.
        assert_eq!(pool.lend(|buffer| buffer.len()), 1);
        pool.lend(|buffer| buffer.push(2));
        assert_eq!(pool.lend(|buffer| buffer.clone()), [1, 2]);
    }
}
