//! Curves as inline SVG: no script, no file beside it, light and dark by the page's `currentColor`.
//!
//! Lines are told apart by dashes and by a label as well as by colour.

use std::fmt::Write;

/// A named curve of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// Says in the legend what the curve shows.
    pub label: String,
    /// Lists the curve's (x, y) from left to right; what is not finite is left out.
    pub points: Vec<(f64, f64)>,
}

/// The way in which y is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences take equal room.
    Linear,
    /// Equal ratios take equal room; values of 0 and below are left out.
    Logarithmic,
}

/// Of the drawing, and of the plot within it, in user units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;
/// Told apart by most colour-blind people too (Okabe, Ito, "Color Universal Design", 2008), and each has its dashes.
const STROKES: [(&str, &str); 6] = [
    ("#0072b2", "none"),
    ("#d55e00", "6 3"),
    ("#009e73", "2 3"),
    ("#cc79a7", "9 3 2 3"),
    ("#e69f00", "4 2"),
    ("#56b4e9", "1 2"),
];

/// Draws one chart over epochs, as an `<svg>` with its legend below; it is an empty text if there is nothing to draw.
pub fn chart(title: &str, scale: Scale, series: &[Series]) -> String {
    let drawable = |&(x, y): &(f64, f64)| x.is_finite() && y.is_finite() && (scale == Scale::Linear || y > 0.0);
    let curves: Vec<(&str, Vec<(f64, f64)>)> = series
        .iter()
        .map(|one| (one.label.as_str(), one.points.iter().copied().filter(drawable).collect::<Vec<_>>()))
        .filter(|(_, points)| !points.is_empty())
        .collect();
    let all = || curves.iter().flat_map(|(_, points)| points.iter().copied());
    if all().next().is_none() {
        return String::new();
    }
    let to_scale = |y: f64| if scale == Scale::Logarithmic { y.log10() } else { y };
    let (x_low, x_high) = bounds(all().map(|(x, _)| x));
    let (y_low, y_high) = bounds(all().map(|(_, y)| to_scale(y)));
    let x_of = |x: f64| LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT);
    let y_of = |y: f64| HEIGHT - BOTTOM - (y - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM);

    let title = escape(title);
    let mut svg = format!(
        "<figure><figcaption>{title}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">"
    );
    let y_ticks = if scale == Scale::Logarithmic { log_ticks(y_low, y_high) } else { ticks(y_low, y_high) };
    for tick in y_ticks {
        let (y, value) = (y_of(tick), if scale == Scale::Logarithmic { 10f64.powf(tick) } else { tick });
        let right = WIDTH - RIGHT;
        let _ = write!(svg, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>");
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            y + 4.0,
            short(value)
        );
    }
    for tick in ticks(x_low, x_high).into_iter().filter(|tick| tick.fract() == 0.0) {
        let (x, y) = (x_of(tick), HEIGHT - BOTTOM + 16.0);
        let _ = write!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>", short(tick));
    }
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">epoch</text>",
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 3.0
    );
    let mut legend = String::new();
    for (index, (label, points)) in curves.iter().enumerate() {
        let (colour, dashes) = STROKES[index % STROKES.len()];
        let path: Vec<String> =
            points.iter().map(|&(x, y)| format!("{:.1} {:.1}", x_of(x), y_of(to_scale(y)))).collect();
        let style = format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"");
        if let [(x, y)] = points[..] {
            let _ = write!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                x_of(x),
                y_of(to_scale(y))
            );
        }
        let _ = write!(svg, "<path d=\"M{}\" {style}/>", path.join("L"));
        let last = points.last().map_or(f64::NAN, |&(_, y)| y);
        let label = escape(label);
        let _ = write!(
            legend,
            "<li><svg width=\"28\" height=\"8\" aria-hidden=\"true\"><path d=\"M0 4H28\" {style}/></svg> {label}, last {}</li>",
            short(last)
        );
    }
    format!("{svg}</svg><ul class=\"legend\">{legend}</ul></figure>")
}

/// Writes plain text as HTML, within elements or attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Writes a number with three digits that count.
pub fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || value == 0.0 {
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    if !(1e-3..1e6).contains(&size) {
        return format!("{value:.1e}");
    }
    let decimals = (2 - size.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Finds the lowest and the highest of `values`, moved apart where they are one.
pub fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if high > low { (low, high) } else { (low - 0.5, high + 0.5) }
}

/// Gives round numbers between `low` and `high`, about five, for the ticks of an even scale.
pub fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * power).into_iter().find(|&step| step >= rough).unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

/// Gives the logarithms of 1, 2 and 5 times the powers of ten between 10^`low` and 10^`high`; of the powers alone where those would be
/// too many, evenly spaced ones where they would be too few.
pub fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let of = |factors: &[f64]| -> Vec<f64> {
        let powers = low.floor() as i32..=high.ceil() as i32;
        let all = powers.flat_map(|power| factors.iter().map(move |factor| f64::from(power) + factor.log10()));
        all.filter(|tick| (low..=high).contains(tick)).collect()
    };
    let (fine, coarse) = (of(&[1.0, 2.0, 5.0]), of(&[1.0]));
    match (fine.len(), coarse.len()) {
        (2..=7, _) => fine,
        (_, 2..=12) => coarse,
        _ => ticks(low, high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(f64, f64)]) -> Series {
        Series { label: "D <loss>".to_owned(), points: points.to_vec() }
    }

    #[test]
    fn a_curve_spans_the_plot_from_corner_to_corner() {
        let svg = chart("losses & more", Scale::Linear, &[line(&[(1.0, 0.0), (2.0, 5.0), (3.0, 10.0)])]);
        // Lowest value at the bottom left, highest at the top right, the one between half-way.
        assert!(svg.contains("M56.0 206.0L342.0 109.0L628.0 12.0"), "{svg}");
        assert!(
            svg.contains("losses &amp; more") && svg.contains("D &lt;loss&gt;, last 10") && !svg.contains("<script")
        );
    }

    #[test]
    fn a_logarithmic_scale_gives_each_power_the_same_room() {
        let svg = chart("FID", Scale::Logarithmic, &[line(&[(1.0, 100.0), (2.0, 10.0), (3.0, 1.0), (4.0, -1.0)])]);
        assert!(svg.contains("M56.0 12.0L342.0 109.0L628.0 206.0"), "{svg}");
    }

    #[test]
    fn odd_input_draws_something_or_nothing_and_never_panics() {
        for points in [&[][..], &[(f64::NAN, 1.0)], &[(1.0, f64::INFINITY)]] {
            assert_eq!(chart("t", Scale::Linear, &[line(points)]), "");
        }
        for points in [&[(1.0, 5.0)][..], &[(1.0, 5.0), (2.0, 5.0)], &[(1.0, 1e300), (2.0, -1e300)]] {
            let svg = chart("t", Scale::Linear, &[line(points)]);
            assert!(svg.contains("<path d=\"M") && !svg.contains("NaN"), "{svg}");
        }
    }

    #[test]
    fn numbers_are_short() {
        for (value, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (12.345, "12.3"),
            (1234.5, "1234"),
            (0.012345, "0.0123"),
            (1e-7, "1.0e-7"),
        ] {
            assert_eq!(short(value), expected);
        }
        assert_eq!(ticks(0.0, 10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        let labels = |low: f64, high: f64| -> Vec<String> {
            log_ticks(low.log10(), high.log10()).into_iter().map(|tick| short(10f64.powf(tick))).collect()
        };
        assert_eq!(labels(8.0, 320.0), ["10", "20", "50", "100", "200"]);
        assert_eq!(labels(1e-3, 5e3).len(), 7);
        assert!(labels(3.1, 4.4).len() >= 2);
    }
}
