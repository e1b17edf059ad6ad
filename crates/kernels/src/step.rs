//! The order of a step's dispatches, from the stages of both networks.

use net::{Network, Stage};

use crate::kernel::{Beside, Constants, Layer, Map, Product, Writer, besides, ends, rows, updates};
use crate::places::Places;
use crate::plan::Dispatch;
use gan::recipe::Recipe;

/// Holds what a step's dispatches are made from.
pub(crate) struct Step<'a> {
    pub recipe: &'a Recipe,
    pub places: &'a Places,
    /// Counts the parts of the sums over pixels, of G and of D: 1 is a whole sum.
    pub parts: [usize; 2],
    pub writer: Writer,
}

impl Step<'_> {
    /// Gives every dispatch of the step, in order.
    pub fn dispatches(&self) -> Vec<Dispatch> {
        let b = self.recipe.batch;
        let mut step = vec![self.writer.begin(b * self.d().inputs())];
        step.extend(self.generator());
        step.extend(self.discriminator("", 0, 2 * b, besides::LOSSES_OF_D));
        if self.recipe.has_penalty() {
            step.extend(self.penalty());
        }
        step.push(self.d_update());
        let first = if self.recipe.loss.terms().g_looks_at_real { 0 } else { b };
        step.extend(self.discriminator("_again", first, 2 * b - first, besides::LOSSES_OF_G));
        step.push(self.by_picture());
        step.extend(self.errors_of_generator());
        step.push(self.g_update());
        step
    }

    fn g(&self) -> &Network {
        &self.places.networks[0]
    }

    fn d(&self) -> &Network {
        &self.places.networks[1]
    }

    /// Says where a region begins in the arena.
    fn start_of(&self, name: &str) -> usize {
        self.places.arena.region(name).start
    }

    /// Says where the region begins that keeps `what` for stage `number`, from 1, of a network.
    fn start_of_stage(&self, what: &str, number: usize) -> usize {
        self.start_of(&format!("{what}{number}"))
    }

    /// Lists a network's stages, numbered from 1.
    fn stages<'a>(&self, network: &'a Network) -> impl DoubleEndedIterator<Item = (usize, &'a Stage)> {
        network.stages.iter().enumerate().map(|(i, stage)| (i + 1, stage))
    }

    /// Runs G forward. The first of its dispatches moves the step's number on.
    fn generator(&self) -> Vec<Dispatch> {
        let last = self.g().stages.len();
        let dispatch = |(n, stage): (usize, &Stage)| {
            let input = if n == 1 { self.start_of("Z") } else { self.start_of_stage("G_H", n - 1) };
            let output = if n == last { self.start_of("IMAGES") } else { self.start_of_stage("G_H", n) };
            self.writer.product(Product {
                name: if n == last { "images".to_owned() } else { format!("g_hidden{n}") },
                rows: self.recipe.batch,
                parts: 1,
                a: rows::REGION,
                map: Map::apply(0, stage),
                end: ends::ACTIVATED,
                constants: Constants::default()
                    .wholes([("FIRST", 0), ("INPUT", input), ("OUTPUT", output), ("BIAS", stage.bias.start)])
                    .activation("AFTER", stage.activation),
                beside: if n == 1 { Beside { jobs: 1, files: besides::NEXT_STEP } } else { Beside::NOTHING },
            })
        };
        self.stages(self.g()).map(dispatch).collect()
    }

    /// Runs D forward over `rows` rows from `first` on, then its chain, with the loss beside the chain's first product.
    fn discriminator(&self, suffix: &str, first: usize, rows: usize, loss: &'static [&'static str]) -> Vec<Dispatch> {
        let hidden = self.d().stages.len() - 1;
        let loss = Beside { jobs: self.recipe.batch, files: loss };
        let mut dispatches: Vec<_> = (1..=hidden).map(|n| self.d_hidden(n, suffix, first, rows)).collect();
        match hidden {
            0 => dispatches.push(self.writer.alone(format!("d_logits{suffix}"), loss)),
            1 => dispatches.push(self.d_chain(1, suffix, first, rows, loss)),
            _ => dispatches.extend((1..hidden).rev().map(|n| {
                let beside = if n + 1 == hidden { loss } else { Beside::NOTHING };
                self.d_chain(n, suffix, first, rows, beside)
            })),
        }
        dispatches
    }

    fn d_hidden(&self, n: usize, suffix: &str, first: usize, rows: usize) -> Dispatch {
        let (base, stages) = (self.places.d_start, &self.d().stages);
        let stage = &stages[n - 1];
        let parts = if n == 1 { self.parts[1] } else { 1 };
        let constants = Constants::default()
            .wholes([("FIRST", first), ("BIAS", base + stage.bias.start), ("OUTPUT", self.start_of_stage("D_H", n))])
            .activation("AFTER", stage.activation);
        let (a, constants) = if n == 1 {
            (rows::PICTURES, constants)
        } else if n == 2 && self.parts[1] > 1 {
            let before = &stages[0];
            let of_parts = constants
                .wholes([
                    ("PARTS", self.parts[1]),
                    ("BIAS_BEFORE", base + before.bias.start),
                    ("KEPT", self.start_of_stage("D_H", 1)),
                ])
                .activation("BEFORE", before.activation);
            (rows::HIDDEN_OF_PARTS, of_parts)
        } else {
            (rows::REGION, constants.wholes([("INPUT", self.start_of_stage("D_H", n - 1))]))
        };
        self.writer.product(Product {
            name: format!("d_hidden{n}{suffix}"),
            rows,
            parts,
            a,
            map: Map::apply(base, stage),
            end: if parts > 1 { ends::PART } else { ends::ACTIVATED },
            constants,
            beside: Beside::NOTHING,
        })
    }

    /// Gives the derivative of the logit by what hidden stage `n` summed, from that by the stage after.
    fn d_chain(&self, n: usize, suffix: &str, first: usize, rows: usize, beside: Beside) -> Dispatch {
        let stages = &self.d().stages;
        let (stage, after) = (&stages[n - 1], &stages[n]);
        let constants = Constants::default()
            .wholes([
                ("FIRST", first),
                ("HIDDEN", self.start_of_stage("D_H", n)),
                ("OUTPUT", self.start_of_stage("D_A", n)),
            ])
            .activation("AFTER", stage.activation);
        let (a, constants) = if n + 1 == stages.len() {
            (rows::ONE, constants)
        } else if n + 2 == stages.len() {
            let of_logit = constants
                .wholes([
                    ("HIDDEN_BEFORE", self.start_of_stage("D_H", n + 1)),
                    ("KEPT", self.start_of_stage("D_A", n + 1)),
                ])
                .activation("BEFORE", after.activation);
            (rows::CHAIN_OF_LOGIT, of_logit)
        } else {
            (rows::REGION, constants.wholes([("INPUT", self.start_of_stage("D_A", n + 1))]))
        };
        self.writer.product(Product {
            name: format!("d_chain{n}{suffix}"),
            rows,
            parts: 1,
            a,
            map: Map::apply_transposed(self.places.d_start, after),
            end: ends::DERIVATIVE,
            constants,
            beside,
        })
    }

    /// Takes `rows` rows of D's chain from `first` on back through its first stage, to its input.
    fn to_input(&self, name: &str, first: usize, rows: usize, end: &'static str) -> Dispatch {
        let constants = Constants::default().wholes([("FIRST", first)]);
        let (a, constants) = if self.d().stages.len() == 1 {
            (rows::ONE, constants)
        } else {
            (rows::REGION, constants.wholes([("INPUT", self.start_of_stage("D_A", 1))]))
        };
        self.writer.product(Product {
            name: name.to_owned(),
            rows,
            parts: 1,
            a,
            map: Map::apply_transposed(self.places.d_start, &self.d().stages[0]),
            end,
            constants,
            beside: Beside::NOTHING,
        })
    }

    /// Works out the gradient penalties: the logit's derivative by the input, and its tangent through D's stages.
    fn penalty(&self) -> Vec<Dispatch> {
        let rows = 2 * self.recipe.batch;
        let hidden = self.d().stages.len() - 1;
        let squares = Beside { jobs: rows, files: besides::SQUARES };
        let mut dispatches = vec![self.to_input("penalty_input", 0, rows, ends::BY_INPUT)];
        if hidden == 0 {
            dispatches.push(self.writer.alone("penalty_squares".to_owned(), squares));
        }
        for n in 1..=hidden {
            dispatches.push(self.penalty_hidden(n, if n == 1 { squares } else { Beside::NOTHING }));
        }
        dispatches
    }

    fn penalty_hidden(&self, n: usize, beside: Beside) -> Dispatch {
        let stage = &self.d().stages[n - 1];
        let parts = if n == 1 { self.parts[1] } else { 1 };
        let constants = Constants::default()
            .wholes([
                ("FIRST", 0),
                ("HIDDEN", self.start_of_stage("D_H", n)),
                ("OUTPUT", self.start_of_stage("D_T", n)),
            ])
            .activation("AFTER", stage.activation);
        let (a, constants) = if n == 1 {
            (rows::REGION, constants.wholes([("INPUT", self.start_of("BY_INPUT"))]))
        } else if n == 2 && self.parts[1] > 1 {
            let of_parts = constants
                .wholes([
                    ("PARTS", self.parts[1]),
                    ("HIDDEN_BEFORE", self.start_of_stage("D_H", 1)),
                    ("KEPT", self.start_of_stage("D_T", 1)),
                ])
                .activation("BEFORE", self.d().stages[0].activation);
            (rows::TANGENT_OF_PARTS, of_parts)
        } else {
            (rows::REGION, constants.wholes([("INPUT", self.start_of_stage("D_T", n - 1))]))
        };
        let end = match n {
            1 if parts > 1 => ends::PART,
            1 => ends::TANGENT,
            _ => ends::DERIVATIVE,
        };
        let map = Map::apply(self.places.d_start, stage);
        let rows = 2 * self.recipe.batch;
        self.writer.product(Product { name: format!("penalty_hidden{n}"), rows, parts, a, map, end, constants, beside })
    }

    fn d_update(&self) -> Dispatch {
        let (last, penalty) = (self.d().stages.len(), self.recipe.has_penalty());
        let layer = |(n, stage)| Layer {
            stage,
            error: if n == last { 0 } else { self.start_of_stage("D_A", n) },
            input: if n == 1 { 0 } else { self.start_of_stage("D_H", n - 1) },
            tangent: if n == 1 || !penalty { 0 } else { self.start_of_stage("D_T", n - 1) },
        };
        let layers: Vec<_> = self.stages(self.d()).map(layer).collect();
        self.writer.update("d_update", 2 * self.recipe.batch, &layers, updates::OF_D)
    }

    /// Gives the gradient of G's loss by the generated pictures.
    fn by_picture(&self) -> Dispatch {
        let b = self.recipe.batch;
        self.to_input("g_output", b, b, ends::BY_PICTURE)
    }

    /// Gives G's errors at what its hidden stages summed, from the last back to the first.
    fn errors_of_generator(&self) -> Vec<Dispatch> {
        let hidden = self.g().stages.len() - 1;
        let squares = Beside { jobs: self.recipe.batch, files: besides::SQUARES };
        if hidden == 0 {
            return vec![self.writer.alone("g_squares".to_owned(), squares)];
        }
        (1..=hidden).rev().map(|n| self.g_error(n, if n == hidden { squares } else { Beside::NOTHING })).collect()
    }

    fn g_error(&self, n: usize, beside: Beside) -> Dispatch {
        let stages = &self.g().stages;
        let (hidden, stage, after) = (stages.len() - 1, &stages[n - 1], &stages[n]);
        let parts = if n == hidden { self.parts[0] } else { 1 };
        let constants = Constants::default()
            .wholes([
                ("FIRST", 0),
                ("HIDDEN", self.start_of_stage("G_H", n)),
                ("OUTPUT", self.start_of_stage("G_E", n)),
            ])
            .activation("AFTER", stage.activation);
        let (a, constants) = if n == hidden {
            (rows::ERROR_OF_PICTURES, constants)
        } else if n + 1 == hidden && self.parts[0] > 1 {
            let of_parts = constants
                .wholes([
                    ("PARTS", self.parts[0]),
                    ("HIDDEN_BEFORE", self.start_of_stage("G_H", n + 1)),
                    ("KEPT", self.start_of_stage("G_E", n + 1)),
                ])
                .activation("BEFORE", after.activation);
            (rows::ERROR_OF_PARTS, of_parts)
        } else {
            (rows::REGION, constants.wholes([("INPUT", self.start_of_stage("G_E", n + 1))]))
        };
        self.writer.product(Product {
            name: format!("g_error{n}"),
            rows: self.recipe.batch,
            parts,
            a,
            map: Map::apply_transposed(0, after),
            end: if parts > 1 { ends::PART } else { ends::DERIVATIVE },
            constants,
            beside,
        })
    }

    fn g_update(&self) -> Dispatch {
        let last = self.g().stages.len();
        let layer = |(n, stage)| Layer {
            stage,
            error: if n == last { 0 } else { self.start_of_stage("G_E", n) },
            input: if n == 1 { self.start_of("Z") } else { self.start_of_stage("G_H", n - 1) },
            tangent: 0,
        };
        let layers: Vec<_> = self.stages(self.g()).map(layer).collect();
        self.writer.update("g_update", self.recipe.batch, &layers, updates::OF_G)
    }
}
