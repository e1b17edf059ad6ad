//! A run as one page: curves, samples, sweep, settings, warnings. It opens from the disk, offline, with no script.

use std::fmt::Write;

use crate::checkpoint::{Checkpoint, Identity};
use crate::history::History;
use chart::{Curves, Scale, Series, escape};
use gan::STATISTICS;
use gan::statistics::Chart;

/// A picture that the page carries with it.
pub struct Picture<'a> {
    /// Is the picture's heading, and its alternative text.
    pub title: &'a str,
    /// Holds the bytes of a PNG or GIF file.
    pub file: &'a [u8],
}

/// A chart's title, its scale, and the keys of the metrics in it with what each is called.
type Metrics = (&'static str, Scale, Vec<(&'static str, &'static str)>);

/// The charts of a page, in their order: those of the judge's scores, of the steps' statistics, of the sample sheets.
fn metrics() -> [Metrics; 6] {
    let steps = |chart: Chart| {
        let drawn = STATISTICS.iter().filter_map(move |one| Some((one.name, one.chart?)));
        drawn.filter(move |(_, (of, _))| *of == chart).map(|(key, (_, label))| (key, label)).collect::<Vec<_>>()
    };
    let shares = [steps(Chart::Shares), vec![("precision", "precision"), ("recall", "recall")]].concat();
    [
        ("FID (lower is better)", Scale::Logarithmic, vec![("fid", "FID")]),
        ("Losses", Scale::Linear, steps(Chart::Losses)),
        ("D's accuracy, and the precision and recall of G's pictures", Scale::Linear, shares),
        ("Margin of D's logits, real above generated", Scale::Linear, steps(Chart::Margin)),
        ("Gradient that reaches G", Scale::Logarithmic, steps(Chart::Gradient)),
        ("Spread of G's pictures, as a share of the data's", Scale::Linear, vec![("spread", "spread")]),
    ]
}

/// Writes the page of one run as HTML: its warnings, curves, pictures and recipe.
pub fn report(checkpoint: &Checkpoint, history: &History, pictures: &[Picture]) -> String {
    let Identity { recipe, seed, epochs, dataset, data, .. } = &checkpoint.identity;
    let [engine, device, threads] = &checkpoint.made_by;
    let mut body = format!(
        "<p>{} of {epochs} epochs on {}, {} by {} pixels{}. Seed {seed}, engine {} on {}, {} thread{}. {:.0} s in steps.</p>",
        checkpoint.epochs_done,
        escape(dataset),
        data.image[1],
        data.image[2],
        if data.image[0] == 3 { " in colour" } else { "" },
        escape(engine),
        escape(device),
        escape(threads),
        if threads == "1" { "" } else { "s" },
        checkpoint.train_seconds
    );
    for (epoch, message) in history.texts("message") {
        let _ = write!(body, "<p class=\"warning\"><strong>Epoch {epoch}:</strong> {}</p>", escape(&message));
    }
    body += &charts(&[("", history)]);
    body.extend(pictures.iter().map(figure));
    let _ = write!(
        body,
        "<details><summary>Every value of the recipe</summary><pre>{}</pre></details>",
        escape(&recipe.to_toml())
    );
    page(&format!("{} on {dataset}", recipe.name), &body)
}

/// Writes a picture with its title as HTML, its bytes within the page.
pub fn figure(Picture { title, file }: &Picture) -> String {
    let (title, data) = (escape(title), base64(file));
    let kind = if file.starts_with(b"GIF8") { "gif" } else { "png" };
    format!(
        "<figure><figcaption>{title}</figcaption><img alt=\"{title}\" src=\"data:image/{kind};base64,{data}\"></figure>"
    )
}

/// Draws the charts of several runs over each other, as HTML; with one run its name is left out of the labels.
pub fn charts(runs: &[(&str, &History)]) -> String {
    let drawn = metrics().into_iter().map(|(title, scale, keys)| {
        let series = runs.iter().flat_map(|(run, history)| {
            keys.iter().map(move |(key, name)| {
                let label = if runs.len() == 1 { (*name).to_owned() } else { format!("{run}: {name}") };
                Series { label, points: history.series(key) }
            })
        });
        Curves { title, x: ("epoch", Scale::Whole), y: ("", scale), series: &series.collect::<Vec<_>>() }.figure()
    });
    drawn.collect()
}

/// Writes a whole page that fetches nothing; `title` is plain text, `body` is HTML.
pub fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>\n"
    )
}

const STYLE: &str = ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0}\
main{max-width:46rem;margin:auto;padding:1rem}figure{margin:1.5rem 0}figcaption{font-weight:600}\
svg{max-width:100%;height:auto}text{font-size:12px;fill:currentColor}.grid{stroke:currentColor;opacity:.18}\
.legend{list-style:none;padding:0;margin:.25rem 0;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}\
img{display:block;max-width:100%;image-rendering:pixelated}table{border-collapse:collapse;display:block;overflow:auto}\
th,td{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #8886}th:first-child,td:first-child{text-align:left}\
pre{overflow:auto}.warning{border-left:.3rem solid #d55e00;padding-left:.7rem}";

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[(word >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_gives_the_vectors_of_the_rfc() {
        for (plain, expected) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), expected);
        }
    }

    #[test]
    fn a_page_needs_nothing_from_elsewhere_and_escapes_what_it_is_given() {
        let page = page("<script>alert(1)</script>", &charts(&[]));
        assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"), "{page}");
    }

    #[test]
    fn every_statistic_with_a_chart_is_drawn_in_one() {
        let keys: Vec<&str> = metrics().iter().flat_map(|(_, _, keys)| keys.iter().map(|(key, _)| *key)).collect();
        for statistic in STATISTICS {
            let drawn = keys.iter().filter(|key| **key == statistic.name).count();
            assert_eq!(drawn, usize::from(statistic.chart.is_some()), "{}", statistic.name);
        }
        let charted = STATISTICS.iter().filter(|statistic| statistic.chart.is_some()).count();
        assert_eq!(keys.len(), charted + 4, "FID, precision, recall and spread beside them: {keys:?}");
    }
}
