//! The step as a list of dispatches, each with the WGSL that it runs: no device is needed to write it, count it or read it.
//!
//! The equations are those of `engines::cpu::mlp`'s header, with g made (`ByInput`), for chains of any number of dense stages
//! with a function after each, and rows in another order: all real pictures, then all generated ones. What is elementwise
//! happens where a product fetches its operands or ends, so a step is little more than its products. With stages 1 to N, whose
//! functions' derivatives are m, weights W and outputs of width H:
//!
//! | dispatch | product | [rows, columns], summed over |
//! | --- | --- | --- |
//! | begin | the minibatch's pictures and noise | |
//! | g_hidden1 to N - 1, images | G's forward pass | [B, Hn] Hn-1 |
//! | d_hidden1 to N - 1 | D's forward pass, the first in parts | [2B, Hn] Hn-1 |
//! | d_chain N - 2 to 1 | an = mn (an+1 Wn+1), from the logit's weights; logits and losses beside it | [2B, Hn] Hn+1 |
//! | penalty_input | g = a1 W1 | [2B, P] H1 |
//! | penalty_hidden1 to N - 1 | t1 = gamma m1 (g W1'), in parts, tn = mn (tn-1 Wn'); squared norms of g beside it | [2B, Hn] Hn-1 |
//! | d_update | every dW with its bias, Adam at its end | over 2B |
//! | d_hidden1 to d_chain1 `_again` | the updated D's opinion, of what the loss looks at | |
//! | g_output | the gradient by generated pictures | [B, P] H1 |
//! | g_error N - 1 to 1 | G's errors, the first in parts | [B, Hn] Hn+1 |
//! | g_update | every dW with its bias, Adam and moving average at its end | over B |
//!
//! So 15 dispatches for `seed` and 18 for `stable`. A sum over pixels is split where its tiles would leave most of a GPU idle
//! and another product follows, which adds the parts up as it fetches them. How many parts depends on the recipe alone, never
//! on the device or the replicas. `step.rs` has the order, `kernel.rs` what a kernel's text is made of, `wgsl/` the kernels.

use crate::kernel::{Constants, Writer};
use crate::places::{Places, RATES, SEEDS, STATS};
use crate::step::Step;
use failure::{Failure, Result};
use gan::recipe::Recipe;
use gan::{Classes, DataShape, STATISTICS};
use net::{Activation, Network};
use noise::philox::Stream;

pub use crate::kernel::{ACTIVATIONS, FUNCTIONS, PHILOX};

/// Counts the rows, and the columns, of a tile of a product.
pub(crate) const TILE: usize = 32;
/// Says how much of a sum a tile takes at once.
pub(crate) const DEPTH_OF_TILE: usize = 16;
/// Counts the workgroups that fill a large GPU; sums are split over k until a product has as many.
const ENOUGH_GROUPS: usize = 256;
/// Bounds the depth of a part of a split sum from below; no sum has more than [`MOST_PARTS`].
const LEAST_DEPTH: usize = 64;
const MOST_PARTS: usize = 16;
/// Bounds the workgroups along the first dimension of a dispatch.
pub(crate) const ROW_OF_GROUPS: usize = 32_768;
/// Bounds each dimension of a dispatch: WebGPU's own limit.
const MOST_GROUPS: u32 = 65_535;

/// Holds one dispatch: its name, the whole of its WGSL, and its workgroups for one replica.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Dispatch {
    /// Names the dispatch as the table above does; those of G's update after D's end in `_again`.
    pub name: String,
    /// Holds the WGSL of its kernel, whose entry point is `main`.
    pub source: String,
    /// Counts the workgroups in x and y; those in z are the replicas.
    pub groups: [u32; 2],
}

/// Holds a step of one recipe as plain data: what to run, in which order, and where everything lies.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Says what lies where in each replica's arena and state.
    pub places: Places,
    /// Lists the dispatches of one step, in order; each needs what the ones before it have written.
    pub dispatches: Vec<Dispatch>,
    /// Says of how many classes pictures are, whose labels lie behind the pictures' bytes.
    pub classes: Classes,
    /// Counts the steps that the buffers of rates and statistics have room for: those of an epoch.
    pub steps: usize,
    /// Counts the places in an epoch's order, of one replica.
    pub order_len: usize,
}

impl Plan {
    /// Plans the step of `recipe` on `count` pictures of the shape `data`, for epochs that visit each of them once.
    /// `keeps_gradients` is for the probes of tests.
    ///
    /// # Errors
    /// Declines in words what the kernels cannot take: a D without one plain logit, a penalty on one that has a tanh,
    /// more numbers or workgroups than a kernel can count.
    pub fn new(recipe: &Recipe, data: DataShape, count: usize, keeps_gradients: bool) -> Result<Self> {
        let (steps, order_len) = ((count / recipe.batch).max(1), count.max(recipe.batch));
        let networks = [recipe.generator_network(data), recipe.discriminator_network(data)];
        let classes = recipe.classes_of(data);
        if let Some(reason) = cannot_take(recipe, classes, &networks) {
            return Err(declined(&reason));
        }
        let parts = parts_of(recipe, &networks);
        let partial = floats_of_parts(recipe, &networks, parts);
        let places = Places::new(recipe, networks, partial, keeps_gradients);
        for (what, floats) in [("state", places.state_len), ("scratch", places.arena_len())] {
            if u32::try_from(floats).is_err() {
                return Err(declined(&format!("its {what} is {floats} numbers, and they count to {}", u32::MAX)));
            }
        }
        // The classes lie behind the pictures' bytes, a word each.
        let classed = [("CLASSES", classes.0), ("LABELS", words_of_bytes(data, count))];
        let run = constants(recipe, &places, steps, order_len, keeps_gradients).wholes(classed);
        let dispatches =
            Step { recipe, places: &places, parts, writer: Writer { run, loss: recipe.loss.terms().wgsl } }
                .dispatches();
        if let Some(Dispatch { name, .. }) = dispatches.iter().find(|dispatch| dispatch.groups[1] > MOST_GROUPS) {
            return Err(declined(&format!("`{name}` has more tiles than a dispatch has workgroups")));
        }
        Ok(Self { places, dispatches, classes, steps, order_len })
    }
}

/// Counts the words of the bytes of `count` pictures, the last one filled up.
pub(crate) fn words_of_bytes(data: DataShape, count: usize) -> usize {
    (data.pixels() * count).div_ceil(4)
}

/// Makes a failure of the reason for which the kernels cannot take a run.
fn declined(reason: &str) -> Failure {
    Failure::failed(format!("the GPU's kernels cannot take this run: {reason}"))
        .hint("give `--device cpu`, or smaller networks or a smaller `--batch` if it is too large")
}

/// Says what about the networks the kernels' equations do not hold for.
fn cannot_take(recipe: &Recipe, classes: Classes, [g, d]: &[Network; 2]) -> Option<String> {
    if let Some(network) = [g, d].into_iter().find(|network| !network.is_dense()) {
        return Some(format!("they have no convolution yet, and the {} has one", network.name));
    }
    if d.outputs() != classes.opinions() || d.last_activation() != Activation::Identity {
        return Some("the discriminator must end in one logit with no function after it".to_owned());
    }
    if g.outputs() != d.inputs() {
        return Some(format!("the generator gives {} numbers, the discriminator takes {}", g.outputs(), d.inputs()));
    }
    (recipe.has_penalty() && !d.is_piecewise_linear()).then(|| {
        "a gradient penalty needs a discriminator whose functions are made of straight pieces, and it has a tanh"
            .to_owned()
    })
}

/// Counts the parts of the sums over pixels, of G's errors and of D's first stage: more than one only where a product
/// follows that adds them up.
fn parts_of(recipe: &Recipe, [g, d]: &[Network; 2]) -> [usize; 2] {
    let rows = 2 * recipe.batch;
    let of = |network: &Network, columns| {
        if network.stages.len() < 3 { 1 } else { parts(rows, columns, d.inputs()) }
    };
    [of(g, g.stages[g.stages.len() - 1].inputs), of(d, d.stages[0].outputs)]
}

/// Counts the parts that a product's sum is split into.
fn parts(rows: usize, columns: usize, depth: usize) -> usize {
    let tiles = rows.div_ceil(TILE) * columns.div_ceil(TILE);
    (ENOUGH_GROUPS / tiles).min(depth / LEAST_DEPTH).clamp(1, MOST_PARTS)
}

/// Counts the floats of the largest sum in parts.
fn floats_of_parts(recipe: &Recipe, [g, d]: &[Network; 2], [of_g, of_d]: [usize; 2]) -> usize {
    let batch = recipe.batch;
    let floats = |parts: usize, rows: usize, columns: usize| if parts > 1 { parts * rows * columns } else { 0 };
    floats(of_g, batch, g.stages[g.stages.len() - 1].inputs).max(floats(of_d, 2 * batch, d.stages[0].outputs))
}

/// Gives the constants that all kernels of a run share.
fn constants(recipe: &Recipe, places: &Places, steps: usize, order_len: usize, keeps_gradients: bool) -> Constants {
    let [g, d] = &places.networks;
    let logit = &d.stages[d.stages.len() - 1];
    let last_hidden = match d.stages.len() - 1 {
        0 => 0,
        hidden => places.arena.region(&format!("D_H{hidden}")).start,
    };
    // Where a step's report has each of its numbers.
    let reported: Vec<_> =
        STATISTICS.iter().map(|statistic| format!("STAT_{}", statistic.name.to_uppercase())).collect();
    Constants::default()
        .wholes((0..).zip(&reported).map(|(place, name)| (name.as_str(), place)))
        .wholes([
            ("B", recipe.batch),
            ("L", recipe.latent),
            ("P", d.inputs()),
            ("STEPS", steps),
            ("ORDER_STRIDE", order_len),
            ("ARENA_STRIDE", places.arena_len()),
            ("STATE_STRIDE", places.state_len),
            ("STATS", STATS),
            ("RATES", RATES),
            ("LR", 0),
            ("GAMMA_REAL", 1),
            ("GAMMA_FAKE", 2),
            ("EMA_KEEP", 3),
            ("EMA_TAKE", 4),
            ("NEXT", 0),
            ("CURRENT", 1),
            ("BASE", 2),
            ("DRAWS", 4),
            ("SEEDS", SEEDS),
            ("TRAINING_Z", Stream::TrainingZ as usize),
            ("G", 0),
            ("G_COUNT", g.len()),
            ("D", places.d_start),
            ("D_COUNT", d.len()),
            ("EMA", places.ema_start.unwrap_or_default()),
            ("LOGIT_INPUTS", logit.inputs),
            ("LOGIT_WEIGHT", places.d_start + logit.weight.start),
            ("LOGIT_BIAS", places.d_start + logit.bias.start),
            ("LAST_HIDDEN", last_hidden),
        ])
        .wholes(places.arena.starts())
        // Rounded once, here: 1 - 0.999f32 would be off by 5e-5 of itself.
        .numbers([
            ("BATCH", recipe.batch as f64),
            ("D_INPUT_OFFSET", recipe.d_input_offset),
            ("REAL_LABEL", recipe.real_label),
            ("BETA1", recipe.beta1),
            ("REST1", 1.0 - recipe.beta1),
            ("BETA2", recipe.beta2),
            ("REST2", 1.0 - recipe.beta2),
            ("ADAM_EPSILON", recipe.adam_epsilon),
            ("CLASS_SCALE", f64::from(gan::classes::SCALE)),
        ])
        .truths([
            ("G_LOOKS_AT_REAL", recipe.loss.terms().g_looks_at_real),
            ("PENALTY", recipe.has_penalty()),
            ("AVERAGED", recipe.has_ema()),
            ("KEEPS_GRADIENTS", keeps_gradients),
            ("HAS_HIDDEN", d.stages.len() > 1),
        ])
        .activation("OF_PICTURES", g.last_activation())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(name: &str, flags: &str, pixels: usize) -> Plan {
        let recipe = Recipe::load(name, &flags.parse().unwrap()).unwrap();
        Plan::new(&recipe, DataShape::grey(1, pixels).with_classes(10), 55_000, true).unwrap()
    }

    /// `[generator]` and `[discriminator]` with so many leaky ReLUs of these widths.
    fn chain(g: &[usize], d: &[usize]) -> String {
        let layers = |widths: &[usize], end: &str| {
            let hidden =
                |width| format!("{{ layer = 'dense', width = {width} }}, {{ layer = 'leaky-relu', slope = 0.1 }}, ");
            widths.iter().map(hidden).collect::<String>() + "{ layer = 'dense' }" + end
        };
        let [g, d] = [layers(g, ", { layer = 'tanh' }"), layers(d, "")];
        format!("generator.layers = [{g}]\ndiscriminator.layers = [{d}]")
    }

    #[test]
    fn a_step_is_few_dispatches() {
        for (name, flags, expected) in [
            ("seed", String::new(), 15),
            ("stable", String::new(), 18),
            ("seed", chain(&[], &[]), 8),
            ("stable", chain(&[], &[]), 10),
            ("seed", chain(&[9], &[8]), 11),
            ("stable", chain(&[9, 5, 7, 6], &[8, 3, 5]), 1 + 5 + 5 + 4 + 1 + 5 + 1 + 4 + 1),
        ] {
            assert_eq!(plan(name, &flags, 784).dispatches.len(), expected, "{name} {flags}");
        }
    }

    #[test]
    fn every_kernel_of_every_plan_is_valid_wgsl() {
        let tanh =
            "[discriminator]\nlayers = [{ layer = 'dense', width = 5 }, { layer = 'tanh' }, { layer = 'dense' }]";
        for (name, flags) in [
            ("seed", ""),
            ("stable", ""),
            ("classes", ""),
            ("seed", "classes = true"),
            ("classes", "batch = 1\nhidden = 3\ndiscriminator.layers = [{ layer = 'dense' }]"),
            ("seed", "batch = 1\nhidden = 3"),
            ("seed", tanh),
            ("stable", &chain(&[], &[])),
            ("seed", &chain(&[], &[])),
            ("stable", &chain(&[9], &[5])),
            ("stable", &chain(&[9, 40, 5], &[33, 8, 3])),
            ("stable", &chain(&[9, 40, 5, 6], &[33, 8, 3, 4])),
        ] {
            for Dispatch { name: dispatch, source, .. } in plan(name, flags, 784).dispatches {
                let told = |error: &dyn std::fmt::Display| format!("{name} {flags}: {dispatch}: {error}");
                let module =
                    naga::front::wgsl::parse_str(&source).map_err(|error| told(&error.emit_to_string(&source)));
                let (flags, can) = (naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
                let valid = naga::valid::Validator::new(flags, can).validate(&module.unwrap());
                valid.map_err(|error| told(&error.emit_to_string(&source))).unwrap();
            }
        }
    }

    #[test]
    fn what_the_kernels_cannot_take_is_declined_in_words() {
        for (flags, expected) in [
            (chain(&[65_536, 16_000, 65_536], &[]), "numbers, and they count to 4294967295"),
            (chain(&[], &[65_536, 16_000, 65_536]), "its state is"),
        ] {
            let recipe = Recipe::load("seed", &flags.parse().unwrap()).unwrap();
            let failure = Plan::new(&recipe, DataShape::grey(28, 28), 55_000, false).unwrap_err();
            assert!(failure.message.contains(expected), "{}", failure.message);
            assert!(failure.hint.is_some_and(|hint| hint.contains("--device cpu")), "{flags}");
        }
        let conv = "discriminator.layers = [{ layer = 'conv', channels = 4 }, { layer = 'dense' }]";
        let recipe = Recipe::load("stable", &conv.parse().unwrap()).unwrap();
        let failure = Plan::new(&recipe, DataShape::grey(28, 28), 100, false).unwrap_err();
        assert!(failure.message.ends_with("they have no convolution yet, and the discriminator has one"), "{failure}");
        let recipe = Recipe::load("stable", &"batch = 3".parse().unwrap()).unwrap();
        let g = recipe.generator_network(DataShape::grey(5, 5));
        let with = |slope, last| Network::mlp("discriminator", &[25, 4, 1], slope, last);
        let mut with_tanh = with(0.1, Activation::Identity);
        with_tanh.stages[0].activation = Activation::Tanh;
        for (d, expected) in [
            (with(0.1, Activation::Tanh), "one logit with no function"),
            (
                Network::mlp("discriminator", &[24, 1], 0.1, Activation::Identity),
                "gives 25 numbers, the discriminator takes 24",
            ),
            (with_tanh, "straight pieces"),
        ] {
            let reason = cannot_take(&recipe, Classes(0), &[g.clone(), d]).expect(expected);
            assert!(reason.contains(expected), "{reason}");
        }
    }

    #[test]
    fn a_long_sum_is_split_where_tiles_are_few_and_never_into_crumbs() {
        assert_eq!(parts(200, 128, 784), 9);
        assert_eq!(parts(200, 1024, 784), 1);
        assert_eq!(parts(2, 8, 25), 1);
        assert_eq!(parts(2, 8, 100_000), MOST_PARTS);
    }
}
