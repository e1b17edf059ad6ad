//! Loops written out. A compiler for WGSL guards every loop against running for ever, and behind such a guard a GPU's compiler
//! unrolls nothing. So a loop whose bounds are known, with `// written out` on the line above it, becomes a block for each of
//! its rounds, with its counter as a constant. The text before is WGSL of the same meaning.

use std::borrow::Cow;

/// Marks a loop that is to be written out, on the line above it.
const MARK: &str = "// written out";

/// Gives `source` with each marked loop in it written out, loops in loops too; comments inside them are left out.
///
/// # Panics
/// If a mark stands above anything else than `for (var i = FIRSTu; i < END; i++) {` with an END that is a number or a
/// constant of `source`.
pub(crate) fn written_out(source: &str) -> String {
    let lines: Vec<Cow<str>> = source.lines().map(Cow::Borrowed).collect();
    let mut text = String::with_capacity(2 * source.len());
    expand(&lines, &|name| constant(source, name), &mut text);
    text
}

fn expand(lines: &[Cow<str>], value: &dyn Fn(&str) -> u32, text: &mut String) {
    let mut line = 0;
    while line < lines.len() {
        if lines[line].trim() != MARK {
            text.push_str(&lines[line]);
            text.push('\n');
            line += 1;
            continue;
        }
        let head = &lines[line + 1];
        let (counter, first, end) = bounds(head, value);
        let indent = &head[..head.len() - head.trim_start().len()];
        let closing = format!("{indent}}}");
        let body = line + 2;
        let after =
            body + lines[body..].iter().position(|other| *other == closing).expect("a loop ends at its own depth");
        let is_code = |line: &&Cow<str>| line.trim() == MARK || !line.trim_start().starts_with("//");
        let body: Vec<_> = lines[body..after].iter().filter(is_code).cloned().collect();
        for round in first..end {
            text.push_str(&format!("{indent}{{\n{indent}    const {counter} = {round}u;\n"));
            expand(&body, value, text);
            text.push_str(&closing);
            text.push('\n');
        }
        line = after + 1;
    }
}

/// Reads counter, first value and end out of a loop's head.
fn bounds<'a>(head: &'a str, value: &dyn Fn(&str) -> u32) -> (&'a str, u32, u32) {
    let parse = || {
        let inner = head.trim().strip_prefix("for (var ")?.strip_suffix("++) {")?;
        let (counter, rest) = inner.split_once(" = ")?;
        let (first, rest) = rest.split_once("; ")?;
        let (end, _) = rest.split_once(" < ")?.1.split_once("; ")?;
        Some((counter, number(first)?, number(end).unwrap_or_else(|| value(end))))
    };
    parse().unwrap_or_else(|| panic!("`{head}` cannot be written out"))
}

fn number(text: &str) -> Option<u32> {
    text.strip_suffix('u')?.parse().ok()
}

/// Gives the value of a constant of `source`.
fn constant(source: &str, name: &str) -> u32 {
    let head = format!("const {name}: u32 = ");
    let found = source.lines().find_map(|line| number(line.strip_prefix(&head)?.strip_suffix(';')?));
    found.unwrap_or_else(|| panic!("`{name}` is no constant that is a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_loop_becomes_its_rounds_and_others_stay() {
        let source = "\
const N: u32 = 3u;
fn f() {
    for (var i = 0u; i < N; i++) {
        once(i);
    }
    // written out
    for (var i = 1u; i < N; i++) {
        // Said once.
        // written out
        for (var j = 0u; j < 1u; j++) {
            twice(i, j);
        }
    }
}
";
        let expected = "\
const N: u32 = 3u;
fn f() {
    for (var i = 0u; i < N; i++) {
        once(i);
    }
    {
        const i = 1u;
        {
            const j = 0u;
            twice(i, j);
        }
    }
    {
        const i = 2u;
        {
            const j = 0u;
            twice(i, j);
        }
    }
}
";
        assert_eq!(written_out(source), expected);
    }

    #[test]
    #[should_panic(expected = "cannot be written out")]
    fn a_mark_above_no_loop_is_a_mistake() {
        written_out("// written out\nlet a = 1u;\n");
    }
}
