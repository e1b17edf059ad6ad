//! Independent pieces of work on several threads, their results in order: how many threads there are changes no bit.

use std::sync::Mutex;

use rayon::ThreadPoolBuilder;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// `work(0)`, `work(1)`, … `work(count - 1)`, on up to `threads` threads.
pub(super) fn in_order<T: Send>(count: usize, threads: usize, work: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    let threads = threads.min(count);
    if threads > 1 {
        // A machine that has no thread left to give leaves the work to the caller.
        if let Ok(pool) = ThreadPoolBuilder::new().num_threads(threads).build() {
            return pool.install(|| (0..count).into_par_iter().map(work).collect());
        }
    }
    (0..count).map(work).collect()
}

/// Buffers for as many threads as are at work: made once, and used again by whichever comes next.
pub(super) struct Buffers<T>(Mutex<Vec<T>>);

impl<T: Default> Buffers<T> {
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
        let buffers = Buffers::<Vec<u8>>::new();
        buffers.lend(|buffer| {
            buffer.push(1);
            buffers.lend(|other| assert!(other.is_empty()));
        });
        // There are two now, one of them with what was put into it: together they hold that, however often they are lent.
        for _ in 0..3 {
            assert_eq!(buffers.lend(|first| buffers.lend(|second| first.len() + second.len())), 1);
        }
        // The one that came back last is lent first.
        assert_eq!(buffers.lend(|buffer| buffer.len()), 1);
        buffers.lend(|buffer| buffer.push(2));
        assert_eq!(buffers.lend(|buffer| buffer.clone()), [1, 2]);
    }
}
