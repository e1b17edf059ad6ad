//! Counts tests by what their runners print, and notices a runner that died before it could say.

/// Tests that passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Reads a runner's output, line by line.
pub(crate) trait Summary {
    /// Takes note of a line.
    fn line(&mut self, line: &str);

    /// The counts, once the runner has ended, with `success` or not.
    fn counts(self, success: bool) -> Counts;
}

/// The output of `cargo test`: one summary for each of its many programs.
#[derive(Default)]
pub(crate) struct CargoTest {
    counts: Counts,
    /// Between a program's `running … tests` and its `test result`.
    running: bool,
}

impl Summary for CargoTest {
    fn line(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            // `ok. 12 passed; 0 failed; 0 ignored; …`
            for part in result.split(['.', ';']) {
                match part.trim().split_once(' ') {
                    Some((number, "passed")) => self.counts.passed += number.parse().unwrap_or(0),
                    Some((number, "failed")) => self.counts.failed += number.parse().unwrap_or(0),
                    _ => (),
                }
            }
            self.running = false;
        } else if is_start(line) {
            self.a_program_ended();
            self.running = true;
        }
    }

    fn counts(mut self, success: bool) -> Counts {
        self.a_program_ended();
        at_least_one_failure(self.counts, success)
    }
}

impl CargoTest {
    /// A program that started and printed no result has crashed, which is a failure like any other.
    fn a_program_ended(&mut self) {
        self.counts.failed += u64::from(self.running);
        self.running = false;
    }
}

/// `running 12 tests`, which a program prints first.
fn is_start(line: &str) -> bool {
    let words: Vec<_> = line.split(' ').collect();
    matches!(words[..], ["running", number, "test" | "tests"] if number.parse::<u64>().is_ok())
}

/// The output of `node --test`: lines like `ℹ pass 9`, or `# pass 9` from its TAP reporter.
#[derive(Default)]
pub(crate) struct NodeTest {
    counts: Counts,
}

impl Summary for NodeTest {
    fn line(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        let ["ℹ" | "#", kind, number] = words[..] else { return };
        let Ok(number) = number.parse::<u64>() else { return };
        match kind {
            "pass" => self.counts.passed += number,
            // A test is cancelled when what it stands in failed or took too long.
            "fail" | "cancelled" => self.counts.failed += number,
            _ => (),
        }
    }

    fn counts(self, success: bool) -> Counts {
        at_least_one_failure(self.counts, success)
    }
}

/// A runner that fails without naming a test (its code doesn't compile, say) counts as one failed test.
fn at_least_one_failure(mut counts: Counts, success: bool) -> Counts {
    if !success && counts.failed == 0 {
        counts.failed = 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<S: Summary + Default>(name: &str, output: &str, success: bool, passed: u64, failed: u64) {
        let mut summary = S::default();
        output.lines().for_each(|line| summary.line(line));
        assert_eq!(summary.counts(success), Counts { passed, failed }, "{name}");
    }

    const OK: &str = "\nrunning 2 tests\ntest a ... ok\ntest b ... ok\n\ntest result: ok. 2 passed; 0 failed; 1 ignored; \
                      0 measured; 0 filtered out; finished in 0.01s\n";
    const FAILED: &str = "\nrunning 1 test\ntest c ... FAILED\n\ntest result: FAILED. 3 passed; 1 failed; 0 ignored; \
                          0 measured; 0 filtered out; finished in 1.20s\n";
    const CRASHED: &str = "\nrunning 7 tests\ntest d ... ";

    #[test]
    fn every_program_of_cargo_test_is_counted() {
        let check = check::<CargoTest>;
        check("one", OK, true, 2, 0);
        check("two", &[OK, FAILED].concat(), false, 5, 1);
        check("a crash at the end", &[OK, CRASHED].concat(), false, 2, 1);
        check("a crash in between", &[CRASHED, OK].concat(), false, 2, 1);
        check("a crash and a failure", &[CRASHED, FAILED].concat(), false, 3, 2);
        check("nothing compiled", "", false, 0, 1);
        check("nothing to run", "", true, 0, 0);
        check("talk", "running late\nrunning 3 tests late\ntest results: 4 passed\n", true, 0, 0);
    }

    #[test]
    fn nodes_summary_is_counted() {
        let check = check::<NodeTest>;
        // Both as printed by Node.js 20.20.
        let spec =
            "ℹ tests 6\nℹ suites 1\nℹ pass 3\nℹ fail 1\nℹ cancelled 2\nℹ skipped 0\nℹ todo 0\nℹ duration_ms 51.2\n";
        check("spec", spec, false, 3, 3);
        check("tap", &spec.replace('ℹ', "#"), false, 3, 3);
        check("it died", "▶ the page\n", false, 0, 1);
        check("talk", "# pass the salt\nℹ we pass 4\n", true, 0, 0);
    }

    #[test]
    fn counts_add_up_and_read_as_one_line() {
        let mut sum = Counts { passed: 1, failed: 0 };
        sum += Counts { passed: 2, failed: 3 };
        assert_eq!(sum.to_string(), "3 passed, 3 failed");
    }
}
