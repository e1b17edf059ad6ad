//! The step on a GPU is the reference's, by the rule of [`crate::equality`], on every driver at hand; two runs give
//! the same bytes, and so does a replica and its run alone.
//!
//! The drivers are those that the machine has, software ones too: `cargo xtask test` sets up two, lavapipe and SwiftShader.

use std::sync::Arc;

use super::device::{Adapter, Needs, adapters, open};
use super::{Gpu, Setup};
use crate::equality::{self, Named, TOTAL, UnderJudgement, one_step};
use crate::{Engine, State, Stepwise, Stretch};
use data::{Dataset, Pictures};
use gan::recipe::Recipe;
use noise::philox::Stream;

/// The adapters of this machine; says so if there is none. Where nothing may be skipped that fails, and so it does if of the
/// drivers that were named one gave none.
pub(super) fn every_adapter() -> Vec<Adapter> {
    let adapters = adapters();
    if std::env::var_os("FORGER_REQUIRE_ALL").is_some_and(|v| v == "1") {
        let named = std::env::var_os("VK_DRIVER_FILES").map_or(1, |files| std::env::split_paths(&files).count());
        let found: Vec<_> = adapters.iter().map(|adapter| &adapter.description.name).collect();
        assert!(found.len() >= named, "{named} Vulkan, Metal or DirectX 12 drivers are wanted, found: {found:?}");
    } else if adapters.is_empty() {
        println!("skipped: no Vulkan, Metal or DirectX 12 driver was found");
    }
    adapters
}

/// One engine, put from state to state: its kernels need not be made again.
impl UnderJudgement for Gpu {
    fn starting_at(&mut self, state: &State) -> &mut dyn Stepwise {
        self.load(0, state);
        self
    }
}

pub(super) fn engine(adapter: &Adapter, recipe: &Recipe, pictures: &Arc<Pictures>, states: &[State]) -> Gpu {
    let setup = Setup { recipe, pictures: pictures.clone(), states, keeps_gradients: true };
    Gpu::with(&setup, |needs: &Needs| open(adapter, needs)).unwrap()
}

fn check(pictures: &Arc<Pictures>, name: &str, flags: &str) {
    let recipe = Recipe::load(name, &flags.parse().unwrap()).unwrap();
    let first = [State::initial(&recipe, pictures.shape, 0)];
    let adapters = every_adapter();
    let mut engines: Vec<_> = adapters.iter().map(|adapter| engine(adapter, &recipe, pictures, &first)).collect();
    let named = adapters.iter().zip(&mut engines);
    let mut named: Vec<Named> =
        named.map(|(adapter, engine)| (adapter.description.name.clone(), engine as _)).collect();
    equality::check(pictures, &recipe, &format!("{name} {flags:?}"), &mut named);
}

fn mnist() -> Arc<Pictures> {
    Arc::new(Dataset::mnist().unwrap().test)
}

/// The middle of each picture, 13 by 13: a fifth of the work, and a number of pixels that nothing divides.
fn middles() -> Arc<Pictures> {
    const SIDE: usize = 13;
    let mut pictures = Dataset::mnist().unwrap().test;
    let [_, rows, columns] = pictures.shape.image;
    let (top, left) = ((rows - SIDE) / 2, (columns - SIDE) / 2);
    let middle = |picture: &[u8]| -> Vec<u8> {
        picture.chunks(columns).skip(top).take(SIDE).flat_map(|row| &row[left..left + SIDE]).copied().collect()
    };
    pictures.bytes = pictures.bytes.chunks(rows * columns).flat_map(middle).collect();
    pictures.shape.image = [1, SIDE, SIDE];
    Arc::new(pictures)
}

#[test]
fn one_step_equals_the_references_within_the_rule() {
    for name in ["seed", "stable", "classes"] {
        check(&mnist(), name, "");
    }
}

#[test]
fn so_it_does_with_odd_widths_and_small_batches() {
    let pictures = middles();
    for flags in ["hidden = 33\nbatch = 3", "hidden = 64\nbatch = 1", "hidden = 65\nbatch = 25\nlatent = 7"] {
        for name in ["seed", "stable"] {
            check(&pictures, name, flags);
        }
    }
    check(&pictures, "stable", "hidden = 40\nbatch = 50\nd_input_offset = 0.6\nr2_gamma = 0.0\nr2_gamma_final = 0.0");
    check(&pictures, "seed", "hidden = 33\nbatch = 20\nclasses = true");
    check(&pictures, "classes", "batch = 20\ndiscriminator.layers = [{ layer = 'dense' }]");
    let one = "[{ layer = 'dense', width = 24 }, { layer = 'leaky-relu', slope = 0.1 }, { layer = 'dense' }]";
    check(&pictures, "classes", &format!("batch = 20\ndiscriminator.layers = {one}"));
}

#[test]
fn wide_networks_too() {
    let pictures = middles();
    for name in ["seed", "stable"] {
        check(&pictures, name, "hidden = 320\nbatch = 20");
    }
}

#[test]
fn adam_and_the_average_move_as_their_formulas_say() {
    let pictures = mnist();
    let recipe = Recipe::load("stable", &"hidden = 24\nbatch = 10\nbeta1 = 0.5".parse().unwrap()).unwrap();
    for adapter in every_adapter() {
        let mut gpu = engine(&adapter, &recipe, &pictures, &[State::initial(&recipe, pictures.shape, 3)]);
        for step in 0..5 {
            let before = gpu.state(0).unwrap();
            one_step(&mut gpu, &recipe, &pictures, step, step);
            let after = gpu.state(0).unwrap();
            equality::check_adam(&recipe, step, &before, &after, &gpu.probe().unwrap());
        }
    }
}

/// What a stretch of `steps` steps from step 0 on comes to for runs of `seeds`, in submissions of at most `at_a_time` steps.
fn trained(adapter: &Adapter, recipe: &Recipe, seeds: &[u64], steps: u64, at_a_time: u64) -> Vec<(State, Vec<String>)> {
    let pictures = mnist();
    let states: Vec<_> = seeds.iter().map(|&seed| State::initial(recipe, pictures.shape, seed)).collect();
    let mut gpu = engine(adapter, recipe, &pictures, &states);
    gpu.at_a_time = at_a_time;
    let orders: Vec<_> = seeds.iter().map(|&seed| noise::permutation(seed, 0, pictures.count())).collect();
    let stretches: Vec<_> = seeds.iter().zip(&orders).map(|(&seed, order)| stretch(seed, order, 0, steps)).collect();
    let stats = gpu.stretches(&stretches, &mut |_| true).unwrap();
    let text = |stats: &Vec<crate::StepStats>| stats.iter().map(|stats| format!("{stats:?}")).collect();
    (0..seeds.len()).map(|i| (gpu.state_of(i).unwrap(), text(&stats[i]))).collect()
}

fn stretch(seed: u64, order: &[u32], first: u64, steps: u64) -> Stretch<'_> {
    Stretch { seed, first, steps, total_steps: TOTAL, order }
}

#[test]
fn two_runs_give_the_same_bytes_however_they_are_cut_into_submissions() {
    for name in ["seed", "stable"] {
        let recipe = Recipe::load(name, &"hidden = 40\nbatch = 20".parse().unwrap()).unwrap();
        for adapter in every_adapter() {
            let once = trained(&adapter, &recipe, &[5], 12, 12);
            assert!(once == trained(&adapter, &recipe, &[5], 12, 12), "{name} on {}", adapter.description.name);
            assert!(once == trained(&adapter, &recipe, &[5], 12, 1), "{name} on {}, cut up", adapter.description.name);
        }
    }
}

#[test]
fn a_replica_gives_the_bytes_of_its_run_alone() {
    for name in ["seed", "stable"] {
        let recipe = Recipe::load(name, &"hidden = 33\nbatch = 10".parse().unwrap()).unwrap();
        for adapter in every_adapter() {
            let seeds = [5, 1 << 40, 7];
            let together = trained(&adapter, &recipe, &seeds, 6, 4);
            for (i, seed) in seeds.iter().enumerate() {
                let alone = trained(&adapter, &recipe, &[*seed], 6, 4);
                assert!(alone[0] == together[i], "{name} on {}: seed {seed}", adapter.description.name);
            }
            assert!(together[0].0 != together[2].0, "other seeds, other runs");
        }
    }
}

#[test]
fn pictures_and_noise_of_a_stretch_are_those_of_the_steps() {
    // The noise differs from the CPU's by rounding, so the run does: by little in two steps of `seed`, whose Adam is smooth.
    let pictures = mnist();
    for (adapter, classes) in every_adapter().iter().flat_map(|adapter| [(adapter, false), (adapter, true)]) {
        let flags = format!("hidden = 16\nbatch = 10\nclasses = {classes}");
        let recipe = Recipe::load("seed", &flags.parse().unwrap()).unwrap();
        let first = State { step: (1 << 33) + 7, ..State::initial(&recipe, pictures.shape, 2) };
        let order = noise::permutation(2, 0, pictures.count());
        let mut gpu = engine(adapter, &recipe, &pictures, std::slice::from_ref(&first));
        gpu.stretches(&[stretch(2, &order, first.step, 2)], &mut |_| true).unwrap();
        let region = gpu.plan.places.arena.region("Z");
        let z = gpu.device.read(&gpu.buffers.arena, region.start, region.len()).unwrap();
        let mut noise = vec![0.0; 1000];
        noise::fill_normal(2, Stream::TrainingZ, first.step + 1, &mut noise);
        let labels = order[10..20].iter().map(|&index| pictures.label(index));
        let expected = recipe.classes_of(pictures.shape).inputs(&noise, 100, labels);
        assert_eq!(z.len(), expected.len());
        let worst = z.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 4e-6, "{}: the noise errs by {worst:.1e}", adapter.description.name);
        let x = gpu.device.read(&gpu.buffers.arena, gpu.plan.places.arena.region("X").start, 7840).unwrap();
        let mut expected = vec![0.0; 784];
        for (row, &index) in x.chunks_exact(784).zip(&order[10..20]) {
            pictures.scaled(index, &mut expected);
            assert!(
                row.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 2e-7),
                "{}: picture {index}",
                adapter.description.name
            );
        }
        assert_eq!(gpu.state(0).unwrap().step, first.step + 2);
    }
}

#[test]
fn a_stretch_can_be_stopped_between_submissions() {
    let pictures = mnist();
    let recipe = Recipe::load("stable", &"hidden = 16\nbatch = 10".parse().unwrap()).unwrap();
    for adapter in every_adapter() {
        let first = State::initial(&recipe, pictures.shape, 2);
        let mut gpu = engine(&adapter, &recipe, &pictures, &[first]);
        gpu.at_a_time = 1;
        let order = noise::permutation(2, 0, pictures.count());
        let stats = gpu.stretches(&[stretch(2, &order, 0, 50)], &mut |done| done < 3).unwrap();
        let done = stats[0].len() as u64;
        assert!((3..50).contains(&done), "{}: {done} steps", adapter.description.name);
        assert_eq!(gpu.state(0).unwrap().step, done);
        // What is left gives the bytes of the whole.
        let left = Stretch { first: done, steps: 12 - done.min(12), ..stretch(2, &order[done as usize * 10..], 0, 0) };
        gpu.stretches(&[left], &mut |_| true).unwrap();
        if done <= 12 {
            assert!(
                gpu.state(0).unwrap() == trained(&adapter, &recipe, &[2], 12, 12)[0].0,
                "{}",
                adapter.description.name
            );
        }
    }
}

#[test]
fn nothing_is_read_inside_a_stretch_and_little_after_it() {
    let pictures = mnist();
    let recipe = Recipe::load("stable", &"hidden = 8\nbatch = 10".parse().unwrap()).unwrap();
    let states = [State::initial(&recipe, pictures.shape, 2)];
    let setup = Setup { recipe: &recipe, pictures: pictures.clone(), states: &states, keeps_gradients: false };
    let mut gpu = Gpu::with(&setup, |_| Ok(super::device::noop())).unwrap();
    let order = noise::permutation(2, 0, pictures.count());
    let mut inside = Vec::new();
    gpu.at_a_time = 7;
    gpu.stretches(&[stretch(2, &order, 0, 40)], &mut |done| {
        inside.push(done);
        true
    })
    .unwrap();
    let counts = gpu.counts();
    assert_eq!((counts.steps, counts.dispatches, counts.bytes_read), (40, 40 * 18, 40 * 40));
    assert_eq!((counts.passes, counts.submissions), (inside.len() as u64, inside.len() as u64));
}

#[test]
fn a_lost_device_is_a_failure_in_words() {
    let pictures = mnist();
    let recipe = Recipe::load("seed", &"hidden = 8\nbatch = 10".parse().unwrap()).unwrap();
    for adapter in every_adapter() {
        let mut gpu = engine(&adapter, &recipe, &pictures, &[State::initial(&recipe, pictures.shape, 2)]);
        let order = noise::permutation(2, 0, pictures.count());
        gpu.stretches(&[stretch(2, &order, 0, 2)], &mut |_| true).unwrap();
        gpu.device.device.destroy();
        let failure = gpu.stretches(&[stretch(2, &order, 2, 2)], &mut |_| true).unwrap_err();
        let name = &adapter.description.name;
        assert!(failure.message.starts_with(&format!("the GPU {name} ")), "{}", failure.message);
        assert!(failure.hint.is_some_and(|hint| hint.contains("--resume")), "{name}");
        assert!(gpu.state(0).is_err() && gpu.generate(0, &[0.0; 100]).is_err(), "{name}: no result is made up");
    }
}

#[test]
fn a_run_too_large_for_an_adapter_is_refused_before_it_starts() {
    let pictures = mnist();
    let recipe = Recipe::load("stable", &"hidden = 1024\nbatch = 20000".parse().unwrap()).unwrap();
    let few = Recipe::load("stable", &"hidden = 8".parse().unwrap()).unwrap();
    let states = |recipe: &Recipe, count| vec![State::initial(recipe, gan::DataShape::grey(28, 28), 2); count];
    for adapter in every_adapter() {
        for (recipe, states) in [(&recipe, states(&recipe, 1)), (&few, states(&few, 900))] {
            let setup = Setup { recipe, pictures: pictures.clone(), states: &states, keeps_gradients: false };
            let failure = Gpu::with(&setup, |needs| open(&adapter, needs)).err().expect("gigabytes in one buffer");
            let message = &failure.message;
            assert!(message.contains("is too small") || message.contains("can count"), "{message}");
            assert!(failure.hint.is_some_and(|hint| hint.contains("--replicas")), "{message}");
        }
    }
}

#[test]
fn a_weight_that_is_no_number_is_told_as_on_the_cpu() {
    let pictures = mnist();
    for name in ["seed", "stable"] {
        let recipe = Recipe::load(name, &"hidden = 8\nbatch = 10".parse().unwrap()).unwrap();
        let first = State::initial(&recipe, pictures.shape, 2);
        for adapter in every_adapter() {
            let mut gpu = engine(&adapter, &recipe, &pictures, std::slice::from_ref(&first));
            // In G's first weight, in its last bias, in D's last weight.
            let of_g = first.generator.parameters.len();
            for (of_generator, place) in [(true, 0), (true, of_g - 1), (false, 784 * 8 + 8 + 64 + 8)] {
                let mut state = first.clone();
                let slot = if of_generator { &mut state.generator } else { &mut state.discriminator };
                slot.parameters[place] = f32::NAN;
                let mut cpu = crate::cpu::mlp::Mlp::new(&recipe, pictures.clone(), &state, 1);
                let expected = one_step(&mut cpu, &recipe, &pictures, 0, 0);
                assert!(expected.d_loss.is_nan() && expected.g_loss.is_nan(), "{name}: {expected:?}");
                gpu.load(0, &state);
                let stats = one_step(&mut gpu, &recipe, &pictures, 0, 0);
                let place = format!("{name} on {}, parameter {place}: {stats:?}", adapter.description.name);
                for (got, expected) in [
                    (stats.d_loss, expected.d_loss),
                    (stats.g_loss, expected.g_loss),
                    (stats.d_fake, expected.d_fake),
                    (stats.d_margin, expected.d_margin),
                    (stats.g_gradient, expected.g_gradient),
                ] {
                    assert_eq!(got.is_nan(), expected.is_nan(), "{place}, on the CPU: {expected}");
                }
                assert!(!gpu.state(0).unwrap().is_finite(), "{place}");
            }
        }
    }
}
