//! What makes files of a run, and reads them: recipes of any TOML, checkpoints, models. A page fetches it when somebody asks for one
//! of these, as a module of its own; what it and the module that trains hand each other is a [`Parcel`]'s bytes.

use engines::cpu::mlp::Mlp;
use failure::{Failure, Result};
use gan::recipe::{BUILT_IN, Recipe};
use record::checkpoint::Checkpoint;
use record::parcel::{Parcel, recipe_to_bytes};

use crate::trainer::other_networks;

/// Reads a built-in recipe by its name, or one as TOML, with the TOML `changes` over it; gives it as
/// [`record::parcel::recipe_from_bytes`] reads it.
///
/// # Errors
/// Refuses a recipe that is none, in the trainer's words, and layers of its own.
pub fn recipe(name_or_text: &str, changes: &str) -> Result<Vec<u8>> {
    let changes = changes.parse().map_err(|error: toml::de::Error| {
        Failure::usage(format!("the changes to the recipe are no TOML: {}", error.to_string().trim_end()))
    })?;
    let recipe = match BUILT_IN.iter().find(|(name, _)| *name == name_or_text) {
        Some((name, text)) => Recipe::parse(text, name, &changes)?,
        None => Recipe::parse(name_or_text, "of the page", &changes)?,
    };
    recipe_to_bytes(&recipe).ok_or_else(|| other_networks(LAYERS.to_owned()))
}

/// Gives the run as a checkpoint: `trainer --from` begins from its weights, and [`open`] reads it.
///
/// # Errors
/// Refuses what is no parcel.
pub fn checkpoint(parcel: &[u8]) -> Result<Vec<u8>> {
    Ok(read(parcel)?.to_bytes())
}

/// Gives the run's generator as ONNX: the file that the trainer would write.
///
/// # Errors
/// Refuses what is no parcel.
pub fn export(parcel: &[u8]) -> Result<Vec<u8>> {
    let checkpoint = read(parcel)?;
    exporter::export_as(&checkpoint.to_bytes(), &checkpoint.identity.architecture())
        .map_err(|error| Failure::failed(format!("the export failed: {error}")))
}

/// Reads a checkpoint, of a page or of the trainer, and gives it as a parcel's bytes.
///
/// # Errors
/// Refuses a checkpoint that is damaged, and networks that are not trained here.
pub fn open(checkpoint: &[u8]) -> Result<Vec<u8>> {
    let mut checkpoint = Checkpoint::from_bytes(checkpoint)?;
    let recipe = &mut checkpoint.identity.recipe;
    if recipe.generator.is_some() || recipe.discriminator.is_some() {
        return Err(other_networks(LAYERS.to_owned()));
    }
    Mlp::takes(recipe, checkpoint.identity.data).map_err(other_networks)?;
    Ok(Parcel { checkpoint, last_epoch: None }.to_bytes())
}

const LAYERS: &str = "this recipe lists layers of its own";

fn read(parcel: &[u8]) -> Result<Checkpoint> {
    let parcel = Parcel::from_bytes(parcel).ok_or_else(|| Failure::failed("what was trained did not arrive whole"))?;
    Ok(parcel.into_checkpoint())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_are_read_as_the_trainer_reads_them_and_refused_in_its_words() {
        let read = recipe("stable", "lr = 0.0012345678901234567").unwrap();
        let read = record::parcel::recipe_from_bytes(&read).unwrap();
        assert_eq!(read.lr, 0.0012345678901234567);
        for (name, text, changes, part) in [
            ("no TOML", "stable", "lr = ", "no TOML"),
            ("no such key", "stable", "lrr = 1", "did you mean `lr`"),
            ("no recipe", "lr = 1", "", "`latent` is missing"),
            ("layers", "conv", "", "perceptrons of two hidden layers alone, and this recipe lists layers"),
        ] {
            let failure = recipe(text, changes).unwrap_err();
            assert!(failure.message.contains(part), "{name}: {failure}");
        }
    }

    #[test]
    fn what_is_no_parcel_or_no_checkpoint_is_refused() {
        assert!(checkpoint(b"nothing").is_err() && export(&[]).is_err() && open(b"no checkpoint").is_err());
    }
}
