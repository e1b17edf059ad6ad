//! The reference engine: candle's tensors and autograd, equations in order, nothing clever.
//!
//! It runs in f32 to train, and in f64 as the judge of every other engine. The one thing autograd is not asked for is a
//! second derivative: the gradient of D's logit by its input is written out (see [`penalty`]), and differentiated once.

pub mod adam;
mod error;
pub mod loss;
pub mod network;
pub mod penalty;
pub mod place;

use std::sync::Arc;

use candle_core::{DType, Device, Tensor, Var};

use gan::{Pictures, Recipe, Slot, State, StepStats, judge_discriminator};

use crate::{Engine, Probe, Progress, StepInput, Stepwise, Stretch, step_by_step};
use adam::Adam;
use error::Result;
use network::Network;

/// Trains one run by candle's tensors and autograd.
pub struct Reference {
    recipe: Recipe,
    pictures: Arc<Pictures>,
    device: Device,
    dtype: DType,
    generator: Network,
    discriminator: Network,
    adam_g: Adam,
    adam_d: Adam,
    ema: Option<Vec<Tensor>>,
    step: u64,
    /// Holds logits and gradients of the last step by the names of [`Probe`]s, for [`Stepwise::probe`].
    last: Vec<(String, Tensor)>,
    /// Holds the least [`network::nearest_kink`] of all passes of the last step before D's update.
    #[cfg(test)]
    pub(crate) nearest_kink: f64,
}

impl Reference {
    /// Makes an engine that goes on from `state`, on `device`, in `dtype`: f32 to train, f64 to judge.
    ///
    /// # Errors
    /// Fails if the device cannot hold the tensors.
    pub fn new(recipe: &Recipe, pictures: Arc<Pictures>, state: &State, device: Device, dtype: DType) -> Result<Self> {
        let (g, d) = (recipe.generator_network(pictures.shape), recipe.discriminator_network(pictures.shape));
        let generator = Network::new(g, &state.generator.parameters, &device, dtype)?;
        let discriminator = Network::new(d, &state.discriminator.parameters, &device, dtype)?;
        let adam = |network: &Network, slot: &Slot| -> Result<Adam> {
            Ok(Adam {
                m: network.tensors_of(&slot.m)?,
                v: network.tensors_of(&slot.v)?,
                beta1: recipe.beta1,
                beta2: recipe.beta2,
                epsilon: recipe.adam_epsilon,
            })
        };
        let (adam_g, adam_d) = (adam(&generator, &state.generator)?, adam(&discriminator, &state.discriminator)?);
        let ema = state.ema.as_ref().map(|flat| generator.tensors_of(flat)).transpose()?;
        let (recipe, step) = (recipe.clone(), state.step);
        Ok(Self {
            recipe,
            pictures,
            device,
            dtype,
            generator,
            discriminator,
            adam_g,
            adam_d,
            ema,
            step,
            last: Vec::new(),
            #[cfg(test)]
            nearest_kink: f64::INFINITY,
        })
    }

    /// Gives the real pictures of the minibatch: [batch, pixels], in [-1, 1].
    fn real(&self, indices: &[u32]) -> Result<Tensor> {
        let pixels = self.pictures.pixels();
        let mut batch = vec![0.0f32; indices.len() * pixels];
        for (row, &index) in batch.chunks_mut(pixels).zip(indices) {
            self.pictures.scaled(index, row);
        }
        Ok(Tensor::from_vec(batch, (indices.len(), pixels), &self.device)?.to_dtype(self.dtype)?)
    }

    /// Gives rows of G's input as a tensor: [n, latent + classes].
    fn rows(&self, inputs: &[f32]) -> Result<Tensor> {
        let width = self.generator.description.inputs();
        Ok(Tensor::from_slice(inputs, (inputs.len() / width, width), &self.device)?.to_dtype(self.dtype)?)
    }

    /// Gives the shares that D's opinions have in the logits of these pictures, by their classes: [batch, opinions].
    fn shares(&self, indices: &[u32]) -> Result<Tensor> {
        let classes = self.recipe.classes_of(self.pictures.shape);
        let of_row = |&index: &u32| {
            let label = self.pictures.label(index);
            (0..classes.opinions()).map(move |opinion| classes.share(opinion, label))
        };
        let shares: Vec<f32> = indices.iter().flat_map(of_row).collect();
        Ok(Tensor::from_vec(shares, (indices.len(), classes.opinions()), &self.device)?.to_dtype(self.dtype)?)
    }

    /// Gives pictures as D sees them, the recipe's offset added.
    fn seen_by_d(&self, pictures: &Tensor) -> Result<Tensor> {
        Ok((pictures + self.recipe.d_input_offset)?)
    }

    /// Updates D on `real` and on `fake`, a constant here, both [batch, pixels]; gives D's statistics, G's left at 0.
    fn update_discriminator(&mut self, real: &Tensor, fake: &Tensor, input: &StepInput) -> Result<StepStats> {
        let shares = self.shares(input.indices)?;
        let on_real = self.discriminator.forward(&self.seen_by_d(real)?)?;
        let on_fake = self.discriminator.forward(&self.seen_by_d(fake)?)?;
        let (of_real, of_fake) = (logits(&on_real.output, &shares)?, logits(&on_fake.output, &shares)?);
        #[cfg(test)]
        for pass in [&on_real, &on_fake] {
            self.nearest_kink = self.nearest_kink.min(network::nearest_kink(&self.discriminator.description, pass)?);
        }
        let d_loss = loss::of_d(self.recipe.loss, &of_real, &of_fake, self.recipe.real_label)?;
        let mut total = d_loss.clone();
        let mut norms = [0.0; 2];
        let penalties = [(&on_real, input.rates.r1_gamma), (&on_fake, input.rates.r2_gamma)];
        for (norm, (pass, gamma)) in norms.iter_mut().zip(penalties) {
            if gamma > 0.0 {
                let squared = penalty::mean_squared_gradient(&self.discriminator, pass, &shares)?;
                total = (total + (&squared * (gamma / 2.0))?)?;
                *norm = scalar(&squared)?;
            }
        }
        let gradients = self.discriminator.gradients(&total)?;
        self.remember("real", "discriminator", &of_real, &gradients);
        self.last.push(("logits.fake".to_owned(), of_fake.clone()));
        self.adam_d.update(&self.discriminator.vars, &gradients, input.rates.lr, input.step)?;
        Ok(StepStats {
            d_loss: scalar(&d_loss)?,
            d_real: scalar(&candle_nn::ops::sigmoid(&of_real)?.mean_all()?)?,
            d_fake: scalar(&candle_nn::ops::sigmoid(&of_fake)?.mean_all()?)?,
            r1: norms[0],
            r2: norms[1],
            ..judge_discriminator(self.recipe.loss, &flat(&of_real)?, &flat(&of_fake)?)
        })
    }

    /// Updates G through `fake`, against the D that was just updated; gives G's loss and the gradient that reaches G,
    /// as in [`StepStats`].
    ///
    /// Autograd is asked twice, so that the gradient between D and G can be looked at: for the loss by the pictures,
    /// then for the product of that gradient, a constant, and the pictures by G's parameters. That is the chain rule.
    fn update_generator(&mut self, real: &Tensor, fake: &Tensor, input: &StepInput) -> Result<[f64; 2]> {
        let frozen = self.discriminator.frozen()?;
        let images = Var::from_tensor(&fake.detach())?;
        let shares = self.shares(input.indices)?;
        let opinion = |pictures: &Tensor| logits(&frozen.forward(&self.seen_by_d(pictures)?)?.output, &shares);
        let on_fake = opinion(&images)?;
        let on_real = || opinion(real);
        let g_loss = loss::of_g(self.recipe.loss, on_real, &on_fake)?;
        let by_image = match g_loss.backward()?.get(&images) {
            Some(gradient) => gradient.detach(),
            None => images.zeros_like()?,
        };
        let gradients = self.generator.gradients(&(fake * &by_image)?.sum_all()?)?;
        self.remember("updated", "generator", &on_fake.detach(), &gradients);
        self.adam_g.update(&self.generator.vars, &gradients, input.rates.lr, input.step)?;
        // `by_image` is of the mean over the batch; of a picture's own loss it is `batch` times that.
        let g_gradient = (scalar(&by_image.sqr()?.sum_all()?)? * input.indices.len() as f64).sqrt();
        Ok([scalar(&g_loss)?, g_gradient])
    }

    fn update_ema(&mut self, decay: f64) -> Result<()> {
        if let Some(ema) = &mut self.ema {
            for (average, var) in ema.iter_mut().zip(&self.generator.vars) {
                *average = ((&*average * decay)? + (var.as_detached_tensor() * (1.0 - decay))?)?;
            }
        }
        Ok(())
    }

    /// Keeps logits and gradients of the step for [`Stepwise::probe`].
    fn remember(&mut self, logits: &str, network: &str, values: &Tensor, gradients: &[Tensor]) {
        self.last.push((format!("logits.{logits}"), values.clone()));
        let description =
            if network == "generator" { &self.generator.description } else { &self.discriminator.description };
        let named = description.tensors.iter().zip(gradients);
        self.last.extend(named.map(|(spec, gradient)| (format!("gradient.{}", spec.name), gradient.clone())));
    }

    fn slot(&self, network: &Network, adam: &Adam) -> Result<Slot> {
        Ok(Slot { parameters: flatten_vars(&network.vars)?, m: flatten(&adam.m)?, v: flatten(&adam.v)? })
    }
}

impl Engine for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn device(&self) -> String {
        match &self.device {
            Device::Cpu => "cpu".to_owned(),
            other => format!("{:?}", other.location()).to_lowercase(),
        }
    }

    fn advance(&mut self, stretches: &[Stretch], report: &mut dyn FnMut(Progress) -> bool) -> failure::Result<()> {
        let recipe = self.recipe.clone();
        step_by_step(&recipe, &self.pictures.clone(), stretches, report, |input| self.step(input))
    }

    fn state(&self, _: usize) -> failure::Result<State> {
        Ok(self.whole_state()?)
    }

    fn generate(&self, _: usize, inputs: &[f32]) -> failure::Result<Vec<f32>> {
        Ok(self.pictures_of(inputs)?)
    }
}

impl Stepwise for Reference {
    fn step(&mut self, input: &StepInput) -> failure::Result<StepStats> {
        Ok(self.take_step(input)?)
    }

    fn probe(&self) -> failure::Result<Vec<Probe>> {
        Ok(self.tensors()?)
    }
}

impl Reference {
    fn take_step(&mut self, input: &StepInput) -> Result<StepStats> {
        self.last.clear();
        let real = self.real(input.indices)?;
        let z = self.rows(input.inputs)?;
        // G's weights do not change before G's own update, so one forward pass serves both.
        let of_z = self.generator.forward(&z)?;
        #[cfg(test)]
        {
            self.nearest_kink = network::nearest_kink(&self.generator.description, &of_z)?;
        }
        let fake = of_z.output;
        let stats = self.update_discriminator(&real, &fake.detach(), input)?;
        let [g_loss, g_gradient] = self.update_generator(&real, &fake, input)?;
        self.update_ema(input.rates.ema_decay)?;
        self.step = input.step + 1;
        Ok(StepStats { g_loss, g_gradient, ..stats })
    }

    /// Does G's part of a step alone, with D as it is and nothing moved: G's tensors are judged by it.
    #[cfg(test)]
    pub(crate) fn judge_g(&mut self, input: &StepInput) -> Result<StepStats> {
        self.last.clear();
        let real = self.real(input.indices)?;
        let of_z = self.generator.forward(&self.rows(input.inputs)?)?;
        self.nearest_kink = network::nearest_kink(&self.generator.description, &of_z)?;
        let frozen = self.discriminator.frozen()?;
        for pictures in [&real, &of_z.output.detach()] {
            let pass = frozen.forward(&self.seen_by_d(pictures)?)?;
            self.nearest_kink = self.nearest_kink.min(network::nearest_kink(&self.discriminator.description, &pass)?);
        }
        let still = gan::StepRates { lr: 0.0, ..input.rates };
        let [g_loss, g_gradient] = self.update_generator(&real, &of_z.output, &StepInput { rates: still, ..*input })?;
        Ok(StepStats { g_loss, g_gradient, ..StepStats::default() })
    }

    fn whole_state(&self) -> Result<State> {
        Ok(State {
            step: self.step,
            generator: self.slot(&self.generator, &self.adam_g)?,
            discriminator: self.slot(&self.discriminator, &self.adam_d)?,
            ema: self.ema.as_deref().map(flatten).transpose()?,
        })
    }

    fn pictures_of(&self, inputs: &[f32]) -> Result<Vec<f32>> {
        let network = match &self.ema {
            Some(ema) => self.generator.with_constants(ema)?,
            None => self.generator.frozen()?,
        };
        let image = network.forward(&self.rows(inputs)?)?.output;
        Ok(image.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
    }

    fn tensors(&self) -> Result<Vec<Probe>> {
        let parameters = [&self.generator, &self.discriminator].into_iter().flat_map(|network| {
            let named = network.description.tensors.iter().zip(&network.vars);
            named.map(|(spec, var)| (format!("parameter.{}", spec.name), var.as_detached_tensor()))
        });
        let tensors = self.last.iter().cloned().chain(parameters);
        tensors
            .map(|(name, tensor)| Ok(Probe { name, values: tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()? }))
            .collect()
    }
}

/// Makes logits [batch, 1] of what D gives and the shares that it has in them: both [batch, opinions].
fn logits(opinions: &Tensor, shares: &Tensor) -> Result<Tensor> {
    Ok((opinions * shares)?.sum_keepdim(1)?)
}

fn scalar(tensor: &Tensor) -> Result<f64> {
    Ok(tensor.to_dtype(DType::F64)?.to_scalar()?)
}

fn flat(tensor: &Tensor) -> Result<Vec<f32>> {
    flatten(std::slice::from_ref(tensor))
}

fn flatten(tensors: &[Tensor]) -> Result<Vec<f32>> {
    let mut flat = Vec::new();
    for tensor in tensors {
        flat.extend(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?);
    }
    Ok(flat)
}

fn flatten_vars(vars: &[Var]) -> Result<Vec<f32>> {
    flatten(&vars.iter().map(Var::as_detached_tensor).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
