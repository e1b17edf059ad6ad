//! A metric of every run as a strip a setting, in inline SVG: a dot a run, the mean, and its interval.
//!
//! A box would hide what matters here: that runs of one setting fall into two heaps, the collapsed and the others.

use std::fmt::Write;

use crate::statistics::Summary;
use run::show::chart::{Scale, bounds, escape, log_ticks, short, ticks};

/// One setting's row.
pub(crate) struct Strip<'a> {
    pub(crate) label: &'a str,
    pub(crate) values: &'a [f64],
    pub(crate) summary: Option<&'a Summary>,
}

/// Of the drawing, in user units.
const WIDTH: f64 = 640.0;
const LEFT: f64 = 210.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 8.0;
const ROW: f64 = 30.0;
const BOTTOM: f64 = 26.0;
/// Letters of a label that fit to the left.
const LABEL: usize = 32;

/// The strips as a figure; an empty text if there is nothing to draw.
pub(crate) fn strips(title: &str, scale: Scale, rows: &[Strip]) -> String {
    let drawable = |value: f64| value.is_finite() && (scale == Scale::Linear || value > 0.0);
    let all = || rows.iter().flat_map(|row| row.values.iter().copied()).filter(|&value| drawable(value));
    if all().next().is_none() {
        return String::new();
    }
    let to_scale = |x: f64| if scale == Scale::Logarithmic { x.max(f64::MIN_POSITIVE).log10() } else { x };
    let (low, high) = bounds(all().map(to_scale));
    let x_of = |x: f64| LEFT + ((to_scale(x) - low) / (high - low)).clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT);
    let height = TOP + ROW * rows.len() as f64 + BOTTOM;
    let title = escape(title);
    let mut svg = format!(
        "<figure><figcaption>{title}</figcaption><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\">"
    );
    let marks = if scale == Scale::Logarithmic { log_ticks(low, high) } else { ticks(low, high) };
    for mark in marks {
        let value = if scale == Scale::Logarithmic { 10f64.powf(mark) } else { mark };
        let (x, foot) = (x_of(value), height - BOTTOM);
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
                x_of(value),
                y + lift,
                short(value)
            );
        }
        if let Some(summary) = row.summary.filter(|summary| drawable(summary.mean)) {
            if let Some([from, to]) = summary.interval {
                let stroke = "stroke=\"#d55e00\" stroke-width=\"2\"";
                let _ = write!(svg, "<path d=\"M{:.1} {y}H{:.1}\" {stroke}/>", x_of(from), x_of(to));
            }
            let (x, top, foot) = (x_of(summary.mean), y - 9.0, y + 9.0);
            let _ = write!(svg, "<path d=\"M{x:.1} {top}V{foot}\" stroke=\"#d55e00\" stroke-width=\"3\"/>");
        }
    }
    svg + "</svg></figure>"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::summary;

    #[test]
    fn every_run_is_a_dot_and_odd_values_draw_nothing_odd() {
        let values = [10.0, 100.0, 1000.0];
        let known = summary(&values, 0);
        let rows = [Strip { label: "a <b>", values: &values, summary: known.as_ref() }];
        let svg = strips("FID & co", Scale::Logarithmic, &rows);
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(svg.contains("cx=\"210.0\"") && svg.contains("cx=\"418.0\"") && svg.contains("cx=\"626.0\""), "{svg}");
        assert!(svg.contains("a &lt;b&gt;") && svg.contains("FID &amp; co"), "{svg}");
        for odd in [&[][..], &[f64::NAN], &[0.0]] {
            assert_eq!(strips("t", Scale::Logarithmic, &[Strip { label: "x", values: odd, summary: None }]), "");
        }
        let flat = strips("t", Scale::Linear, &[Strip { label: "x", values: &[5.0, 5.0], summary: None }]);
        assert!(!flat.contains("NaN"), "{flat}");
    }
}
