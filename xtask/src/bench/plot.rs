//! Curves on logarithmic axes, as an SVG that a README can show on a light and on a dark page.

use std::fmt::Write;

use anyhow::{Result, ensure};

/// A named line through points of positive coordinates.
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// Left, right, top, bottom of the axes.
const FRAME: [f64; 4] = [70.0, 700.0, 50.0, 345.0];
/// Told apart without colour too: each has its own dashes.
const STROKES: [(&str, &str); 3] = [("#2563eb", "none"), ("#c2410c", "7 4"), ("#15803d", "2 3")];

/// The plot.
///
/// # Errors
/// If there is nothing to draw, or a coordinate has no logarithm.
pub(crate) fn log_log(title: &str, x_name: &str, y_name: &str, curves: &[Curve]) -> Result<String> {
    let all = || curves.iter().flat_map(|curve| &curve.points);
    ensure!(all().next().is_some(), "a plot of nothing");
    ensure!(all().all(|&(x, y)| x > 0.0 && y > 0.0 && x.is_finite() && y.is_finite()), "a point without a logarithm");
    ensure!(curves.len() <= STROKES.len(), "a plot of {} curves", curves.len());
    let x_range = decades(all().map(|point| point.0));
    let y_range = decades(all().map(|point| point.1));
    let [left, right, top, bottom] = FRAME;
    let x_at = |x: f64| left + (x.log10() - x_range.0) / (x_range.1 - x_range.0) * (right - left);
    let y_at = |y: f64| bottom - (y.log10() - y_range.0) / (y_range.1 - y_range.0) * (bottom - top);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"13\" role=\"img\" aria-label=\"{title}\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{left}\" y=\"24\" font-size=\"15\">{title}</text>\n"
    );
    for x in ticks(x_range) {
        let at = x_at(x);
        writeln!(svg, "<path d=\"M{at:.1} {top}V{bottom}\" stroke=\"#e5e7eb\"/>")?;
        writeln!(svg, "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x}</text>", bottom + 18.0)?;
    }
    for y in ticks(y_range) {
        let at = y_at(y);
        writeln!(svg, "<path d=\"M{left} {at:.1}H{right}\" stroke=\"#e5e7eb\"/>")?;
        writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{y}</text>", left - 8.0, at + 4.0)?;
    }
    for (curve, (colour, dashes)) in curves.iter().zip(STROKES) {
        let line: Vec<String> = curve.points.iter().map(|&(x, y)| format!("{:.1},{:.1}", x_at(x), y_at(y))).collect();
        let line = line.join(" ");
        writeln!(
            svg,
            "<polyline points=\"{line}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>"
        )?;
        for &(x, y) in &curve.points {
            writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{colour}\"/>", x_at(x), y_at(y))?;
        }
        if let Some(&(x, y)) = curve.points.last() {
            let (x, y) = (x_at(x) - 8.0, y_at(y) - 8.0);
            writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\" fill=\"{colour}\">{}</text>",
                curve.name
            )?;
        }
    }
    let (middle, below) = ((left + right) / 2.0, bottom + 42.0);
    writeln!(svg, "<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">{x_name}</text>")?;
    let middle = (top + bottom) / 2.0;
    writeln!(
        svg,
        "<text x=\"16\" y=\"{middle}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {middle})\">{y_name}</text>"
    )?;
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// Logarithms of the whole decades around the values; at least one.
fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = (low.log10().floor(), high.log10().ceil());
    (low, if high > low { high } else { low + 1.0 })
}

/// The powers of ten of a range, and the twos and fives between them.
fn ticks((low, high): (f64, f64)) -> Vec<f64> {
    let powers = (low as i32..=high as i32).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
    powers.filter(|value| value.log10() <= high + 1e-9).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_law_is_a_straight_line_between_the_corners() {
        let curve = Curve { name: "square".into(), points: vec![(1.0, 1.0), (10.0, 100.0), (100.0, 10_000.0)] };
        let svg = log_log("Growth", "size", "steps", &[curve]).unwrap();
        assert!(svg.contains("points=\"70.0,345.0 385.0,197.5 700.0,50.0\""), "{svg}");
        for part in ["Growth", ">size<", ">steps<", ">square<", ">50<", ">10000<"] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
    }

    #[test]
    fn what_has_no_logarithm_is_refused() {
        let curve = |y| Curve { name: String::new(), points: vec![(1.0, y)] };
        assert!(log_log("", "", "", &[]).is_err());
        for y in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(log_log("", "", "", &[curve(y)]).is_err(), "{y}");
        }
        assert!(log_log("", "", "", &[curve(3.0)]).is_ok());
    }
}
