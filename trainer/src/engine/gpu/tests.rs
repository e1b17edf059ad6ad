//! The step on a GPU is the reference's, by the rule of [`crate::engine::equality`], on every driver at hand; two runs give
//! the same bytes, and so does a replica and its run alone.
//!
//! The drivers are those that the machine has, software ones too: `cargo xtask test` sets up two, lavapipe and SwiftShader.

use std::sync::Arc;

use super::device::{Adapter, Needs, adapters, open};
use super::{Gpu, Setting};
use crate::dataset::{Dataset, Pictures};
use crate::engine::equality::{self, UnderJudgement};
use crate::engine::{Engine, State};
use crate::recipe::Recipe;

/// Runs `check` on each adapter; says so if there is none, which fails where nothing may be skipped.
fn on_every_adapter(check: impl Fn(&Adapter)) {
    let adapters = adapters();
    if adapters.is_empty() {
        assert!(std::env::var_os("FORGER_REQUIRE_ALL").is_none_or(|v| v != "1"), "no Vulkan, Metal or DirectX 12 driver");
        println!("skipped: no Vulkan, Metal or DirectX 12 driver was found");
    }
    adapters.iter().for_each(check);
}

/// One engine, put from state to state: its kernels need not be made again.
impl UnderJudgement for Gpu {
    fn at(&mut self, state: &State) -> &mut dyn Engine {
        self.load(0, state);
        self
    }
}

fn engine(adapter: &Adapter, recipe: &Recipe, pictures: &Arc<Pictures>, states: &[State]) -> Gpu {
    let setting = Setting { recipe, pictures: pictures.clone(), states, keeps_gradients: true };
    Gpu::with(&setting, |needs: &Needs| open(adapter, needs)).unwrap()
}

fn check(pictures: &Arc<Pictures>, name: &str, flags: &str) {
    let recipe = Recipe::load(name, &flags.parse().unwrap()).unwrap();
    on_every_adapter(|adapter| {
        let first = State::initial(&recipe, pictures.pixels, 0);
        let mut gpu = engine(adapter, &recipe, pictures, &[first]);
        equality::check(pictures, &recipe, &format!("{name} {flags:?} on {}", adapter.name), &mut gpu);
    });
}

fn mnist() -> Arc<Pictures> {
    Arc::new(Dataset::mnist().unwrap().test)
}

#[test]
fn one_step_equals_the_references_within_the_rule() {
    for name in ["seed", "stable"] {
        check(&mnist(), name, "");
    }
}

#[test]
fn so_it_does_with_odd_widths_and_small_batches() {
    for flags in ["hidden = 33\nbatch = 3", "hidden = 64\nbatch = 1", "hidden = 65\nbatch = 25\nlatent = 7"] {
        for name in ["seed", "stable"] {
            check(&mnist(), name, flags);
        }
    }
    check(&mnist(), "stable", "hidden = 40\nbatch = 50\nd_input_offset = 0.6\nr2_gamma = 0.0\nr2_gamma_final = 0.0");
}

#[test]
fn wide_networks_too() {
    for name in ["seed", "stable"] {
        check(&mnist(), name, "hidden = 512\nbatch = 20");
    }
}
