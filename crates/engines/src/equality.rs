//! The rule by which engines are equal: one step from a shared state, every tensor of it.
//!
//! The judge is the reference in f64. For each tensor the relative L2 error of the engine's f32 step is at most
//! 2 max(error of the f32 reference, 4 epsilon): a correct reordering of f32 sums errs as much as any other order does.
//! Adam without a first moment moves by little more than the sign of a gradient, so where a gradient is next to nothing,
//! rounding decides which way a parameter goes. So nothing is compared across Adam: G's tensors are judged against the D
//! that the engine itself moved to, and the parameters are held to Adam's formula in f64 on the engine's own gradient.
//! A tensor's error is taken over several states of one age and a minibatch for each, as if the tensors of all were one:
//! from one state alone the same rounding of the same weights shows in every minibatch, and the ratio of two engines' luck
//! with it says nothing. Trajectories are never compared: rounding makes them part after a few steps.
//!
//! Where a leaky ReLU's input is next to nothing, rounding decides which way it bends, and that moves a gradient ten thousand times
//! as far as rounding itself. The judge says where that is so ([`NEAREST`]), before anybody is judged, and such states are left
//! out. All others count: a mistake that shows in one minibatch of five is one.
//!
//! The rule holds for R1, R2 and the relativistic pairing as it stands. What they add are sums of the same kind, and the
//! pairing's cancellation, fake logit less real, is in the reference too. K and M of `cpu::mlp`'s header are other sums
//! than the reference's: their error grows as |a1| |M| / |a1 M|, which training with a penalty keeps small, and the late
//! states below have it.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{DType, Device};

use super::cpu::layers::Layers;
use super::cpu::mlp::Mlp;
use super::cpu::planted::{self, Bug};
use super::reference::Reference;
use super::{Engine, Probe, Progress, State, StepInput, StepStats, Stepwise, Stretch};
use gan::recipe::{Recipe, StepRates};
use gan::{Loss, Pictures};
use linear::portable;
use noise::philox::Stream;

/// Bounds an engine's error, in units of the f32 reference's.
const RULE: f64 = 2.0;
/// Bounds it for minibatches of a handful. There the reference's library sums a product's terms in sixteen partial sums
/// (`gemm`'s kernels for results of at most 256 numbers), ours in one chain as always, and the rounding of one chain of
/// k terms errs sqrt(16) times as much as that of sixteen chains of k / 16. (Worst score found: 4.9, where R1 and the
/// loss nearly cancel in the gradient of a single pair.)
const RULE_OF_FEW: f64 = RULE * 4.0;
/// Leaves out states where a leaky ReLU of the judge is given less than this, in units of the root mean square of all
/// that it is given in the minibatch: sixteen roundings. Of a hundred thousand inputs one is, in a state of seven or
/// so.
const NEAREST: f64 = 16.0 * f32::EPSILON as f64;
/// Bounds the share of the states that must be left from below.
const LEFT: f64 = 0.5;
/// Bounds the error that the reference is taken to have from below: four roundings.
pub const FLOOR: f64 = 4.0 * f32::EPSILON as f64;
/// Counts the states of each age that an error is taken over; more where a minibatch is a handful of pictures, whose
/// few logits would else be too few numbers to take an error of.
const STATES: u64 = 10;
const STATES_OF_FEW: u64 = 28;
/// Bounds the relative error of the reported means, f32 sums of at most 78,400 terms.
pub const STATS: f64 = 1e-4;
/// Numbers the step of a run that late states are taken from on, so many steps apart, out of so many.
const LATE: u64 = 150;
const APART: u64 = 10;
pub const TOTAL: u64 = 1000;

/// Takes one step on the minibatch and noise of `draw`, at the rates of `step`.
pub fn one_step(engine: &mut dyn Stepwise, recipe: &Recipe, pictures: &Pictures, step: u64, draw: u64) -> StepStats {
    step_at(engine, recipe, pictures, step, draw, recipe.rates(step, TOTAL))
}

/// Takes one step on the minibatch and noise of `draw`, at the given rates.
pub fn step_at(
    engine: &mut dyn Stepwise,
    recipe: &Recipe,
    pictures: &Pictures,
    step: u64,
    draw: u64,
    rates: StepRates,
) -> StepStats {
    with_input(recipe, pictures, step, draw, rates, |input| engine.step(input)).unwrap()
}

fn with_input<T>(
    recipe: &Recipe,
    pictures: &Pictures,
    step: u64,
    draw: u64,
    rates: StepRates,
    work: impl FnOnce(&StepInput) -> T,
) -> T {
    let order = noise::permutation(1, draw, 1000);
    let indices = &order[..recipe.batch];
    let mut z = vec![0.0; recipe.batch * recipe.latent];
    noise::fill_normal(1, Stream::TrainingZ, draw, &mut z);
    let labels = indices.iter().map(|&index| pictures.label(index));
    let inputs = recipe.classes_of(pictures.shape).inputs(&z, recipe.latent, labels);
    work(&StepInput { step, indices, inputs: &inputs, rates })
}

/// Joins each layer's weight and bias into one tensor: a bias is the weight of a constant input. Alone, D's output bias
/// is a single number, and its gradient a sum that cancels: its error says nothing about the arithmetic.
fn layers(probes: &[Probe]) -> BTreeMap<String, Vec<f64>> {
    let mut layers: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for Probe { name, values } in probes {
        let layer = name.trim_end_matches(".weight").trim_end_matches(".bias");
        layers.entry(layer.to_owned()).or_default().extend(values);
    }
    layers
}

/// Gives, for each tensor, the squared distance of `probes` from the judge's, and the judge's squared norm.
pub fn squares(probes: &[Probe], judge: &[Probe]) -> BTreeMap<String, [f64; 2]> {
    let ours = layers(probes);
    let error = |(name, truth): (String, Vec<f64>)| {
        let values = ours.get(&name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(values.len(), truth.len(), "{name}");
        let distance: f64 = values.iter().zip(&truth).map(|(a, b)| (a - b).powi(2)).sum();
        let norm: f64 = truth.iter().map(|b| b * b).sum();
        (name, [distance, norm])
    };
    layers(judge).into_iter().map(error).collect()
}

/// Holds, for each tensor, what [`squares`] gave for each state.
type Squares = BTreeMap<String, Vec<[f64; 2]>>;

fn add(all: &mut Squares, squares: BTreeMap<String, [f64; 2]>) {
    for (name, of_state) in squares {
        all.entry(name).or_default().push(of_state);
    }
}

/// Gives the relative error over all states, as if their tensors were one.
fn error(states: &[[f64; 2]]) -> f64 {
    let [distance, norm] = states.iter().fold([0.0; 2], |sum, state| [sum[0] + state[0], sum[1] + state[1]]);
    (distance / norm.max(f64::MIN_POSITIVE)).sqrt()
}

/// Gives an engine that can be put at any state.
pub trait UnderJudgement {
    /// Gives the engine, about to go on from `state`.
    fn starting_at(&mut self, state: &State) -> &mut dyn Stepwise;

    /// Names the bug that is to be planted in it, if one is.
    fn bug(&self) -> Option<Bug> {
        None
    }
}

/// Holds an engine under judgement, with its name for messages.
pub type Named<'a> = (String, &'a mut dyn UnderJudgement);

/// Says what is found of an engine: the worst score of any tensor and the tensor's name; or what it reported that is
/// not so.
pub type Verdict = Result<(f64, String), String>;

/// Holds what is seen of one engine, state by state.
#[derive(Default)]
struct Seen {
    squares: Squares,
    fault: Option<String>,
}

impl Seen {
    /// Notes the first thing that is not so.
    fn holds(&mut self, result: Result<(), String>) {
        self.fault = self.fault.take().or(result.err());
    }
}

/// Takes a step from each of `states` with each of `engines`, and judges them.
fn verdicts(recipe: &Recipe, pictures: &Arc<Pictures>, states: &[State], engines: &mut [Named]) -> Vec<Verdict> {
    let mut seen: Vec<Seen> = engines.iter().map(|_| Seen::default()).collect();
    let mut in_f32 = Seen::default();
    let reference = |state: &State, dtype| Reference::new(recipe, pictures.clone(), state, Device::Cpu, dtype).unwrap();
    for (draw, state) in (0..).zip(states) {
        let mut judge = reference(state, DType::F64);
        let truth = one_step(&mut judge, recipe, pictures, state.step, draw);
        if judge.nearest_kink < NEAREST {
            continue;
        }
        let of_d = |probe: &Probe| {
            ["logits.real", "logits.fake"].contains(&&*probe.name) || probe.name.starts_with("gradient.discriminator")
        };
        let judge_d: Vec<_> = judge.probe().unwrap().into_iter().filter(of_d).collect();
        // G's tensors are judged against the D that the engine under judgement itself moved to.
        let judged = |engine: &dyn Stepwise, seen: &mut Seen, reported: StepStats| {
            let (after, probes) = (engine.state(0).unwrap(), engine.probe().unwrap());
            add(&mut seen.squares, squares(&probes, &judge_d));
            seen.holds(adam(recipe, state.step, state, &after, &probes));
            for (what, got, expected) in [
                ("d_loss", reported.d_loss, truth.d_loss),
                ("d_real", reported.d_real, truth.d_real),
                ("d_fake", reported.d_fake, truth.d_fake),
                ("r1", reported.r1, truth.r1),
                ("r2", reported.r2, truth.r2),
                ("d_margin", reported.d_margin, truth.d_margin),
                ("d_accuracy_real", reported.d_accuracy_real, truth.d_accuracy_real),
                ("d_accuracy_fake", reported.d_accuracy_fake, truth.d_accuracy_fake),
            ] {
                seen.holds(near(what, got, expected));
            }
            let moved = State { discriminator: after.discriminator, ..state.clone() };
            let mut judge = reference(&moved, DType::F64);
            let of_g = with_input(recipe, pictures, state.step, draw, recipe.rates(state.step, TOTAL), |input| {
                judge.judge_g(input)
            });
            let of_g = of_g.map_err(failure::Failure::from).unwrap();
            if judge.nearest_kink < NEAREST {
                return;
            }
            let is_of_g =
                |probe: &Probe| probe.name == "logits.updated" || probe.name.starts_with("gradient.generator");
            let judge_g: Vec<_> = judge.probe().unwrap().into_iter().filter(is_of_g).collect();
            add(&mut seen.squares, squares(&probes, &judge_g));
            seen.holds(near("g_loss", reported.g_loss, of_g.g_loss));
            seen.holds(near("g_gradient", reported.g_gradient, of_g.g_gradient));
        };
        let mut engine = reference(state, DType::F32);
        let reported = one_step(&mut engine, recipe, pictures, state.step, draw);
        judged(&engine, &mut in_f32, reported);
        for ((_, engine), seen) in engines.iter_mut().zip(&mut seen) {
            // A first fault decides, so no more is asked.
            if seen.fault.is_some() {
                continue;
            }
            let bug = engine.bug();
            let engine = engine.starting_at(state);
            let reported = planted::tests::with(bug, || one_step(engine, recipe, pictures, state.step, draw));
            judged(engine, seen, reported);
        }
    }
    let theirs = in_f32.squares;
    for (name, of_states) in &theirs {
        let (left, all) = (of_states.len(), states.len());
        assert!(left as f64 >= LEFT * all as f64, "{name}: {left} of {all} states are far enough from a kink");
    }
    let verdict = |Seen { squares, fault }: Seen| match fault {
        Some(fault) => Err(fault),
        None => {
            let score =
                |(name, states): (String, Vec<[f64; 2]>)| (error(&states) / error(&theirs[&name]).max(FLOOR), name);
            // A number that is none is the worst.
            Ok(squares.into_iter().map(score).max_by(|a, b| a.0.total_cmp(&b.0)).expect("a step has tensors"))
        }
    };
    seen.into_iter().map(verdict).collect()
}

/// Checks a reported mean against the judge's, within [`STATS`].
fn near(what: &str, got: f64, expected: f64) -> Result<(), String> {
    let near = (got - expected).abs() <= STATS * (1.0 + expected.abs());
    if near { Ok(()) } else { Err(format!("{what} is {got}, the reference's {expected}")) }
}

/// Bounds the score of an engine on this recipe.
fn rule(recipe: &Recipe) -> f64 {
    if recipe.batch < 20 { RULE_OF_FEW } else { RULE }
}

/// Gives early states and late ones, by the name of their age.
fn ages(pictures: &Arc<Pictures>, recipe: &Recipe) -> [(&'static str, Vec<State>); 2] {
    let states = if recipe.batch < 20 { STATES_OF_FEW } else { STATES };
    let early: Vec<_> = (0..states).map(|seed| State::initial(recipe, pictures.shape, seed)).collect();
    let mut runner = super::cpu::engine(recipe, pictures.clone(), &early[3], 1);
    let mut late = Vec::new();
    for step in 0..LATE + states * APART {
        one_step(&mut *runner, recipe, pictures, step, step);
        if step >= LATE && step % APART == 0 {
            late.push(runner.state(0).unwrap());
        }
    }
    [("early", early), ("late", late)]
}

/// Holds `engines` to the rule, from early and from late states of `recipe`.
pub fn check(pictures: &Arc<Pictures>, recipe: &Recipe, of_what: &str, engines: &mut [Named]) {
    for (age, states) in ages(pictures, recipe) {
        let verdicts = verdicts(recipe, pictures, &states, engines);
        for ((name, _), verdict) in engines.iter().zip(verdicts) {
            let (score, tensor) = verdict.unwrap_or_else(|fault| panic!("{of_what}, {age}, {name}: {fault}"));
            println!("{of_what}, {age}, {name}: worst score {score:.2}, of {tensor}");
            let holds = score <= rule(recipe);
            assert!(holds, "{of_what}, {age}: {tensor} of {name} errs {score:.2} times as much as the reference");
        }
    }
}

/// Makes an engine of the CPU at a state.
type Make = fn(&Recipe, Arc<Pictures>, &State) -> Box<dyn Stepwise>;

/// Lists the engines of the CPU, by name.
pub const ON_THE_CPU: [(&str, Make); 3] = [
    ("cpu/mlp", |recipe, pictures, state| Box::new(Mlp::new(recipe, pictures, state, 1))),
    (PORTABLE, |recipe, pictures, state| Box::new(Portable(portable::only(|| Mlp::new(recipe, pictures, state, 1))))),
    ("cpu/layers", |recipe, pictures, state| Box::new(Layers::new(recipe, pictures, state, 1))),
];

/// Names the engine as a page runs it.
pub const PORTABLE: &str = "cpu/mlp by the portable product";

/// Takes an engine's steps with the product that WebAssembly runs, in its plain form, in place of the library's.
struct Portable(Mlp);

impl Engine for Portable {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn device(&self) -> String {
        self.0.device()
    }

    fn advance(&mut self, stretches: &[Stretch], report: &mut dyn FnMut(Progress) -> bool) -> failure::Result<()> {
        portable::only(|| self.0.advance(stretches, report))
    }

    fn state(&self, member: usize) -> failure::Result<State> {
        self.0.state(member)
    }

    fn generate(&self, member: usize, inputs: &[f32]) -> failure::Result<Vec<f32>> {
        portable::only(|| self.0.generate(member, inputs))
    }
}

impl Stepwise for Portable {
    fn step(&mut self, input: &StepInput) -> failure::Result<StepStats> {
        portable::only(|| self.0.step(input))
    }

    fn probe(&self) -> failure::Result<Vec<Probe>> {
        self.0.probe()
    }
}

/// Makes an engine of the CPU anew for each state.
struct Anew<'a> {
    recipe: &'a Recipe,
    pictures: &'a Arc<Pictures>,
    make: Make,
    bug: Option<Bug>,
    engine: Option<Box<dyn Stepwise>>,
}

impl UnderJudgement for Anew<'_> {
    fn starting_at(&mut self, state: &State) -> &mut dyn Stepwise {
        &mut **self.engine.insert((self.make)(self.recipe, self.pictures.clone(), state))
    }

    fn bug(&self) -> Option<Bug> {
        self.bug
    }
}

/// Holds those engines of the CPU to the rule that are `wanted` and take the recipe's networks.
pub fn check_on_the_cpu(pictures: &Arc<Pictures>, recipe: &Recipe, of_what: &str, wanted: &[&str]) {
    let takes = |name: &str| !name.starts_with("cpu/mlp") || Mlp::takes(recipe, pictures.shape).is_ok();
    let engines = ON_THE_CPU.into_iter().filter(|(name, _)| wanted.contains(name) && takes(name));
    let mut engines: Vec<_> =
        engines.map(|(name, make)| (name, Anew { recipe, pictures, make, bug: None, engine: None })).collect();
    let mut named: Vec<Named> = engines.iter_mut().map(|(name, engine)| (name.to_string(), engine as _)).collect();
    check(pictures, recipe, of_what, &mut named);
}

/// Gives recipes of networks that are no perceptrons of two hidden layers.
pub fn chains() -> Vec<Recipe> {
    [
        (
            "one hidden layer each",
            "stable",
            "",
            r#"[{ layer = "dense", width = 48 }, { layer = "leaky-relu", slope = 0.2 }, { layer = "dense" }, { layer = "tanh" }]"#,
            r#"[{ layer = "dense", width = 70 }, { layer = "leaky-relu", slope = 0.1 }, { layer = "dense" }]"#,
        ),
        (
            "three of unequal widths, tanh inside of G",
            "stable",
            "d_input_offset = 0.6",
            r#"[{ layer = "dense", width = 40 }, { layer = "tanh" }, { layer = "dense", width = 96 },
                { layer = "leaky-relu", slope = 0.3 }, { layer = "dense", width = 72 }, { layer = "tanh" },
                { layer = "dense" }, { layer = "tanh" }]"#,
            r#"[{ layer = "dense", width = 96 }, { layer = "leaky-relu", slope = 0.2 }, { layer = "dense", width = 65 },
                { layer = "leaky-relu", slope = 0.05 }, { layer = "dense", width = 33 },
                { layer = "leaky-relu", slope = 0.2 }, { layer = "dense" }]"#,
        ),
        (
            "four, one of them with no function and one of a single number",
            "stable",
            "r2_gamma = 0.0\nr2_gamma_final = 0.0",
            r#"[{ layer = "dense", width = 20 }, { layer = "leaky-relu", slope = 0.2 }, { layer = "dense", width = 80 },
                { layer = "dense", width = 64 }, { layer = "leaky-relu", slope = 0.2 }, { layer = "dense", width = 64 },
                { layer = "leaky-relu", slope = 0.0 }, { layer = "dense" }, { layer = "tanh" }]"#,
            r#"[{ layer = "dense", width = 64 }, { layer = "leaky-relu", slope = 0.2 }, { layer = "dense", width = 64 },
                { layer = "dense", width = 1 }, { layer = "leaky-relu", slope = 0.2 }, { layer = "dense", width = 24 },
                { layer = "leaky-relu", slope = 0.2 }, { layer = "dense" }]"#,
        ),
        (
            "tanh inside of both, and no penalty",
            "seed",
            "",
            r#"[{ layer = "dense", width = 64 }, { layer = "tanh" }, { layer = "dense" }, { layer = "tanh" }]"#,
            r#"[{ layer = "dense", width = 65 }, { layer = "tanh" }, { layer = "dense", width = 32 },
                { layer = "leaky-relu", slope = 0.2 }, { layer = "dense" }]"#,
        ),
    ]
    .map(|(name, recipe, flags, g, d)| {
        let flags = format!("name = \"{name}\"\nbatch = 40\n{flags}\ngenerator.layers = {g}\ndiscriminator.layers = {d}");
        Recipe::load(recipe, &flags.parse().unwrap()).unwrap()
    })
    .into_iter()
    .chain(of_every_loss())
    .collect()
}

/// Gives recipes of convolutions, for pictures of 3 by 9 by 7: odd sizes, strides of 1 and 2, kernels of 1 to 4, minibatches of 1 to
/// 100, with classes and without, with penalties and without.
pub fn convolutions() -> Vec<Recipe> {
    let by_transposes = r#"[{ layer = "dense" }, { layer = "leaky-relu", slope = 0.2 }, { layer = "reshape", channels = 6 },
        { layer = "conv-transpose", channels = 9, kernel = 3 , padding = 1 }, { layer = "leaky-relu", slope = 0.1 }, { layer = "conv" },
        { layer = "tanh" }]"#;
    let by_upsampling = r#"[{ layer = "dense" }, { layer = "reshape", channels = 10 }, { layer = "leaky-relu", slope = 0.2 },
        { layer = "conv", channels = 8, upsample = 2 }, { layer = "leaky-relu", slope = 0.2 },
        { layer = "conv", kernel = 2, padding = 0 }, { layer = "tanh" }]"#;
    let halving = r#"[{ layer = "conv", channels = 8, kernel = 4, stride = 2 }, { layer = "leaky-relu", slope = 0.2 },
        { layer = "conv", channels = 11, stride = 2 }, { layer = "leaky-relu", slope = 0.2 }, { layer = "dense" }]"#;
    let wide = r#"[{ layer = "conv", channels = 17 }, { layer = "leaky-relu", slope = 0.3 },
        { layer = "conv", channels = 18, stride = 2 }, { layer = "conv", channels = 6, kernel = 1 },
        { layer = "leaky-relu", slope = 0.2 }, { layer = "dense", width = 16 }, { layer = "leaky-relu", slope = 0.2 },
        { layer = "dense" }]"#;
    [
        ("convolutions, a picture at a time", "stable", 1, "", by_transposes, halving),
        ("convolutions, few pictures", "stable", 7, "", by_upsampling, wide),
        ("convolutions", "stable", 20, "d_input_offset = 0.5", by_upsampling, halving),
        ("convolutions with classes", "classes", 20, "", by_transposes, wide),
        ("convolutions of many pictures, no penalty", "seed", 100, "", by_transposes, halving),
    ]
    .map(|(name, recipe, batch, flags, g, d)| {
        let flags = format!(
            "name = \"{name}\"\nlatent = 12\nbatch = {batch}\n{flags}\ngenerator.layers = {g}\ndiscriminator.layers = {d}"
        );
        Recipe::load(recipe, &flags.parse().unwrap()).unwrap()
    })
    .to_vec()
}

/// Gives pictures of this size, with the labels of MNIST's test pictures and their middles for pixels, under noise: over an even
/// ground a kernel without a bias gives 0 again and again, where a leaky ReLU has its kink.
pub fn pictures_of(image: [usize; 3]) -> Arc<Pictures> {
    let mnist = data::Dataset::mnist().unwrap().test;
    let pixels = image.iter().product();
    let middles = (0..1000).flat_map(|index| &mnist.picture(index)[(784 - pixels) / 2..][..pixels]);
    let noise = |i: u32| noise::philox::block(1, Stream::Samples, 0, i)[0] as u8;
    let bytes = (0..).zip(middles).map(|(i, byte)| byte / 2 + noise(i) / 2).collect();
    let shape = gan::DataShape { image, ..mnist.shape };
    Arc::new(Pictures { bytes, labels: mnist.labels[..1000].to_vec(), shape })
}

/// Gives recipes of every loss that there is, with and without classes; with a penalty, and the last without one.
fn of_every_loss() -> impl Iterator<Item = Recipe> {
    let small = |flags: &str| {
        let recipe = Recipe::load("stable", &format!("hidden = 72\nbatch = 40\n{flags}").parse().unwrap());
        recipe.unwrap()
    };
    let with = [("plain", "classes = false"), ("classes", "classes = true")];
    let recipes = Loss::ALL.into_iter().flat_map(move |loss| with.map(|(name, flags)| (loss, name, flags)));
    let of_each =
        recipes.map(move |(loss, name, flags)| Recipe { loss, name: format!("{loss:?}, {name}"), ..small(flags) });
    let linear_d = "name = \"classes, a D of one layer and no penalty\"\nclasses = true\nr1_gamma = 0\nr1_gamma_final = 0\n\
                    r2_gamma = 0\nr2_gamma_final = 0\ndiscriminator.layers = [{ layer = \"dense\" }]";
    of_each.chain([small(linear_d)])
}

/// Holds the parameters, the moments and the average after a step to their formulas in f64, on the engine's own
/// gradient.
fn adam(recipe: &Recipe, step: u64, before: &State, after: &State, probes: &[Probe]) -> Result<(), String> {
    let rates = recipe.rates(step, TOTAL);
    let t = step as i32 + 1;
    let rate = rates.lr * (1.0 - recipe.beta2.powi(t)).sqrt() / (1.0 - recipe.beta1.powi(t));
    let gradient = |network: &str| -> Vec<f64> {
        let of_network = probes.iter().filter(|probe| probe.name.starts_with(network));
        of_network.flat_map(|probe| probe.values.clone()).collect()
    };
    for (network, before, after, gradient) in [
        ("G", &before.generator, &after.generator, gradient("gradient.generator.")),
        ("D", &before.discriminator, &after.discriminator, gradient("gradient.discriminator.")),
    ] {
        let mut errors = [[0.0; 2]; 3];
        for (i, g) in gradient.into_iter().enumerate() {
            let m = recipe.beta1 * f64::from(before.m[i]) + (1.0 - recipe.beta1) * g;
            let v = recipe.beta2 * f64::from(before.v[i]) + (1.0 - recipe.beta2) * g * g;
            let theta = f64::from(before.parameters[i]) - rate * m / (v.sqrt() + recipe.adam_epsilon);
            let got = [after.parameters[i], after.m[i], after.v[i]];
            for ((error, got), expected) in errors.iter_mut().zip(got).zip([theta, m, v]) {
                *error = [error[0] + (f64::from(got) - expected).powi(2), error[1] + expected * expected];
            }
        }
        for (what, of_all) in ["parameters", "first moments", "second moments"].into_iter().zip(errors) {
            let error = error(&[of_all]);
            if error.is_nan() || error > FLOOR {
                return Err(format!("step {step}: {network}'s {what} err by {error:.2e}"));
            }
        }
    }
    if let (Some(before), Some(ema)) = (&before.ema, &after.ema) {
        let moved = before.iter().zip(&after.generator.parameters);
        let expected = moved.map(|(&a, &b)| rates.ema_decay * f64::from(a) + (1.0 - rates.ema_decay) * f64::from(b));
        let worst = expected.zip(ema).map(|(a, &b)| (a - f64::from(b)).abs()).fold(0.0, f64::max);
        if worst > FLOOR {
            return Err(format!("step {step}: the average errs by {worst:.2e}"));
        }
    }
    Ok(())
}

/// Does what [`adam`] does, and panics at the first fault.
pub fn check_adam(recipe: &Recipe, step: u64, before: &State, after: &State, probes: &[Probe]) {
    adam(recipe, step, before, after, probes).unwrap_or_else(|fault| panic!("{fault}"));
}

/// Each bug that can be planted is found in each engine of the CPU, and nothing is where none is planted.
#[test]
fn planted_bugs_are_found_on_each_engine() {
    let pictures = Arc::new(data::Dataset::mnist().unwrap().test);
    let flags = "hidden = 72\nbatch = 24\nr2_gamma = 0.3\nr2_gamma_final = 0.1".parse().unwrap();
    let recipe = &Recipe::load("stable", &flags).unwrap();
    let bugs = || [None].into_iter().chain(planted::tests::ALL.map(Some));
    // The portable product runs the same code around it.
    let mut engines: Vec<_> = ON_THE_CPU
        .into_iter()
        .filter(|(name, _)| *name != PORTABLE)
        .flat_map(|(name, make)| bugs().map(move |bug| (name, make, bug)))
        .map(|(name, make, bug)| (name, Anew { recipe, pictures: &pictures, make, bug, engine: None }))
        .collect();
    let mut found = vec![None; engines.len()];
    for (age, states) in ages(&pictures, recipe) {
        let mut named: Vec<Named> = engines.iter_mut().map(|(name, engine)| (name.to_string(), engine as _)).collect();
        for (found, verdict) in found.iter_mut().zip(verdicts(recipe, &pictures, &states, &mut named)) {
            let fault = match verdict {
                Err(fault) => Some(fault),
                Ok((score, _)) if score <= rule(recipe) => None,
                Ok((score, tensor)) => Some(format!("{tensor} scores {score:.1}")),
            };
            *found = found.take().or(fault.map(|fault| format!("{age}: {fault}")));
        }
    }
    for ((name, Anew { bug, .. }), found) in engines.iter().zip(found) {
        println!("{name}, {bug:?}: {found:?}");
        assert_eq!(found.is_some(), bug.is_some(), "{name}, {bug:?} planted: {found:?}");
    }
}
