//! A metric of every run as a strip for each setting: a dot for a run, the mean, and its interval.
//!
//! A box would hide what matters here: that runs of one setting fall into two heaps, the collapsed and the others.

use std::fmt::Write;

use crate::axis::{Axis, Scale};
use crate::{escape, short};

/// One setting's row.
pub struct Strip<'a> {
    /// Names the setting; what is too long is cut, and told in full where the pointer rests.
    pub label: &'a str,
    /// The metric of each run; what cannot be drawn is left out.
    pub values: &'a [f64],
    /// The mean of the values, if it is known.
    pub mean: Option<f64>,
    /// The ends of the mean's interval of confidence, if it is known.
    pub interval: Option<[f64; 2]>,
}

/// Sizes of the drawing, in user units.
const WIDTH: f64 = 640.0;
const LEFT: f64 = 210.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 8.0;
const ROW: f64 = 30.0;
const BOTTOM: f64 = 26.0;
/// Letters of a label that fit to the left.
const LABEL: usize = 32;

/// Draws the strips as an HTML `<figure>`; gives an empty text if there is nothing to draw.
pub fn strips(title: &str, scale: Scale, rows: &[Strip]) -> String {
    let drawable = |value: f64| scale.can_draw(value);
    let all = || rows.iter().flat_map(|row| row.values.iter().copied()).filter(|&value| drawable(value));
    if all().next().is_none() {
        return String::new();
    }
    let axis = Axis::around(scale, all(), LEFT, WIDTH - RIGHT);
    let height = TOP + ROW * rows.len() as f64 + BOTTOM;
    let title = escape(title);
    let mut svg = format!(
        "<figure><figcaption>{title}</figcaption><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\">"
    );
    for value in axis.marks() {
        let (x, foot) = (axis.at(value), height - BOTTOM);
        let _ = write!(svg, "<path class=\"grid\" d=\"M{x:.1} {TOP}V{foot}\"/>");
        let _ =
            write!(svg, "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>", foot + 16.0, short(value));
    }
    for (number, row) in rows.iter().enumerate() {
        let y = TOP + ROW * (number as f64 + 0.5);
        let cut: String = row.label.chars().take(LABEL).collect();
        let dots = if row.label.chars().count() > LABEL { "…" } else { "" };
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}{dots}<title>{}</title></text>",
            LEFT - 10.0,
            y + 4.0,
            escape(&cut),
            escape(row.label)
        );
        for (index, &value) in row.values.iter().enumerate().filter(|(_, value)| drawable(**value)) {
            // Up and down by turns, so that equal values are seen to be many.
            let lift = [-6.0, 6.0, -3.0, 3.0, 0.0][index % 5];
            let _ = write!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"#0072b2\" fill-opacity=\"0.55\"><title>{}</title></circle>",
                axis.at(value),
                y + lift,
                short(value)
            );
        }
        if let Some(mean) = row.mean.filter(|&mean| drawable(mean)) {
            // On a logarithmic axis an interval may reach below everything that can be drawn: then it ends with the axis.
            let at =
                |value: f64| axis.at(value.max(if scale == Scale::Logarithmic { f64::MIN_POSITIVE } else { value }));
            if let Some([from, to]) = row.interval {
                let stroke = "stroke=\"#d55e00\" stroke-width=\"2\"";
                let _ = write!(svg, "<path d=\"M{:.1} {y}H{:.1}\" {stroke}/>", at(from), at(to));
            }
            let (x, top, foot) = (at(mean), y - 9.0, y + 9.0);
            let _ = write!(svg, "<path d=\"M{x:.1} {top}V{foot}\" stroke=\"#d55e00\" stroke-width=\"3\"/>");
        }
    }
    svg + "</svg></figure>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_a_dot_and_odd_values_draw_nothing_odd() {
        let values = [10.0, 100.0, 1000.0];
        let row = |label, values, interval| Strip { label, values, mean: Some(370.0), interval };
        let svg = strips("FID & co", Scale::Logarithmic, &[row("a <b>", &values, Some([-5.0, 700.0]))]);
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(svg.contains("cx=\"210.0\"") && svg.contains("cx=\"418.0\"") && svg.contains("cx=\"626.0\""), "{svg}");
        assert!(svg.contains("a &lt;b&gt;") && svg.contains("FID &amp; co"), "{svg}");
        assert!(svg.contains("<path d=\"M210.0 23H") && !svg.contains("NaN"), "an interval below zero: {svg}");
        for odd in [&[][..], &[f64::NAN], &[0.0]] {
            assert_eq!(strips("t", Scale::Logarithmic, &[row("x", odd, None)]), "");
        }
        let flat = strips("t", Scale::Linear, &[row("x", &[5.0, 5.0], None)]);
        assert!(!flat.contains("NaN"), "{flat}");
    }
}
