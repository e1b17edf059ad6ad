//! Tables of pixels as text (CSV), as Kaggle hands out MNIST and its like: a row for each picture, its label in a column beside
//! the pixels, or no label at all.
//!
//! A first line that is no row of whole numbers is the header. The label's column is the one that the header calls so; without
//! such a word it is the first of a table that has one column more than a square picture has pixels.

use crate::array::{Array, Values};

/// Narrower tables are lists of names and labels; nobody's pictures have fewer pixels.
const FEWEST_COLUMNS: usize = 16;
/// Longer fields are no pixels' names or values.
const LONGEST_FIELD: usize = 32;

/// A table of pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// [count, pixels].
    pub pixels: Array,
    /// One a picture, [count]; none where there is no column of labels.
    pub labels: Option<Array>,
}

/// Whether a file that starts with `first` may be a table of pixels: its first line, or as much of it as there is, has many short
/// fields.
pub fn is_table(first: &[u8]) -> bool {
    let line = first.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else { return false };
    let fields: Vec<&str> = fields(line).collect();
    // The last may be cut off.
    fields.len() >= FEWEST_COLUMNS
        && fields[..fields.len() - 1].iter().all(|field| {
            let is_short = (1..=LONGEST_FIELD).contains(&field.len());
            is_short && field.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter))
        })
}

/// Parses a whole table.
///
/// # Errors
/// Rows of different lengths, and fields that are no pixels or labels, as the rest of a sentence about the file.
pub fn parse(content: &[u8]) -> Result<Table, String> {
    let text = std::str::from_utf8(content).map_err(|_| "is no table: it has letters that are no UTF-8".to_owned())?;
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let Some((_, first)) = lines.clone().next() else { return Err("is a table without a row".to_owned()) };
    let Layout { columns, has_header, label_at } = layout(first);
    if has_header {
        lines.next();
    }
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for (line, row) in lines {
        let mut found = 0;
        for (column, field) in fields(row).enumerate() {
            found += 1;
            let wrong = |wanted: &str| format!("has `{field}` in line {}, where {wanted} is wanted", line + 1);
            if label_at == Some(column) {
                labels.push(field.parse::<i64>().map_err(|_| wrong("a label, a whole number,"))?);
            } else {
                pixels.push(field.parse::<u8>().map_err(|_| wrong("a pixel, a whole number from 0 to 255,"))?);
            }
        }
        if found != columns {
            return Err(format!("is a damaged table: line {} has {found} fields, the first has {columns}", line + 1));
        }
    }
    let width = columns - usize::from(label_at.is_some());
    if pixels.is_empty() {
        return Err("is a table without a row of pixels".to_owned());
    }
    let pixels = Array { dims: vec![pixels.len() / width, width], values: Values::Bytes(pixels) };
    let labels = label_at.map(|_| Array { dims: vec![labels.len()], values: Values::Integers(labels) });
    Ok(Table { pixels, labels })
}

/// Whether a table whose first line is `first` has a column of labels.
pub fn has_labels(first: &str) -> bool {
    layout(first.trim_start_matches('\u{feff}')).label_at.is_some()
}

/// What the first line tells of all.
struct Layout {
    columns: usize,
    /// Whether it is no row itself.
    has_header: bool,
    label_at: Option<usize>,
}

fn layout(first: &str) -> Layout {
    let names: Vec<&str> = fields(first).collect();
    let has_header = names.iter().any(|field| field.parse::<i64>().is_err());
    let columns = names.len();
    let named = has_header.then(|| names.iter().position(|name| is_label(name))).flatten();
    let is_square = |n: usize| n.isqrt().pow(2) == n;
    let label_at = named.or_else(|| (!is_square(columns) && is_square(columns - 1)).then_some(0));
    Layout { columns, has_header, label_at }
}

/// The fields of a line, between commas, semicolons or tabs, without quotes and blanks around them.
fn fields(line: &str) -> impl Iterator<Item = &str> {
    line.trim_end_matches('\r').split([',', ';', '\t']).map(|field| field.trim_matches([' ', '"', '\'']))
}

fn is_label(name: &str) -> bool {
    ["label", "labels", "class", "target", "digit", "y"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rows of a label and sixteen pixels.
    fn row(label: &str, shade: u16) -> String {
        format!("{label},{}", (0..16).map(|i| (shade + i).to_string()).collect::<Vec<_>>().join(","))
    }

    fn header(first: &str) -> String {
        format!("{first},{}", (0..16).map(|i| format!("pixel{i}")).collect::<Vec<_>>().join(","))
    }

    #[test]
    fn tables_as_people_have_them_are_read() {
        let bare = |line: &str| line.split_once(',').unwrap().1.to_owned();
        let cases = [
            ("Kaggle's", format!("{}\n{}\n{}\n", header("label"), row("7", 1), row("2", 9)), Some(vec![7, 2])),
            ("without a header", format!("{}\r\n{}\r\n", row("7", 1), row("2", 9)), Some(vec![7, 2])),
            ("without labels", format!("{}\n{}", bare(&header("label")), bare(&row("7", 1))), None),
            ("fractions as names", format!("{}\n{}", row("0.1", 0), row("3", 9)), Some(vec![3])),
            ("semicolons", format!("{}\n{}", header("label"), row("7", 1)).replace(',', ";"), Some(vec![7])),
        ];
        for (name, text, expected) in cases {
            assert!(is_table(text.as_bytes()), "{name}");
            let table = parse(text.as_bytes()).expect(name);
            let labels = table.labels.map(|labels| labels.values);
            assert_eq!(has_labels(text.lines().next().unwrap()), expected.is_some(), "{name}");
            assert_eq!(labels, expected.map(Values::Integers), "{name}");
            assert_eq!(table.pixels.dims[1], 16, "{name}");
        }
    }

    #[test]
    fn other_texts_are_no_tables_and_damaged_ones_are_told() {
        for text in [
            "id,label\na.png,cat\n",
            "a text, with, many, commas, and, as, it, goes, on, more, of, them, and, more, words here, x, y, z",
            "",
        ] {
            assert!(!is_table(text.as_bytes()), "{text}");
        }
        let cut = format!("{}\n{}\n1,2", header("label"), row("7", 1));
        let cases = [
            (cut, "line 3 has 2 fields, the first has 17"),
            (format!("{}\n{}", header("label"), row("cat", 1)), "has `cat` in line 2, where a label"),
            (format!("{}\n{}", header("label"), row("7", 250)), "has `256` in line 2, where a pixel"),
            (header("label"), "without a row of pixels"),
        ];
        for (text, expected) in cases {
            let message = parse(text.as_bytes()).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9a-c,;\n\"]{0,80}") {
            let _ = (is_table(text.as_bytes()), parse(text.as_bytes()));
        }
    }
}
