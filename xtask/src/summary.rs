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

/// A test and the seconds it took.
pub(crate) type Timed = (f64, String);

/// Reads a runner's output, line by line.
pub(crate) trait Summary {
    /// Whether the runner tells what matters on standard error.
    const ON_STANDARD_ERROR: bool = false;

    /// Takes note of a line.
    fn line(&mut self, line: &str);

    /// The tests so far, of a runner that tells how long each takes.
    fn times(&mut self) -> Vec<Timed> {
        Vec::new()
    }

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

/// The output of `cargo nextest run --color never`: a line for each test, `PASS [   0.012s] (3/80) crate::program test`, and one
/// of all of them, `Summary [  12.345s] 80 tests run: 79 passed (1 slow), 1 failed, 2 skipped`, after which failures come again.
#[derive(Default)]
pub(crate) struct Nextest {
    counts: Counts,
    times: Vec<Timed>,
    has_ended: bool,
}

impl Summary for Nextest {
    const ON_STANDARD_ERROR: bool = true;

    fn line(&mut self, line: &str) {
        let Some((status, rest)) = line.trim_start().split_once(" [") else { return };
        let Some((seconds, rest)) = rest.split_once("s] ") else { return };
        // `SLOW [> 60.000s]` is said while a test still runs.
        let Ok(seconds) = seconds.trim().parse::<f64>() else { return };
        if status == "Summary" {
            let (_, parts) = rest.split_once(" run: ").unwrap_or_default();
            for part in parts.split(", ") {
                match part.split_once(' ').map(|(number, kind)| (number.parse().unwrap_or(0), kind)) {
                    Some((number, kind)) if kind.starts_with("passed") => self.counts.passed += number,
                    Some((_, kind)) if kind.starts_with("skipped") => (),
                    // Failed, timed out, or could not be started.
                    Some((number, _)) => self.counts.failed += number,
                    None => (),
                }
            }
            self.has_ended = true;
        } else if !self.has_ended && rest.starts_with('(') {
            let name = rest.split_once(") ").map_or(rest, |(_, name)| name);
            self.times.push((seconds, name.to_owned()));
        }
    }

    fn times(&mut self) -> Vec<Timed> {
        std::mem::take(&mut self.times)
    }

    fn counts(self, success: bool) -> Counts {
        // A runner that says nothing has run nothing, whatever it ends with.
        at_least_one_failure(self.counts, success && self.has_ended)
    }
}

/// The output of `node --test`: lines like `ℹ pass 9`, or `# pass 9` from its TAP reporter.
#[derive(Default)]
pub(crate) struct NodeTest {
    counts: Counts,
    times: Vec<Timed>,
}

impl Summary for NodeTest {
    fn line(&mut self, line: &str) {
        // `✔ the slider redraws (1234.5ms)`
        let ended = line.trim_start().strip_prefix("✔ ").and_then(|rest| rest.strip_suffix("ms)"));
        if let Some((name, milliseconds)) = ended.and_then(|rest| rest.rsplit_once(" (")) {
            let seconds = milliseconds.parse().map_or(0.0, |milliseconds: f64| milliseconds / 1e3);
            self.times.push((seconds, name.to_owned()));
        }
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

    fn times(&mut self) -> Vec<Timed> {
        std::mem::take(&mut self.times)
    }

    fn counts(self, success: bool) -> Counts {
        at_least_one_failure(self.counts, success)
    }
}

/// The `count` slowest of `tests`, slowest first, a line each.
pub(crate) fn slowest(mut tests: Vec<Timed>, count: usize) -> String {
    tests.sort_by(|a, b| b.0.total_cmp(&a.0));
    tests.iter().take(count).map(|(seconds, name)| format!("{seconds:>8.1} s  {name}\n")).collect()
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

    /// As printed by cargo-nextest 0.9.143, shortened.
    const NEXTEST: &str = "    Starting 4 tests across 1 binary (1 test skipped)
     SIGABRT [   0.345s] (1/4) nx tests::dies
  stdout ───
    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 4 filtered out; finished in 2.88s
        SLOW [> 60.000s] (───) nx tests::good
        PASS [  61.801s] (2/4) nx tests::good
        PASS [   0.281s] (3/4) nx::program quick
        FAIL [   3.068s] (4/4) nx tests::bad
────────────
     Summary [  63.141s] 4 tests run: 2 passed (1 slow), 2 failed, 1 skipped
     SIGABRT [   0.345s] (1/4) nx tests::dies
        FAIL [   3.068s] (4/4) nx tests::bad
error: test run failed
";

    #[test]
    fn every_test_of_nextest_is_counted_and_none_that_was_skipped() {
        let check = check::<Nextest>;
        check("as printed", NEXTEST, false, 2, 2);
        check("all is well", "     Summary [   0.141s] 1 test run: 1 passed, 8 skipped\n", true, 1, 0);
        let others =
            "     Summary [   3.1s] 7 tests run: 2 passed (1 leaky), 1 failed, 3 timed out, 1 exec failed, 1 skipped\n";
        check("other ways to fail", others, false, 2, 5);
        check("nothing compiled", "error: could not compile `nx`\n", false, 0, 1);
        check("it died", &NEXTEST[..NEXTEST.find("────────────").unwrap()], false, 0, 1);
        check("it says nothing, and that all is well", "", true, 0, 1);
    }

    #[test]
    fn the_slowest_tests_come_first() {
        let mut summary = Nextest::default();
        NEXTEST.lines().for_each(|line| summary.line(line));
        let mut times = summary.times();
        assert_eq!(times.len(), 4, "each once: {times:?}");
        let mut node = NodeTest::default();
        node.line("  ✔ a picture is drawn (in 1 frame) (2500.25ms)");
        node.line("▶ the page (9000ms)");
        times.extend(node.times());
        let expected =
            "    61.8 s  nx tests::good\n     3.1 s  nx tests::bad\n     2.5 s  a picture is drawn (in 1 frame)\n";
        assert_eq!(slowest(times, 3), expected);
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
