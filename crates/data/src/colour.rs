//! Whether a set is trained on in colour or in grey: as asked for, or by how many of its pictures show colours.

use std::fmt;
use std::str::FromStr;

/// Says how a set of pictures is to be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Colour {
    /// In colour if a noticeable share of the pictures shows colours, else in grey.
    #[default]
    Auto,
    /// In grey: one channel.
    Grey,
    /// In colour: three channels, red, green and blue.
    Rgb,
}

/// Gives the reason where somebody has asked.
pub(crate) const AS_ASKED: &str = "as asked for";

impl FromStr for Colour {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "auto" => Ok(Self::Auto),
            "grey" | "gray" => Ok(Self::Grey),
            "rgb" => Ok(Self::Rgb),
            _ => Err("auto, grey or rgb is wanted".to_owned()),
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Grey => "grey",
            Self::Rgb => "rgb",
        })
    }
}

/// A pixel whose strongest and weakest channel are further apart is coloured. What JPEG does to a grey picture, and a scan's
/// paper, stay below it.
const CHROMA: u8 = 24;
/// Of this many pixels one must be coloured for a picture to count as one with colours.
const PIXELS: usize = 50;
/// Of this many pictures one must have colours for a set to be taken in colour.
const PICTURES: usize = 10;

/// Says whether a picture shows colours. pixels: [n, 3], red, green and blue of each pixel.
pub fn shows_colours(pixels: impl Iterator<Item = [u8; 3]>) -> bool {
    let (mut all, mut coloured) = (0, 0);
    for [red, green, blue] in pixels {
        all += 1;
        coloured += usize::from(red.max(green).max(blue) - red.min(green).min(blue) > CHROMA);
    }
    coloured > 0 && coloured * PIXELS >= all
}

/// Says how a set of `count` pictures is taken, `coloured` of which show colours: [`Colour::Grey`] or [`Colour::Rgb`], with the
/// reason as the rest of a sentence, and, where one half of the set is unlike the other, what that means.
pub fn decide(asked: Colour, coloured: usize, count: usize) -> (Colour, String, Option<String>) {
    let taken = match asked {
        Colour::Auto if coloured * PICTURES >= count && coloured > 0 => Colour::Rgb,
        Colour::Auto => Colour::Grey,
        other => other,
    };
    let share = if coloured == count { "all".to_owned() } else { format!("{coloured} of {count}") };
    let why = match (asked, taken) {
        (Colour::Auto, Colour::Rgb) => {
            format!("in colour, since {share} show colours (`--colour grey` turns them grey)")
        }
        (Colour::Auto, _) if coloured == 0 => "in grey, since none shows colours".to_owned(),
        (Colour::Auto, _) => format!("in grey, since only {share} show colours (`--colour rgb` keeps them)"),
        (_, Colour::Rgb) if coloured == 0 => format!("in colour, {AS_ASKED}, though none shows colours"),
        (_, Colour::Rgb) => format!("in colour, {AS_ASKED}"),
        (_, _) => format!("in grey, {AS_ASKED}"),
    };
    let grey = count - coloured;
    let mixed = (taken == Colour::Rgb && coloured > 0 && grey * PICTURES >= count).then(|| {
        format!(
            "{grey} of {count} pictures are grey, the others are not: about as many of those drawn will be grey; `--colour grey` \
             makes all alike"
        )
    });
    (taken, why, mixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_taken_by_what_its_pictures_show_unless_it_is_asked_for() {
        use Colour::{Auto, Grey, Rgb};
        let cases = [
            (Auto, 0, 10, Grey, "none shows colours", false),
            (Auto, 9, 100, Grey, "only 9 of 100 show colours", false),
            (Auto, 10, 100, Rgb, "10 of 100 show colours", true),
            (Auto, 50, 100, Rgb, "50 of 100 show colours", true),
            (Auto, 100, 100, Rgb, "since all show colours", false),
            (Grey, 100, 100, Grey, "in grey, as asked for", false),
            (Rgb, 100, 100, Rgb, "in colour, as asked for", false),
            (Rgb, 0, 100, Rgb, "though none shows colours", false),
        ];
        for (asked, coloured, count, taken, said, mixed) in cases {
            let (got, why, told) = decide(asked, coloured, count);
            assert_eq!((got, told.is_some()), (taken, mixed), "{asked} {coloured}: {told:?}");
            assert!(why.contains(said), "{asked} {coloured}: {why}");
        }
    }

    #[test]
    fn what_a_jpeg_does_to_grey_is_no_colour() {
        let grey = |shade: u8| [shade, shade.saturating_add(9), shade.saturating_sub(7)];
        assert!(!shows_colours((0..=255).map(grey)));
        // One red pixel of fifty counts, one of a hundred does not.
        let with_red = |count: usize| (0..count).map(|i| if i == 0 { [200, 10, 10] } else { [90; 3] });
        assert!(shows_colours(with_red(50)) && !shows_colours(with_red(100)));
        assert!(!shows_colours(std::iter::empty()));
    }

    #[test]
    fn a_word_is_read_as_it_is_written() {
        for colour in [Colour::Auto, Colour::Grey, Colour::Rgb] {
            assert_eq!(colour.to_string().parse(), Ok(colour));
        }
        assert!("red".parse::<Colour>().is_err());
    }
}
