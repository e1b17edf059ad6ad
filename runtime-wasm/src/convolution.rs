//! A convolution, or the transpose of one, by the product of [`crate::product`] and the windows of [`windows`].
//!
//! Equals: the sums of ONNX's definitions, in another order. A picture is the same alone and in a batch, to the last bit.

use net::Conv;
use windows::Windows;

use crate::activation::Activation;
use crate::lanes::{LANES, Lanes};
use crate::network::{Convolution, sides};
use crate::product::Panels;
use crate::step::Plain;

/// A convolution's weights, laid out for its product.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    conv: Conv,
    transposed: bool,
    /// Of a convolution [window, channels out] with the biases, of a transposed one [channels in, window] without.
    panels: Panels,
    /// Of a transposed one, [channels out].
    bias: Vec<f32>,
}

impl Kernel {
    pub(crate) fn new(convolution: &Convolution, upsample: usize) -> Kernel {
        let Convolution { conv, transposed, weight, bias } = convolution;
        let [channels, rows, columns] = conv.from;
        let conv = Conv { from: [channels, rows / upsample, columns / upsample], upsample, ..*conv };
        let window = conv.column();
        let panels = match transposed {
            false => Panels::new(window, bias, |tap, channel| weight[channel * window + tap]),
            true => Panels::new(conv.to[0], &vec![0.0; window], |channel, tap| weight[channel * window + tap]),
        };
        Kernel { conv, transposed: *transposed, panels, bias: bias.clone() }
    }

    pub(crate) fn inputs(&self) -> usize {
        sides(self.conv, self.transposed)[0].iter().product()
    }

    pub(crate) fn outputs(&self) -> usize {
        sides(self.conv, self.transposed)[1].iter().product()
    }

    /// `x`: [n, inputs], `y`: [n, outputs], row-major.
    pub(crate) fn run(&self, x: &[f32], y: &mut [f32], activation: Activation) {
        let mut windows = Windows::new();
        let mut windows = windows.of(self.conv);
        let (places, channels) = (self.conv.places(), self.conv.to[0]);
        // What the product takes or gives, with the channels of a place side by side.
        let mut by_place = vec![0.0; places * channels];
        for (x, y) in x.chunks_exact(self.inputs()).zip(y.chunks_exact_mut(self.outputs())) {
            if self.transposed {
                transpose(x, &mut by_place, places);
                self.panels.multiply(&by_place, windows.rows_mut(), Activation::None);
                windows.sum_up(y);
                for (plane, bias) in y.chunks_exact_mut(self.outputs() / self.bias.len()).zip(&self.bias) {
                    plane.chunks_mut(LANES).for_each(|y| finish(y, *bias, activation));
                }
            } else {
                self.panels.multiply(windows.lay_out(x), &mut by_place, activation);
                transpose(&by_place, y, channels);
            }
        }
    }
}

/// Adds the bias to at most a vector of sums, and takes the activation.
#[inline(always)]
fn finish(y: &mut [f32], bias: f32, activation: Activation) {
    let mut sums = [0.0; LANES];
    sums[..y.len()].copy_from_slice(y);
    let values = activation.of::<Plain>(Lanes::load(&sums).add(Lanes::splat(bias))).to_array();
    y.copy_from_slice(&values[..y.len()]);
}

/// Turns [rows, `columns`] into [`columns`, rows]; both hold as many numbers.
fn transpose(from: &[f32], to: &mut [f32], columns: usize) {
    let rows = from.len() / columns;
    for (row, from) in from.chunks_exact(columns).enumerate() {
        for (to, from) in to[row..].iter_mut().step_by(rows).zip(from) {
            *to = *from;
        }
    }
}
