//! How a kernel's text is put together: a run's constants, a dispatch's own, and the files that do the work.

use std::fmt::Write;

use net::{Activation, Stage};

use crate::plan::{DEPTH_OF_TILE, Dispatch, ROW_OF_GROUPS, TILE};
use crate::written_out::written_out;

/// Holds WGSL functions of numbers: exponential, logarithm, sine and cosine of a turn, tanh, sigmoid, softplus.
pub const FUNCTIONS: &str = include_str!("wgsl/functions.wgsl");
/// Holds the WGSL that makes the noise's words.
pub const PHILOX: &str = include_str!("wgsl/philox.wgsl");
/// Holds the WGSL of the functions that follow a linear map, and of their derivatives.
pub const ACTIVATIONS: &str = include_str!("wgsl/activations.wgsl");
const BUFFERS: &str = include_str!("wgsl/buffers.wgsl");
const BEGIN: &str = include_str!("wgsl/begin.wgsl");
const PRODUCT: &str = include_str!("wgsl/product.wgsl");
const ONE_PRODUCT: &str = include_str!("wgsl/one_product.wgsl");
const NO_PRODUCT: &str = include_str!("wgsl/no_product.wgsl");
const MAIN: &str = include_str!("wgsl/main.wgsl");

/// Says where the rows of a product come from: files that give `a_at(row, k)`.
pub(crate) mod rows {
    pub const REGION: &[&str] = &[include_str!("wgsl/rows/region.wgsl")];
    pub const PICTURES: &[&str] = &[include_str!("wgsl/rows/pictures.wgsl")];
    pub const ONE: &[&str] = &[include_str!("wgsl/rows/one.wgsl")];
    pub const CHAIN_OF_LOGIT: &[&str] = &[include_str!("wgsl/rows/chain_of_logit.wgsl")];
    pub const ERROR_OF_PICTURES: &[&str] = &[include_str!("wgsl/rows/error_of_pictures.wgsl")];
    const PARTS: &str = include_str!("wgsl/rows/parts.wgsl");
    pub const HIDDEN_OF_PARTS: &[&str] = &[PARTS, include_str!("wgsl/rows/hidden_of_parts.wgsl")];
    pub const TANGENT_OF_PARTS: &[&str] = &[PARTS, include_str!("wgsl/rows/tangent_of_parts.wgsl")];
    pub const ERROR_OF_PARTS: &[&str] = &[PARTS, include_str!("wgsl/rows/error_of_parts.wgsl")];
}

/// Says what becomes of a product's sums: files that give `finish(row, column, sum)`.
pub(crate) mod ends {
    pub const PART: &str = include_str!("wgsl/ends/part.wgsl");
    pub const ACTIVATED: &str = include_str!("wgsl/ends/activated.wgsl");
    pub const DERIVATIVE: &str = include_str!("wgsl/ends/derivative.wgsl");
    pub const TANGENT: &str = include_str!("wgsl/ends/tangent.wgsl");
    pub const BY_INPUT: &str = include_str!("wgsl/ends/by_input.wgsl");
    pub const BY_PICTURE: &str = include_str!("wgsl/ends/by_picture.wgsl");
}

/// Says what is done beside a product: files that give `beside(job, lane)`.
pub(crate) mod besides {
    const LOGITS: &str = include_str!("wgsl/logits.wgsl");
    pub const NOTHING: &[&str] = &[include_str!("wgsl/beside/nothing.wgsl")];
    pub const NEXT_STEP: &[&str] = &[include_str!("wgsl/beside/next_step.wgsl")];
    pub const SQUARES: &[&str] = &[include_str!("wgsl/beside/squares.wgsl")];
    pub const LOSSES_OF_D: &[&str] = &[LOGITS, include_str!("wgsl/beside/losses_of_d.wgsl")];
    pub const LOSSES_OF_G: &[&str] = &[LOGITS, include_str!("wgsl/beside/losses_of_g.wgsl")];
}

/// Holds a network's update: its layers' gradients, and at their end what moves the parameters.
pub(crate) mod updates {
    const WEIGHT_GRADIENT: &str = include_str!("wgsl/dense/weight_gradient.wgsl");
    const ADAM: &str = include_str!("wgsl/update/adam.wgsl");
    const REPORT: &str = include_str!("wgsl/update/report.wgsl");
    pub const OF_D: &[&str] = &[WEIGHT_GRADIENT, ADAM, REPORT, include_str!("wgsl/update/discriminator.wgsl")];
    pub const OF_G: &[&str] = &[WEIGHT_GRADIENT, ADAM, REPORT, include_str!("wgsl/update/generator.wgsl")];
}

/// Collects constants of WGSL, a line each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Constants(String);

impl Constants {
    fn line(mut self, name: &str, kind: &str, value: &str) -> Self {
        writeln!(self.0, "const {name}: {kind} = {value};").expect("a string takes any text");
        self
    }

    /// Adds sizes, places and counts.
    pub fn wholes<'a>(self, constants: impl IntoIterator<Item = (&'a str, usize)>) -> Self {
        constants.into_iter().fold(self, |text, (name, value)| text.line(name, "u32", &format!("{value}u")))
    }

    /// Adds numbers, each rounded to f32 once, here.
    pub fn numbers<'a>(self, constants: impl IntoIterator<Item = (&'a str, f64)>) -> Self {
        constants.into_iter().fold(self, |text, (name, value)| text.line(name, "f32", &format!("{:?}", value as f32)))
    }

    /// Adds what is so, and what is not.
    pub fn truths<'a>(self, constants: impl IntoIterator<Item = (&'a str, bool)>) -> Self {
        constants.into_iter().fold(self, |text, (name, value)| text.line(name, "bool", &value.to_string()))
    }

    /// Adds the function of a stage, as `activations.wgsl` has it.
    pub fn activation(self, name: &str, activation: Activation) -> Self {
        let (kind, slope) = match activation {
            Activation::Identity => ("IDENTITY", 0.0),
            Activation::LeakyRelu(slope) => ("LEAKY_RELU", slope),
            Activation::Tanh => ("TANH", 0.0),
        };
        self.line(name, "Activation", &format!("Activation({kind}, {:?})", slope as f32))
    }

    /// Adds the layers of an update, as `dense/weight_gradient.wgsl` has them.
    fn layers(self, layers: &[[usize; 9]]) -> Self {
        let numbers = |layer: &[usize; 9]| layer.map(|number| format!("{number}u")).join(", ");
        let all: Vec<_> = layers.iter().map(|layer| format!("Layer({})", numbers(layer))).collect();
        self.wholes([("LAYER_COUNT", layers.len())]).line(
            "LAYERS",
            &format!("array<Layer, {}>", layers.len()),
            &format!("array<Layer, {}>({})", layers.len(), all.join(", ")),
        )
    }

    /// Gives the constants as the text that begins a kernel.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Describes a dense layer as the right-hand side of a product: [depth, columns], and the file that gives `b_at(k, column)`.
pub(crate) struct Map {
    file: &'static str,
    columns: usize,
    depth: usize,
    /// Says where the weight begins in a replica's state, in floats.
    weight: usize,
}

impl Map {
    /// Multiplies by W' from the right, for the stage of a network whose parameters begin at `base`: x W'.
    pub fn apply(base: usize, stage: &Stage) -> Self {
        let file = include_str!("wgsl/dense/apply.wgsl");
        Self { file, columns: stage.outputs, depth: stage.inputs, weight: base + stage.weight.start }
    }

    /// Multiplies by W from the right, for the stage of a network whose parameters begin at `base`: e W.
    pub fn apply_transposed(base: usize, stage: &Stage) -> Self {
        let file = include_str!("wgsl/dense/apply_transposed.wgsl");
        Self { file, columns: stage.inputs, depth: stage.outputs, weight: base + stage.weight.start }
    }
}

/// Says what a dispatch does beside its products: `jobs` workgroups' work, and the files that do it.
#[derive(Clone, Copy)]
pub(crate) struct Beside {
    pub jobs: usize,
    pub files: &'static [&'static str],
}

impl Beside {
    /// Does nothing beside the product.
    pub const NOTHING: Self = Self { jobs: 0, files: besides::NOTHING };
}

/// Describes a product: `rows` rows of `a`, times `map`, in `parts` parts of its sum; what `end` makes of it, and what
/// is done beside it.
pub(crate) struct Product {
    pub name: String,
    pub rows: usize,
    pub parts: usize,
    pub a: &'static [&'static str],
    pub map: Map,
    pub end: &'static str,
    /// Holds what the files ask for.
    pub constants: Constants,
    pub beside: Beside,
}

/// Describes a stage in an update: its sizes, the regions of its errors, inputs and tangents, and its parameters'
/// places.
pub(crate) struct Layer<'a> {
    pub stage: &'a Stage,
    pub error: usize,
    pub input: usize,
    pub tangent: usize,
}

/// Writes a run's kernels; it holds what begins every one of them.
pub(crate) struct Writer {
    /// Holds the constants that all kernels of the run share.
    pub run: Constants,
    /// Holds the loss's functions, which the `gan` crate has beside the loss.
    pub loss: &'static str,
}

impl Writer {
    /// Writes the dispatch that makes the minibatch's pictures and noise: `numbers` of them at most of either.
    pub fn begin(&self, numbers: usize) -> Dispatch {
        let groups = numbers.div_ceil(64).min(ROW_OF_GROUPS);
        let constants = Constants::default().wholes([("GROUPS", groups)]);
        let parts = [self.run.text(), constants.text(), BUFFERS, FUNCTIONS, ACTIVATIONS, PHILOX, BEGIN];
        Dispatch { name: "begin".to_owned(), source: parts.concat(), groups: [groups as u32, 1] }
    }

    /// Writes a dispatch of one product.
    pub fn product(&self, product: Product) -> Dispatch {
        let Product { name, rows, parts, a, map, end, constants, beside } = product;
        let [down, across] = [rows.div_ceil(TILE), map.columns.div_ceil(TILE)];
        // A part's depth in whole tiles of depth, so that the parts are alike.
        let part = map.depth.div_ceil(parts).next_multiple_of(DEPTH_OF_TILE);
        let constants = constants.wholes([
            ("ROWS", rows),
            ("COLUMNS", map.columns),
            ("DEPTH", map.depth),
            ("DEPTH_OF_PART", part),
            ("TILES_OF_PART", down * across),
            ("TILES_ACROSS", across),
            ("WEIGHT", map.weight),
        ]);
        let files = [&[PRODUCT, ONE_PRODUCT], a, &[map.file, end], beside.files].concat();
        self.dispatch(name, [down * across * parts, beside.jobs], constants, &files)
    }

    /// Writes a dispatch without a product.
    pub fn alone(&self, name: String, beside: Beside) -> Dispatch {
        let files = [&[NO_PRODUCT], beside.files].concat();
        self.dispatch(name, [0, beside.jobs], Constants::default(), &files)
    }

    /// Writes a network's update: the gradients of all layers, summed over `depth` rows, and what moves the parameters;
    /// the report beside it.
    pub fn update(&self, name: &str, depth: usize, layers: &[Layer], files: &[&str]) -> Dispatch {
        let mut tiles = 0;
        let mut rows = Vec::new();
        for Layer { stage, error, input, tangent } in layers {
            let across = (stage.inputs + 1).div_ceil(TILE);
            let (weight, bias) = (stage.weight.start, stage.bias.start);
            rows.push([tiles, across, stage.outputs, stage.inputs, *error, *input, *tangent, weight, bias]);
            tiles += stage.outputs.div_ceil(TILE) * across;
        }
        let constants = Constants::default().layers(&rows).wholes([("DEPTH", depth)]);
        self.dispatch(name.to_owned(), [tiles, 1], constants, &[&[PRODUCT], files].concat())
    }

    /// Writes a dispatch of so many tiles, and so many jobs beside.
    fn dispatch(&self, name: String, [tiles, jobs]: [usize; 2], constants: Constants, files: &[&str]) -> Dispatch {
        let total = tiles + jobs;
        let [x, y] = [total.min(ROW_OF_GROUPS), total.div_ceil(ROW_OF_GROUPS)];
        let constants = constants.wholes([("TILES", tiles), ("JOBS", jobs), ("GROUPS_ACROSS", x)]);
        let parts =
            [self.run.text(), constants.text(), BUFFERS, FUNCTIONS, self.loss, ACTIVATIONS, &files.concat(), MAIN];
        Dispatch { name, source: written_out(&parts.concat()), groups: [x as u32, y as u32] }
    }
}
