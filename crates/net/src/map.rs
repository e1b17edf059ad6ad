//! Linear maps between what stages give, as numbers about them: sizes, weights, costs.

use std::fmt;

/// Says how the numbers of one row lie: in a line, or as a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Counts numbers in a line: coordinates of z, a class, what a dense layer gives.
    Flat(usize),
    /// Gives [channels, rows, columns] of a picture; its numbers lie channel by channel, row by row.
    Planes([usize; 3]),
}

impl Size {
    /// Counts the numbers, however they lie; `usize::MAX` where that is more than can be counted.
    pub fn count(self) -> usize {
        match self {
            Self::Flat(count) => count,
            Self::Planes(sizes) => sizes.into_iter().fold(1, usize::saturating_mul),
        }
    }
}

impl From<usize> for Size {
    fn from(count: usize) -> Self {
        Self::Flat(count)
    }
}

impl From<[usize; 3]> for Size {
    fn from(sizes: [usize; 3]) -> Self {
        Self::Planes(sizes)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Flat(count) => write!(f, "{count} numbers"),
            Self::Planes([channels, rows, columns]) => write!(f, "{channels} x {rows} x {columns} numbers"),
        }
    }
}

/// Names the kind of a stage's linear map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Map {
    /// Sums all inputs for every output, each with a weight of its own: weight [outputs, inputs].
    Dense,
    /// Slides a kernel over a picture: weight [channels out, channels in, kernel, kernel].
    Conv(Conv),
    /// Is the transpose of this convolution, so that a picture grows: what goes in is what the convolution would give, and what
    /// comes out is what it would take. Weight [channels in, channels out, kernel, kernel], the convolution's own.
    ConvTranspose(Conv),
}

/// Describes a convolution whose sizes are known, and so what each number that it gives is a sum of; the same along rows and
/// columns. Its products are those of the matrix weight [channels out, channels in · kernel²] with a picture's columns, one for
/// each place of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// Gives [channels, rows, columns] of what goes in.
    pub from: [usize; 3],
    /// Gives [channels, rows, columns] of what comes out.
    pub to: [usize; 3],
    /// Counts the kernel's rows, which are its columns too.
    pub kernel: usize,
    /// Counts the steps between two places of the window.
    pub stride: usize,
    /// Counts the zeros at each edge.
    pub padding: usize,
    /// Counts how often each row and column is repeated before the window slides over it; 1 leaves the picture as it is.
    pub upsample: usize,
}

impl Conv {
    /// Makes the convolution of `channels` outputs of a picture of the size `from`, or none where the window does not fit into
    /// the picture once, or a kernel, stride or upsampling is 0.
    pub fn over(
        from: [usize; 3],
        channels: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
        upsample: usize,
    ) -> Option<Self> {
        if kernel == 0 || stride == 0 || upsample == 0 {
            return None;
        }
        let side = |size: usize| {
            let padded = size.checked_mul(upsample)?.checked_add(padding.checked_mul(2)?)?;
            Some(padded.checked_sub(kernel)? / stride + 1)
        };
        let to = [channels, side(from[1])?, side(from[2])?];
        Some(Self { from, to, kernel, stride, padding, upsample })
    }

    /// Makes the convolution whose transpose turns a picture of the size `from` into one of `channels` channels, or none
    /// where the padding cuts all of it off, or a kernel or stride is 0.
    pub fn under(from: [usize; 3], channels: usize, kernel: usize, stride: usize, padding: usize) -> Option<Self> {
        if kernel == 0 || stride == 0 {
            return None;
        }
        let grown = |size: usize| {
            let all = size.checked_sub(1)?.checked_mul(stride)?.checked_add(kernel)?;
            all.checked_sub(padding.checked_mul(2)?).filter(|&side| side > 0)
        };
        Some(Self {
            from: [channels, grown(from[1])?, grown(from[2])?],
            to: from,
            kernel,
            stride,
            padding,
            upsample: 1,
        })
    }

    /// Counts the numbers of a column: those that one place of the window sees.
    pub fn column(&self) -> usize {
        self.from[0] * self.kernel * self.kernel
    }

    /// Counts the places of the window: the numbers that come out for each channel.
    pub fn places(&self) -> usize {
        self.to[1] * self.to[2]
    }

    /// Counts the rows and the columns that all places of the window together see, zeros at the edges and repeated rows among them.
    pub fn framed(&self) -> [usize; 2] {
        let side = |places: usize| places.saturating_sub(1).saturating_mul(self.stride).saturating_add(self.kernel);
        [side(self.to[1]), side(self.to[2])]
    }

    /// Counts the numbers that the windows of one picture are laid out in, `usize::MAX` where that is more than can be counted: the
    /// picture with its frame, and the column of each place.
    pub fn seen(&self) -> usize {
        let framed = self.framed().into_iter().fold(self.from[0], usize::saturating_mul);
        let column = self.kernel.saturating_mul(self.kernel).saturating_mul(self.from[0]);
        framed.saturating_add(column.saturating_mul(self.to[1]).saturating_mul(self.to[2]))
    }

    /// Says which row of what goes in row `tap` of the kernel meets when row `out` of what comes out is worked out, or none where
    /// that is beyond the edge; `size` counts the rows that go in. Columns alike.
    pub fn meets(&self, out: usize, tap: usize, size: usize) -> Option<usize> {
        let at = (out * self.stride + tap).checked_sub(self.padding)?;
        (at < size * self.upsample).then(|| at / self.upsample)
    }

    /// Calls `visit` with (output, input, weight) for every product that the convolution is made of.
    pub(crate) fn visit_products(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let ([channels, height, width], [outputs, rows, columns], kernel) = (self.from, self.to, self.kernel);
        let mut weight = 0;
        for output in 0..outputs {
            for channel in 0..channels {
                for (tap_row, tap_column) in (0..kernel).flat_map(|row| (0..kernel).map(move |column| (row, column))) {
                    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                        let met = self.meets(row, tap_row, height).zip(self.meets(column, tap_column, width));
                        if let Some((met_row, met_column)) = met {
                            let input = (channel * height + met_row) * width + met_column;
                            visit((output * rows + row) * columns + column, input, weight);
                        }
                    }
                    weight += 1;
                }
            }
        }
    }
}

impl Map {
    /// Gives [channels, rows, columns] of the picture that the map takes; none of a dense one, which takes numbers however they lie.
    pub fn takes(&self) -> Option<[usize; 3]> {
        match self {
            Self::Dense => None,
            Self::Conv(conv) => Some(conv.from),
            Self::ConvTranspose(conv) => Some(conv.to),
        }
    }

    /// Gives [channels, rows, columns] of the picture that the map gives; none of a dense one, which gives numbers in a line.
    pub fn gives(&self) -> Option<[usize; 3]> {
        match self {
            Self::Dense => None,
            Self::Conv(conv) => Some(conv.to),
            Self::ConvTranspose(conv) => Some(conv.from),
        }
    }

    /// Gives the sizes of the weight, of a map of `inputs` to `outputs` numbers a row.
    pub(crate) fn weight_shape(&self, inputs: usize, outputs: usize) -> Vec<usize> {
        match self {
            Self::Dense => vec![outputs, inputs],
            Self::Conv(conv) | Self::ConvTranspose(conv) => {
                vec![conv.to[0], conv.from[0], conv.kernel, conv.kernel]
            }
        }
    }

    /// Counts the biases of a map to `outputs` numbers: one a number, or one a channel.
    pub(crate) fn biases(&self, outputs: usize) -> usize {
        self.gives().map_or(outputs, |[channels, ..]| channels)
    }

    /// Counts how often each weight is multiplied for one row.
    pub(crate) fn uses(&self) -> usize {
        match self {
            Self::Dense => 1,
            Self::Conv(conv) | Self::ConvTranspose(conv) => conv.places(),
        }
    }

    /// Counts the inputs that an output is a sum of, and the outputs that an input has a share in, edges left aside: the fans by
    /// which first weights are drawn.
    pub(crate) fn fans(&self, inputs: usize, outputs: usize) -> [f64; 2] {
        match self {
            Self::Dense => [inputs as f64, outputs as f64],
            Self::Conv(conv) => conv.fans(),
            Self::ConvTranspose(conv) => {
                let [into, out_of] = conv.fans();
                [out_of, into]
            }
        }
    }
}

impl Conv {
    fn fans(&self) -> [f64; 2] {
        let area = (self.kernel * self.kernel) as f64;
        let per_input = (self.upsample as f64 / self.stride as f64).powi(2);
        [self.from[0] as f64 * area, self.to[0] as f64 * area * per_input]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_usual_formulas() {
        for (from, [kernel, stride, padding, upsample], to) in [
            ([1, 28, 28], [4, 2, 1, 1], [8, 14, 14]),
            ([3, 9, 8], [3, 2, 1, 1], [8, 5, 4]),
            ([3, 9, 8], [3, 1, 1, 1], [8, 9, 8]),
            ([3, 5, 4], [3, 1, 1, 2], [8, 10, 8]),
            ([3, 5, 4], [1, 1, 0, 1], [8, 5, 4]),
        ] {
            assert_eq!(Conv::over(from, 8, kernel, stride, padding, upsample).unwrap().to, to);
        }
        assert_eq!(Conv::over([1, 2, 9], 8, 5, 1, 1, 1), None, "five rows over four");
        for (from, [kernel, stride, padding], to) in
            [([8, 7, 7], [4, 2, 1], [2, 14, 14]), ([8, 4, 3], [3, 2, 1], [2, 7, 5]), ([8, 4, 3], [3, 1, 1], [2, 4, 3])]
        {
            let conv = Conv::under(from, 2, kernel, stride, padding).unwrap();
            assert_eq!((conv.to, conv.from), (from, to));
            let (there, back) = (Map::ConvTranspose(conv), Map::Conv(conv));
            assert_eq!([there.takes(), there.gives()], [Some(from), Some(to)]);
            assert_eq!([back.takes(), back.gives()], [Some(to), Some(from)]);
            // It is the transpose of a convolution that leads back.
            assert_eq!(Conv::over(to, 8, kernel, stride, padding, 1).unwrap().to, from);
        }
        assert_eq!(Conv::under([1, 1, 1], 1, 2, 1, 1), None, "nothing is left");
        assert_eq!([Map::Dense.takes(), Map::Dense.gives()], [None, None]);
        let conv = Conv::over([3, 9, 8], 8, 4, 2, 1, 1).unwrap();
        assert_eq!((conv.framed(), conv.seen()), ([10, 10], 3 * 100 + 3 * 16 * conv.places()));
    }

    #[test]
    fn fans_count_what_meets_in_the_middle() {
        // Each output of [2, 10, 10], [3, 5, 5] by kernel 4, stride 2: 2 · 16 inputs; each input: 3 · 16 / 4 outputs.
        let conv = Conv::over([2, 10, 10], 3, 4, 2, 1, 1).unwrap();
        assert_eq!(Map::Conv(conv).fans(200, 75), [32.0, 12.0]);
        assert_eq!(Map::ConvTranspose(conv).fans(75, 200), [12.0, 32.0]);
        assert_eq!(Map::Dense.fans(4, 5), [4.0, 5.0]);
        // Counted by the map itself, for an input well inside.
        let meets = |size: usize, to: usize| {
            (0..to)
                .flat_map(|out| (0..4).map(move |tap| (out, tap)))
                .filter(move |&(o, t)| conv.meets(o, t, size) == Some(4))
        };
        assert_eq!(3 * meets(10, 5).count().pow(2), 12);
    }
}
