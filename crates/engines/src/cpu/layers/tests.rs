//! The step layer by layer is the reference's, by the rule of [`crate::equality`], for whatever chain.

use std::sync::Arc;

use super::Layers;
use crate::cpu::mlp::Mlp;
use crate::equality::{self, one_step};
use crate::{Engine, State};
use data::{Dataset, Pictures};
use gan::recipe::Recipe;
use net::Layer;

fn mnist() -> Arc<Pictures> {
    Arc::new(Dataset::mnist().unwrap().test)
}

#[test]
fn one_step_of_any_chain_equals_the_references_within_the_rule() {
    for chain in equality::chains() {
        equality::check_on_the_cpu(&mnist(), &chain, &chain.name, &["cpu/layers"]);
    }
}

#[test]
fn one_step_of_convolutions_equals_the_references_within_the_rule() {
    let pictures = equality::pictures_of([3, 9, 7]);
    for recipe in equality::convolutions() {
        equality::check_on_the_cpu(&pictures, &recipe, &recipe.name, &["cpu/layers"]);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits_of_convolutions() {
    same_bits(&equality::pictures_of([3, 9, 7]), &equality::convolutions());
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let mut recipes = equality::chains();
    for (name, flags) in [("seed", ""), ("stable", "hidden = 70\nbatch = 33"), ("stable", "hidden = 300\nbatch = 17")] {
        recipes.push(Recipe::load(name, &flags.parse().unwrap()).unwrap());
    }
    same_bits(&mnist(), &recipes);
}

fn same_bits(pictures: &Arc<Pictures>, recipes: &[Recipe]) {
    for recipe in recipes {
        let first = State::initial(recipe, pictures.shape, 3);
        let after = |threads| {
            let mut engine = Layers::new(recipe, pictures.clone(), &first, threads);
            for step in 0..10 {
                one_step(&mut engine, recipe, pictures, step, step);
            }
            engine.state(0).unwrap()
        };
        let alone = after(1);
        for threads in [2, 3, 5, 16] {
            assert!(alone == after(threads), "{}: {threads} threads and one part", recipe.name);
        }
    }
}

#[test]
fn the_other_engine_declines_what_this_one_is_for() {
    let recipe = Recipe::load("stable", &toml::Table::new()).unwrap();
    assert_eq!(Mlp::takes(&recipe, gan::DataShape::grey(28, 28)), Ok(()));
    let g = |layers: &[Layer]| Recipe {
        generator: Some(gan::Layers { layers: [layers, &[Layer::dense_to_output(), Layer::Tanh]].concat() }),
        ..recipe.clone()
    };
    let hidden = |width| [Layer::dense(width), Layer::leaky_relu(0.2)];
    assert_eq!(Mlp::takes(&g(&[hidden(128), hidden(128)].concat()), gan::DataShape::grey(28, 28)), Ok(()));
    for (layers, reason) in [
        (hidden(128).to_vec(), "the generator is something else than two hidden layers"),
        ([hidden(128), hidden(64)].concat(), "the generator is something else than two hidden layers"),
        (
            [hidden(64), hidden(64)].concat(),
            "the generator is 64 wide with a slope of 0.2, the discriminator 128 with 0.2",
        ),
    ] {
        let told = Mlp::takes(&g(&layers), gan::DataShape::grey(28, 28)).unwrap_err();
        assert!(told.starts_with(reason), "{told}");
    }
}

#[test]
fn pictures_are_those_of_the_engine_for_two_hidden_layers() {
    let recipe = Recipe::load("stable", &toml::Table::new()).unwrap();
    let (pictures, z) = (mnist(), noise::sample_z(4, 7, recipe.latent));
    let state = State::initial(&recipe, pictures.shape, 8);
    let drawn = crate::cpu::engine(&recipe, pictures.clone(), &state, 1).generate(0, &z).unwrap();
    assert_eq!(drawn, Layers::new(&recipe, pictures, &state, 2).generate(0, &z).unwrap());
}
