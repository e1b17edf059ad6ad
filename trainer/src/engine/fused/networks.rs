//! The two networks' forward and backward passes over their own buffers; parameters and gradients are flat, by layout.

use super::elementwise::{
    bias_leaky, bias_tanh, blend_rows, dot, mask, masked_weight, scale_rows, sum_of_squares, sum_rows, tanh_derivative,
};
use super::product::{Matrix, product};
use crate::layout::Layout;

/// G: z [n, latent] -> image [n, pixels].
pub struct Generator {
    slope: f32,
    threads: usize,
    rows: usize,
    ones: Vec<f32>,
    h1: Vec<f32>,
    h2: Vec<f32>,
    by_h1: Vec<f32>,
    by_h2: Vec<f32>,
    by_pre: Vec<f32>,
}

impl Generator {
    /// Buffers for `rows` pictures.
    pub fn new(layout: &Layout, rows: usize, slope: f32, threads: usize) -> Self {
        let [_, width, _, pixels] = layout.widths;
        let buffer = |columns: usize| vec![0.0; rows * columns];
        Self {
            slope,
            threads,
            rows,
            ones: vec![1.0; rows],
            h1: buffer(width),
            h2: buffer(width),
            by_h1: buffer(width),
            by_h2: buffer(width),
            by_pre: buffer(pixels),
        }
    }

    /// Keeps the activations for [`Generator::backward`].
    pub fn forward(&mut self, layout: &Layout, parameters: &[f32], z: &[f32], images: &mut [f32]) {
        let [latent, width, _, pixels] = layout.widths;
        let n = self.rows;
        let weight = |layer| &parameters[layout.weight(layer)];
        let bias = |layer| &parameters[layout.bias(layer)];
        product(&mut self.h1, Matrix::new(z, n, latent), Matrix::new(weight(0), width, latent).t(), self.threads);
        bias_leaky(&mut self.h1, bias(0), self.slope);
        product(&mut self.h2, Matrix::new(&self.h1, n, width), Matrix::new(weight(1), width, width).t(), self.threads);
        bias_leaky(&mut self.h2, bias(1), self.slope);
        product(images, Matrix::new(&self.h2, n, width), Matrix::new(weight(2), pixels, width).t(), self.threads);
        bias_tanh(images, bias(2));
    }

    /// Gradients of G's loss by its parameters, from those by its pictures.
    pub fn backward(
        &mut self,
        layout: &Layout,
        parameters: &[f32],
        z: &[f32],
        images: &[f32],
        by_image: &[f32],
        gradient: &mut [f32],
    ) {
        let [latent, width, _, pixels] = layout.widths;
        let (n, threads) = (self.rows, self.threads);
        let weight = |layer| &parameters[layout.weight(layer)];
        self.by_pre.copy_from_slice(by_image);
        tanh_derivative(&mut self.by_pre, images);
        let by_pre = Matrix::new(&self.by_pre, n, pixels);
        product(&mut gradient[layout.weight(2)], by_pre.t(), Matrix::new(&self.h2, n, width), threads);
        sum_rows(&mut gradient[layout.bias(2)], &self.by_pre, &self.ones);

        product(&mut self.by_h2, by_pre, Matrix::new(weight(2), pixels, width), threads);
        mask(&mut self.by_h2, &self.h2, self.slope);
        let by_h2 = Matrix::new(&self.by_h2, n, width);
        product(&mut gradient[layout.weight(1)], by_h2.t(), Matrix::new(&self.h1, n, width), threads);
        sum_rows(&mut gradient[layout.bias(1)], &self.by_h2, &self.ones);

        product(&mut self.by_h1, by_h2, Matrix::new(weight(1), width, width), threads);
        mask(&mut self.by_h1, &self.h1, self.slope);
        let by_h1 = Matrix::new(&self.by_h1, n, width);
        product(&mut gradient[layout.weight(0)], by_h1.t(), Matrix::new(z, n, latent), threads);
        sum_rows(&mut gradient[layout.bias(0)], &self.by_h1, &self.ones);
    }
}

/// D: X [2 batch, pixels], real pictures first -> logits [2 batch].
pub struct Discriminator {
    slope: f32,
    threads: usize,
    batch: usize,
    /// D's opinion of each picture, from the last forward pass.
    pub logits: Vec<f32>,
    h1: Vec<f32>,
    h2: Vec<f32>,
    /// The chain of the module's header, and what is made of it.
    a1: Vec<f32>,
    a2: Vec<f32>,
    e1: Vec<f32>,
    by_a2: Vec<f32>,
    /// g, then what the first layer's product needs of it: [2 batch, pixels].
    by_input: Vec<f32>,
    penalty: Vec<f32>,
}

impl Discriminator {
    /// Buffers for `batch` real and `batch` generated pictures.
    pub fn new(layout: &Layout, batch: usize, slope: f32, threads: usize) -> Self {
        let [pixels, width, _, _] = layout.widths;
        let buffer = |columns: usize| vec![0.0; 2 * batch * columns];
        Self {
            slope,
            threads,
            batch,
            logits: buffer(1),
            h1: buffer(width),
            h2: buffer(width),
            a1: buffer(width),
            a2: buffer(width),
            e1: buffer(width),
            by_a2: buffer(width),
            by_input: buffer(pixels),
            penalty: buffer(1),
        }
    }

    /// Logits of all pictures.
    pub fn forward(&mut self, layout: &Layout, parameters: &[f32], x: &[f32]) {
        self.forward_from(layout, parameters, x, 0);
    }

    /// Logits of the pictures from row `from` on.
    pub fn forward_from(&mut self, layout: &Layout, parameters: &[f32], x: &[f32], from: usize) {
        let [pixels, width, _, _] = layout.widths;
        let n = 2 * self.batch - from;
        let weight = |layer| &parameters[layout.weight(layer)];
        let (x, h1, h2) = (&x[from * pixels..], &mut self.h1[from * width..], &mut self.h2[from * width..]);
        product(h1, Matrix::new(x, n, pixels), Matrix::new(weight(0), width, pixels).t(), self.threads);
        bias_leaky(h1, &parameters[layout.bias(0)], self.slope);
        product(h2, Matrix::new(h1, n, width), Matrix::new(weight(1), width, width).t(), self.threads);
        bias_leaky(h2, &parameters[layout.bias(1)], self.slope);
        let bias = parameters[layout.bias(2)][0];
        for (logit, row) in self.logits[from..].iter_mut().zip(h2.chunks_exact(width)) {
            *logit = dot(row, weight(2)) + bias;
        }
    }

    /// Gradients of D's loss with its penalties by its parameters; `signal` is the loss's derivative by each logit,
    /// `gammas` weigh R1 and R2. Gives the mean squared gradient norms that the penalties were made of, 0 where off.
    pub fn backward(
        &mut self,
        layout: &Layout,
        parameters: &[f32],
        x: &[f32],
        signal: &[f32],
        gammas: [f64; 2],
        gradient: &mut [f32],
    ) -> [f64; 2] {
        let [pixels, width, _, _] = layout.widths;
        let (n, threads) = (2 * self.batch, self.threads);
        let weight = |layer| Matrix::new(&parameters[layout.weight(layer)], width, layout.widths[layer]);
        self.chain(layout, parameters, 0);
        sum_rows(&mut gradient[layout.bias(0)], &self.a1, signal);
        sum_rows(&mut gradient[layout.bias(1)], &self.a2, signal);
        // Each half on its own: the relativistic signals of the halves then cancel exactly, as they should.
        let (by_real, by_fake) = signal.split_at(self.batch);
        gradient[layout.bias(2)][0] = by_real.iter().sum::<f32>() + by_fake.iter().sum::<f32>();
        sum_rows(&mut gradient[layout.weight(2)], &self.h2, signal);

        let norms = if gammas == [0.0, 0.0] {
            self.e1.copy_from_slice(&self.h1);
            scale_rows(&mut self.e1, signal);
            scale_rows(&mut self.a1, signal);
            let (a1, x) = (Matrix::new(&self.a1, n, width), Matrix::new(x, n, pixels));
            product(&mut gradient[layout.weight(0)], a1.t(), x, threads);
            [0.0, 0.0]
        } else {
            product(&mut self.by_input, Matrix::new(&self.a1, n, width), weight(0), threads);
            let norms = self.penalties(pixels, gammas);
            let g = Matrix::new(&self.by_input, n, pixels);
            product(&mut self.e1, g, weight(0).t(), threads);
            scale_rows(&mut self.e1, &self.penalty);
            mask(&mut self.e1, &self.h1, self.slope);

            blend_rows(&mut self.by_input, &self.penalty, x, signal);
            let blended = Matrix::new(&self.by_input, n, pixels);
            product(&mut gradient[layout.weight(0)], Matrix::new(&self.a1, n, width).t(), blended, threads);

            product(&mut self.by_a2, Matrix::new(&self.e1, n, width), weight(1).t(), threads);
            mask(&mut self.by_a2, &self.h2, self.slope);
            for row in self.by_a2.chunks_exact(width) {
                gradient[layout.weight(2)].iter_mut().zip(row).for_each(|(slot, value)| *slot += value);
            }
            for ((row, h1), s) in self.e1.chunks_exact_mut(width).zip(self.h1.chunks_exact(width)).zip(signal) {
                row.iter_mut().zip(h1).for_each(|(value, h)| *value += s * h);
            }
            norms
        };
        let (a2, right) = (Matrix::new(&self.a2, n, width), Matrix::new(&self.e1, n, width));
        product(&mut gradient[layout.weight(1)], a2.t(), right, threads);
        norms
    }

    /// Gradient of the loss by each generated picture, `signal` its derivative by their logits: [batch, pixels].
    pub fn input_gradient(&mut self, layout: &Layout, parameters: &[f32], signal: &[f32]) -> &[f32] {
        let [pixels, width, _, _] = layout.widths;
        self.chain(layout, parameters, self.batch);
        let a1 = &mut self.a1[self.batch * width..];
        scale_rows(a1, signal);
        let out = &mut self.by_input[..self.batch * pixels];
        let weight = Matrix::new(&parameters[layout.weight(0)], width, pixels);
        product(out, Matrix::new(a1, self.batch, width), weight, self.threads);
        out
    }

    /// a2 and a1 of the module's header, for the rows from `from` on.
    fn chain(&mut self, layout: &Layout, parameters: &[f32], from: usize) {
        let width = layout.widths[1];
        let n = 2 * self.batch - from;
        let rows = from * width..;
        let (h1, h2) = (&self.h1[rows.clone()], &self.h2[rows.clone()]);
        let (a1, a2) = (&mut self.a1[rows.clone()], &mut self.a2[rows]);
        masked_weight(a2, h2, &parameters[layout.weight(2)], self.slope);
        let weight = Matrix::new(&parameters[layout.weight(1)], width, width);
        product(a1, Matrix::new(a2, n, width), weight, self.threads);
        mask(a1, h1, self.slope);
    }

    /// Sets each row's penalty weight gamma / batch; gives the mean squared norms of the rows of g, real and generated.
    fn penalties(&mut self, pixels: usize, gammas: [f64; 2]) -> [f64; 2] {
        let batch = self.batch;
        let mut norms = [0.0; 2];
        for (half, gamma) in gammas.into_iter().enumerate() {
            self.penalty[half * batch..][..batch].fill((gamma / batch as f64) as f32);
            if gamma > 0.0 {
                let rows = self.by_input[half * batch * pixels..][..batch * pixels].chunks_exact(pixels);
                norms[half] = rows.map(|row| f64::from(sum_of_squares(row))).sum::<f64>() / batch as f64;
            }
        }
        norms
    }
}
