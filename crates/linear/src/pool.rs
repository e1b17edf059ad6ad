//! A few threads that share the work of a step, and the cuts by which they share it.
//!
//! A step forks and joins four times and lasts about a millisecond, so a join must cost microseconds. A waiting thread
//! therefore spins, but only for [`SPINS`] rounds, the length of a hiccup; then it sleeps. Were it to spin on, a machine
//! with another busy process would spend a whole time slice of a core on waiting for a thread that has none; asleep, it
//! leaves its core to that very thread. For the same reason each part of the work is claimed, not assigned: the thread
//! it is meant for, whose cache holds its data, claims it first, but one that is late finds it done by another.
//!
//! Nothing here decides what is computed: parts are cut by their number alone, whoever does them.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use pointers::{Column, TaskCell};

/// Counts the rounds of spinning before a thread sleeps: about 100 microseconds. Twice as many save 2 % on a quiet
/// machine and cost 10 % where another process wants a core; giving way instead (`yield_now`) doubles a step there.
const SPINS: u32 = 3_000;

/// Holds threads that share the parts of one task at a time; dropping it ends them.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

/// Holds what all threads see.
struct Shared {
    /// Numbers the current run, from 1; the last value ends the workers.
    run: AtomicU64,
    /// Holds the current run's task, valid for whoever holds a claim of that run.
    task: TaskCell,
    /// Says, for each part, the last run in which it was claimed.
    claims: Vec<Padded<AtomicU64>>,
    /// Counts the parts finished since the pool was made.
    finished: Padded<AtomicU64>,
    panicked: AtomicBool,
    sleep: Sleep,
}

/// Gives its content a cache line of its own, so that threads that write neighbours do not wait for each other.
#[repr(align(128))]
struct Padded<T>(T);

/// Ends the workers: no run has this number.
const END: u64 = u64::MAX;

impl Pool {
    /// Starts a pool of `threads` threads, the caller's being one of them. Where the machine has fewer left to give,
    /// those there are do all parts.
    pub fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            run: AtomicU64::new(0),
            task: TaskCell::empty(),
            claims: (0..threads).map(|_| Padded(AtomicU64::new(0))).collect(),
            finished: Padded(AtomicU64::new(0)),
            panicked: AtomicBool::new(false),
            sleep: Sleep::default(),
        });
        // A machine that has no thread left to give is short of memory or at its limit; the parts are then done by fewer.
        let workers = (1..threads).map_while(|own| {
            let shared = shared.clone();
            std::thread::Builder::new().name(format!("fused-{own}")).spawn(move || shared.work(own)).ok()
        });
        Self { workers: workers.collect(), shared }
    }

    /// Counts the parts of every task: the threads that were asked for, at least 1.
    pub fn parts(&self) -> usize {
        self.shared.claims.len()
    }

    /// Calls `task` once for each part, with its number from 0, on any thread, and returns when all calls have.
    ///
    /// # Panics
    /// If a call does.
    pub fn run(&mut self, task: &(dyn Fn(usize) + Sync)) {
        if self.workers.is_empty() {
            return (0..self.parts()).for_each(task);
        }
        let shared = &*self.shared;
        let run = shared.run.load(Ordering::Relaxed) + 1;
        shared.task.set(task);
        shared.run.store(run, Ordering::SeqCst);
        shared.sleep.wake();
        shared.take_parts(run, 0);
        let all = run * shared.claims.len() as u64;
        shared.sleep.until(|| shared.finished.0.load(Ordering::SeqCst) == all);
        assert!(!shared.panicked.load(Ordering::Relaxed), "a thread of the fused engine panicked");
    }

    /// Cuts each of `slices` at the same fractions of its length, and calls `task` with each part's number and its
    /// pieces. `cuts` are those fractions in any unit that divides every length: [parts + 1], from 0 to all of it,
    /// rising. A part of nothing is left out.
    ///
    /// # Panics
    /// If `cuts` are no such numbers, or a call of `task` panics.
    pub fn split<const K: usize>(
        &mut self,
        cuts: &[usize],
        slices: [&mut [f32]; K],
        task: impl Fn(usize, [&mut [f32]; K]) + Sync,
    ) {
        let units = *cuts.last().expect("cuts have an end");
        assert!(cuts.len() == self.parts() + 1 && cuts[0] == 0 && cuts.is_sorted(), "cuts {cuts:?}");
        let columns = &slices.map(|slice| Column::new(slice, units));
        self.run(&|part| {
            let (from, to) = (cuts[part], cuts[part + 1]);
            if from < to {
                task(part, std::array::from_fn(|k| columns[k].piece(from, to)));
            }
        });
    }

    /// Cuts each of `slices` into at most `most` pieces of about the same length, none inside one of `units` units, and
    /// calls `task` with the units of each piece and the piece. A single piece is done by the caller, and no other
    /// thread hears of it.
    ///
    /// # Panics
    /// If `units` do not divide every length, or a call of `task` panics.
    pub fn split_evenly<const K: usize>(
        &mut self,
        units: usize,
        most: usize,
        slices: [&mut [f32]; K],
        task: impl Fn(Range<usize>, [&mut [f32]; K]) + Sync,
    ) {
        let pieces = most.min(units).clamp(1, self.parts());
        if pieces == 1 {
            return task(0..units, slices);
        }
        let columns = &slices.map(|slice| Column::new(slice, units));
        self.run(&|part| {
            if part < pieces {
                let (from, to) = (units * part / pieces, units * (part + 1) / pieces);
                task(from..to, std::array::from_fn(|k| columns[k].piece(from, to)));
            }
        });
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.run.store(END, Ordering::SeqCst);
        self.shared.sleep.wake();
        for worker in self.workers.drain(..) {
            // A worker catches what its task panics with, so that it ends well.
            let _ = worker.join();
        }
    }
}

impl Shared {
    /// Lives a worker's life: does its share of every run from the first on, until the last.
    fn work(&self, own: usize) {
        let mut seen = 0;
        loop {
            self.sleep.until(|| self.run.load(Ordering::SeqCst) != seen);
            seen = self.run.load(Ordering::SeqCst);
            if seen == END {
                return;
            }
            self.take_parts(seen, own);
        }
    }

    /// Does the parts of `run` that nobody has claimed, `own` first.
    fn take_parts(&self, run: u64, own: usize) {
        let parts = self.claims.len();
        for part in (own..parts).chain(0..own) {
            // Every part is claimed in every run, so what was claimed in the run before is free, and in no other case:
            // a thread that comes late to an old run claims nothing.
            let free = self.claims[part].0.compare_exchange(run - 1, run, Ordering::SeqCst, Ordering::SeqCst);
            if free.is_err() {
                continue;
            }
            let call = catch_unwind(AssertUnwindSafe(|| self.task.call(part)));
            if call.is_err() {
                self.panicked.store(true, Ordering::Relaxed);
            }
            let finished = self.finished.0.fetch_add(1, Ordering::SeqCst) + 1;
            if finished == run * parts as u64 {
                self.sleep.wake();
            }
        }
    }
}

/// Lets threads wait: they spin, then sleep until woken.
#[derive(Default)]
struct Sleep {
    sleepers: AtomicUsize,
    lock: Mutex<()>,
    bell: Condvar,
}

impl Sleep {
    /// Returns when `ready` is true. Whoever makes it true calls [`Sleep::wake`] afterwards.
    fn until(&self, ready: impl Fn() -> bool) {
        for _ in 0..SPINS {
            if ready() {
                return;
            }
            std::hint::spin_loop();
        }
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        while !ready() {
            guard = self.bell.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }

    /// Wakes all who sleep; costs one load where nobody does. Both sides write first and read then, in one order for
    /// all threads, so a sleeper is either seen here or has seen what it waits for.
    fn wake(&self) {
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.bell.notify_all();
        }
    }
}

/// Holds the two pointers that the borrow checker cannot follow from thread to thread.
#[allow(unsafe_code, reason = "a task and its slices are borrowed from a caller that waits for all threads")]
mod pointers {
    use std::cell::UnsafeCell;

    type Task = dyn Fn(usize) + Sync;

    /// Points to the current task, whose borrow ends with its run.
    pub struct TaskCell(UnsafeCell<Option<*const Task>>);

    // SAFETY: `set` is called by the one thread that holds the pool mutably, while no run is under way; `call` by holders
    // of a claim only, between that thread's store of the run's number and its wait for the last part. The stores and
    // loads of the run's number and of the finished parts order the two.
    unsafe impl Sync for TaskCell {}
    // SAFETY: the pointer is to a `Sync` value and is used only as said above.
    unsafe impl Send for TaskCell {}

    impl TaskCell {
        pub fn empty() -> Self {
            Self(UnsafeCell::new(None))
        }

        pub fn set<'a>(&self, task: &'a (dyn Fn(usize) + Sync + 'a)) {
            // SAFETY: only the lifetime changes; `Pool::run` outlives every call, since it waits for all parts.
            let task = unsafe { std::mem::transmute::<&'a (dyn Fn(usize) + Sync + 'a), &'static Task>(task) };
            // SAFETY: no other thread reads now, as said at `Sync`.
            unsafe { *self.0.get() = Some(task) };
        }

        pub fn call(&self, part: usize) {
            // SAFETY: nobody writes while a claim is held, and the task lives until the claim's part is finished.
            let task = unsafe { (*self.0.get()).map(|task| &*task) };
            task.expect("a run has a task")(part);
        }
    }

    /// Points to a slice that parts cut their pieces from.
    pub struct Column {
        per_unit: usize,
        start: *mut f32,
    }

    // SAFETY: the slice is borrowed mutably by `Pool::split`, and `piece` gives disjoint pieces of it to the parts.
    unsafe impl Sync for Column {}

    impl Column {
        pub fn new(slice: &mut [f32], units: usize) -> Self {
            assert_eq!(slice.len() % units, 0, "a slice of {} cut into {units} units", slice.len());
            Self { per_unit: slice.len() / units, start: slice.as_mut_ptr() }
        }

        /// Gives the units `from` to `to`. Called once for each part, with cuts that rise and end at the slice's own:
        /// `Pool::split` has found them to, those of `Pool::split_evenly` are made so.
        #[allow(clippy::mut_from_ref, reason = "the pieces of a run are disjoint")]
        pub fn piece(&self, from: usize, to: usize) -> &mut [f32] {
            // SAFETY: rising cuts make pieces disjoint and keep them inside; each part is claimed once in a run.
            unsafe { std::slice::from_raw_parts_mut(self.start.add(from * self.per_unit), (to - from) * self.per_unit) }
        }
    }
}

/// Cuts `units` units into `parts` parts that differ by one unit at most: [parts + 1], from 0 to `units`.
pub fn cuts_evenly(units: usize, parts: usize) -> Vec<usize> {
    (0..=parts).map(|part| units * part / parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once_in_every_run() {
        for threads in [1, 2, 3, 8] {
            let mut pool = Pool::new(threads);
            let counts: Vec<AtomicUsize> = (0..threads).map(|_| AtomicUsize::new(0)).collect();
            for run in 1..=2_000 {
                pool.run(&|part| {
                    counts[part].fetch_add(1, Ordering::Relaxed);
                });
                assert!(
                    counts.iter().all(|count| count.load(Ordering::Relaxed) == run),
                    "{threads} threads, run {run}"
                );
            }
        }
    }

    #[test]
    fn a_thread_that_has_gone_to_sleep_is_woken() {
        let mut pool = Pool::new(2);
        for _ in 0..5 {
            let sum = AtomicUsize::new(0);
            pool.run(&|part| {
                sum.fetch_add(part + 1, Ordering::Relaxed);
            });
            assert_eq!(sum.into_inner(), 3);
            // Sleepers are waited for, not slept for: they are there sooner or later.
            while pool.shared.sleep.sleepers.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn pieces_are_those_of_the_cuts_and_cover_every_slice() {
        let mut pool = Pool::new(3);
        let (mut a, mut b) = (vec![0.0; 10], vec![0.0; 30]);
        pool.split(&[0, 2, 2, 5], [&mut a, &mut b], |part, [a, b]| {
            a.fill(part as f32 + 1.0);
            b.fill(part as f32 + 1.0);
        });
        assert_eq!(a, [1.0, 1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0]);
        assert!(b[..12].iter().all(|&v| v == 1.0) && b[12..].iter().all(|&v| v == 3.0), "{b:?}");
    }

    #[test]
    fn even_pieces_cover_every_slice_and_are_no_more_than_asked_for() {
        for threads in [1, 3, 8] {
            let mut pool = Pool::new(threads);
            for (units, most) in [(1, 5), (7, 1), (7, 2), (7, 100), (24, 3)] {
                let (mut a, mut b) = (vec![0.0; units], vec![0.0; 2 * units]);
                let pieces = AtomicUsize::new(0);
                pool.split_evenly(units, most, [&mut a, &mut b], |part, [a, b]| {
                    pieces.fetch_add(1, Ordering::Relaxed);
                    assert_eq!((a.len(), b.len()), (part.len(), 2 * part.len()));
                    a.iter_mut().zip(part).for_each(|(slot, unit)| *slot += unit as f32);
                    b.iter_mut().for_each(|slot| *slot += 1.0);
                });
                assert_eq!(a, (0..units).map(|unit| unit as f32).collect::<Vec<_>>());
                assert_eq!(b, vec![1.0; 2 * units]);
                assert_eq!(pieces.into_inner(), most.min(units).min(threads), "{units} units, {most} at most");
            }
        }
    }

    #[test]
    fn cuts_are_even_and_end_at_the_end() {
        assert_eq!(cuts_evenly(100, 3), [0, 33, 66, 100]);
        assert_eq!(cuts_evenly(1, 2), [0, 0, 1]);
    }

    #[test]
    #[should_panic(expected = "a thread of the fused engine panicked")]
    fn a_panic_on_a_thread_is_the_callers() {
        Pool::new(2).run(&|part| assert!(part == 0, "only the first part goes well"));
    }
}
