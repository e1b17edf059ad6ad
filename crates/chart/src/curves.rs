//! Curves over one axis: what a run did epoch by epoch, or how speed grows with size.
//!
//! Curves are told apart by dashes and by a label as well as by colour.

use std::fmt::Write;

use crate::axis::{Axis, Scale};
use crate::{escape, short};

/// A named curve.
#[derive(Clone, Debug)]
pub struct Series {
    /// Says in the legend what the curve shows.
    pub label: String,
    /// Lists the curve's (x, y) from left to right; what cannot be drawn is left out.
    pub points: Vec<(f64, f64)>,
}

/// What a drawing of curves shows, before it is decided where it goes.
pub struct Curves<'a> {
    /// Stands above the drawing.
    pub title: &'a str,
    /// Names the horizontal axis, and says how it is laid out.
    pub x: (&'a str, Scale),
    /// Names the vertical axis, if a name is to stand beside it, and says how it is laid out.
    pub y: (&'a str, Scale),
    /// The curves, of which those without a point to draw are left out.
    pub series: &'a [Series],
}

/// Told apart by most colour-blind people too (Okabe, Ito, "Color Universal Design", 2008), and each has its dashes.
const STROKES: [(&str, &str); 6] = [
    ("#0072b2", "none"),
    ("#d55e00", "6 3"),
    ("#009e73", "2 3"),
    ("#cc79a7", "9 3 2 3"),
    ("#e69f00", "4 2"),
    ("#56b4e9", "1 2"),
];

/// Sizes of a drawing and of the plot within it, in user units.
struct Frame {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

const FIGURE: Frame = Frame { width: 640.0, height: 240.0, left: 56.0, right: 628.0, top: 12.0, bottom: 206.0 };
const FILE: Frame = Frame { width: 720.0, height: 400.0, left: 70.0, right: 700.0, top: 50.0, bottom: 345.0 };

/// A curve as it is drawn.
struct Line<'a> {
    label: &'a str,
    points: Vec<(f64, f64)>,
    colour: &'static str,
    /// Attributes of its path.
    style: String,
}

impl Curves<'_> {
    /// Draws an HTML `<figure>` with the legend below, for a page that says what `.grid` and `.legend` look like; gives an empty
    /// text if there is nothing to draw.
    pub fn figure(&self) -> String {
        let lines = self.lines();
        let Some((plot, _)) = self.plot(&FIGURE, &lines) else { return String::new() };
        let title = escape(self.title);
        let mut legend = String::new();
        for Line { label, points, style, .. } in &lines {
            let last = short(points.last().map_or(f64::NAN, |&(_, y)| y));
            let _ = write!(
                legend,
                "<li><svg width=\"28\" height=\"8\" aria-hidden=\"true\"><path d=\"M0 4H28\" {style}/></svg> {}, last {last}</li>",
                escape(label)
            );
        }
        let Frame { width, height, .. } = FIGURE;
        format!(
            "<figure><figcaption>{title}</figcaption><svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\
             {plot}</svg><ul class=\"legend\">{legend}</ul></figure>"
        )
    }

    /// Draws a whole SVG file on white ground, which a README can show on a light and on a dark page, each curve named at its
    /// end; gives nothing if there is nothing to draw.
    pub fn file(&self) -> Option<String> {
        let lines = self.lines();
        let (mut plot, ends) = self.plot(&FILE, &lines)?;
        for (Line { label, colour, .. }, (x, y)) in lines.iter().zip(ends) {
            let (x, y, label) = (x - 8.0, y - 8.0, escape(label));
            let _ = writeln!(
                plot,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\" style=\"fill:{colour}\">{label}</text>"
            );
        }
        let (title, Frame { width, height, left, .. }) = (escape(self.title), FILE);
        Some(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, sans-serif\" \
             font-size=\"13\" role=\"img\" aria-label=\"{title}\">\n<style>.grid{{stroke:#e5e7eb}}</style>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
             <text x=\"{left}\" y=\"24\" font-size=\"15\">{title}</text>\n{plot}</svg>\n"
        ))
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let drawable = |&(x, y): &(f64, f64)| self.x.1.can_draw(x) && self.y.1.can_draw(y);
        let drawn = self.series.iter().map(|one| (&one.label, one.points.iter().copied().filter(drawable).collect()));
        let with_points = drawn.filter(|(_, points): &(_, Vec<_>)| !points.is_empty());
        let styled = with_points.enumerate().map(|(index, (label, points))| {
            let (colour, dashes) = STROKES[index % STROKES.len()];
            let style = format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"");
            Line { label, points, colour, style }
        });
        styled.collect()
    }

    /// Draws axes and lines within `frame`; gives them with the end of each line, or nothing if there are none.
    fn plot(&self, frame: &Frame, lines: &[Line]) -> Option<(String, Vec<(f64, f64)>)> {
        let all = || lines.iter().flat_map(|line| line.points.iter().copied());
        all().next()?;
        let &Frame { height, left, right, top, bottom, .. } = frame;
        let x_axis = Axis::around(self.x.1, all().map(|(x, _)| x), left, right);
        let y_axis = Axis::around(self.y.1, all().map(|(_, y)| y), bottom, top);
        let mut plot = String::new();
        for value in y_axis.marks() {
            let y = y_axis.at(value);
            let (beside, base) = (left - 6.0, y + 4.0);
            let _ = writeln!(plot, "<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>");
            let _ =
                writeln!(plot, "<text x=\"{beside:.1}\" y=\"{base:.1}\" text-anchor=\"end\">{}</text>", short(value));
        }
        for value in x_axis.marks() {
            let (x, base) = (x_axis.at(value), bottom + 16.0);
            let _ = writeln!(plot, "<text x=\"{x:.1}\" y=\"{base:.1}\" text-anchor=\"middle\">{}</text>", short(value));
        }
        let (middle, foot) = ((left + right) / 2.0, height - 3.0);
        let _ = writeln!(
            plot,
            "<text x=\"{middle:.1}\" y=\"{foot:.1}\" text-anchor=\"middle\">{}</text>",
            escape(self.x.0)
        );
        if !self.y.0.is_empty() {
            let middle = (top + bottom) / 2.0;
            let _ = writeln!(
                plot,
                "<text x=\"16\" y=\"{middle}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {middle})\">{}</text>",
                escape(self.y.0)
            );
        }
        let mut ends = Vec::new();
        for Line { points, colour, style, .. } in lines {
            let placed: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (x_axis.at(x), y_axis.at(y))).collect();
            if let [(x, y)] = placed[..] {
                let _ = writeln!(plot, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
            }
            let path: Vec<String> = placed.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
            let _ = writeln!(plot, "<path d=\"M{}\" {style}/>", path.join("L"));
            ends.extend(placed.last());
        }
        Some((plot, ends))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses<'a>(y: Scale, series: &'a [Series]) -> Curves<'a> {
        Curves { title: "losses & more", x: ("epoch", Scale::Whole), y: ("", y), series }
    }

    fn line(points: &[(f64, f64)]) -> Series {
        Series { label: "D <loss>".to_owned(), points: points.to_vec() }
    }

    #[test]
    fn a_curve_spans_the_plot_from_corner_to_corner() {
        let svg = losses(Scale::Linear, &[line(&[(1.0, 0.0), (2.0, 5.0), (3.0, 10.0)])]).figure();
        // Lowest value at the bottom left, highest at the top right, the one between half-way.
        assert!(svg.contains("M56.0 206.0L342.0 109.0L628.0 12.0"), "{svg}");
        assert!(
            svg.contains("losses &amp; more") && svg.contains("D &lt;loss&gt;, last 10") && !svg.contains("<script")
        );
    }

    #[test]
    fn a_logarithmic_scale_gives_each_power_the_same_room() {
        let points = [(1.0, 100.0), (2.0, 10.0), (3.0, 1.0), (4.0, -1.0)];
        let svg = losses(Scale::Logarithmic, &[line(&points)]).figure();
        assert!(svg.contains("M56.0 12.0L342.0 109.0L628.0 206.0"), "{svg}");
    }

    #[test]
    fn a_power_law_is_a_straight_line_in_a_file_that_names_its_axes_and_curves() {
        let series = [Series { label: "square".into(), points: vec![(1.0, 1.0), (10.0, 100.0), (100.0, 10_000.0)] }];
        let [x, y] = ["size", "steps"].map(|name| (name, Scale::Logarithmic));
        let svg = Curves { title: "Growth", x, y, series: &series }.file().unwrap();
        assert!(svg.contains("M70.0 345.0L385.0 197.5L700.0 50.0"), "{svg}");
        for part in ["xmlns=", "Growth", ">size<", ">steps<", ">square<", ">100<", ">10000<"] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
    }

    #[test]
    fn odd_input_draws_something_or_nothing_and_never_panics() {
        for points in [&[][..], &[(f64::NAN, 1.0)], &[(1.0, f64::INFINITY)]] {
            assert_eq!(losses(Scale::Linear, &[line(points)]).figure(), "");
            assert_eq!(losses(Scale::Linear, &[line(points)]).file(), None);
        }
        for points in [&[(1.0, 5.0)][..], &[(1.0, 5.0), (2.0, 5.0)], &[(1.0, 1e300), (2.0, -1e300)]] {
            let svg = losses(Scale::Linear, &[line(points)]).figure();
            assert!(svg.contains("<path d=\"M") && !svg.contains("NaN"), "{svg}");
        }
    }
}
