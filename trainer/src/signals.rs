//! What signals ask for while runs are trained.
//!
//! | signal | what is done | exit code |
//! | --- | --- | --- |
//! | SIGINT (Ctrl-C), SIGTERM | a checkpoint, then the end; a second one ends at once | 130, 143 |
//! | SIGHUP, the end of the terminal | the same, unless it was ignored from the start, as under `nohup` | 129 |
//! | SIGUSR1 | a checkpoint, and on it goes | |
//! | SIGUSR2 | a checkpoint, then the end | 140 |
//! | SIGXFSZ, a file larger than `ulimit -f` allows | nothing: the write fails, and is told like a full disk | |
//!
//! Clusters send one of the last two some time before they end a job. Exit codes are 128 and the signal's number on Linux; elsewhere
//! SIGUSR2 may have another number. Windows knows Ctrl-C alone.

use std::sync::atomic::{AtomicU8, Ordering};

use failure::{Failure, Result};
use run::requests::Requests;

/// What a shell calls a process that Ctrl-C ended; also the code of a stop that no signal asked for.
const BY_CTRL_C: u8 = 130;
static EXIT_CODE: AtomicU8 = AtomicU8::new(BY_CTRL_C);

/// Gives the exit code of a run that was stopped: by which signal, as a shell counts.
pub fn exit_code() -> u8 {
    EXIT_CODE.load(Ordering::Relaxed)
}

/// Listens from now on, on a thread of its own, and gives the requests that signals turn into.
///
/// # Errors
/// A system that refuses.
pub fn listen() -> Result<Requests> {
    let requests = Requests::default();
    listen_for(requests.clone())
        .map_err(|error| Failure::failed(format!("signals cannot be listened for: {error}")))?;
    Ok(requests)
}

/// Asks for a stop; the second time the process ends at once.
fn stop(requests: &Requests, code: u8) {
    EXIT_CODE.store(code, Ordering::Relaxed);
    if requests.stop.swap(true, Ordering::Relaxed) {
        std::process::exit(i32::from(code));
    }
}

#[cfg(unix)]
fn listen_for(requests: Requests) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
    // A shell without job control starts what it puts into the background with SIGINT ignored, and `kill -INT` is to work there.
    let kept = [SIGHUP, SIGUSR1, SIGUSR2, SIGXFSZ].into_iter().filter(|&signal| !is_ignored(signal));
    let mut signals = signal_hook::iterator::Signals::new(kept.chain([SIGINT, SIGTERM]))?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            match signal {
                // Heard so that it does not end the process without a word.
                SIGXFSZ => {}
                SIGUSR1 => requests.checkpoint.store(true, Ordering::Relaxed),
                _ => stop(&requests, 128 + signal as u8),
            }
        }
    })?;
    Ok(())
}

/// Whether whoever started this process had it ignore a signal.
#[cfg(unix)]
#[allow(unsafe_code, reason = "no safe interface tells how a signal is handled without changing it")]
fn is_ignored(signal: i32) -> bool {
    // SAFETY: `sigaction` is plain data that may be all zeros; with a null action the call changes nothing and writes what is in
    // force to `now`, which outlives it.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut now) == 0 && now.sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(not(unix))]
fn listen_for(requests: Requests) -> std::result::Result<(), ctrlc::Error> {
    ctrlc::set_handler(move || stop(&requests, BY_CTRL_C))
}
