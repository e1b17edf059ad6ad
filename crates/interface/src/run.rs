//! Any generator, drawn with the whole of tract: its ONNX reader, its optimiser, its kernels.
//!
//! tract's reader is not written for hostile files: it may panic. Natively that is caught; in the browser it ends the module,
//! and the page starts another one.

mod guard;
#[cfg(not(target_family = "wasm"))]
mod many;
mod tract;

use std::collections::BTreeMap;

use prost::bytes::Bytes;

use crate::envelope;
use crate::external;
use crate::onnx::GraphProto;
use crate::picture::{Layout, Picture};
use crate::port::{Port, inputs};
use crate::random::normal;
use crate::range::Range;
use crate::refusal::Refusal;
use crate::rewrite;
use crate::taken::{Batch, Taken, free_settings};
use tract::{Plan, Run};

/// A file is held in memory a few times while it is loaded; this much is still given.
const FILE_LIMIT: usize = 512 << 20;
/// Random latent vectors that are drawn to see what the numbers of a picture mean…
const LOOKED_AT: usize = 100;
/// … fewer where the pictures are large: so many pixels say it as well.
const PIXELS_LOOKED_AT: usize = 1 << 20;
const AT_LEAST: usize = 8;

/// What the user says of a model, where it would not be found out: each left out is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The name of the input that is the latent vector.
    pub input: Option<String>,
    /// The name of the output that is the picture.
    pub output: Option<String>,
    /// How the picture's numbers lie.
    pub layout: Option<Layout>,
    /// What the picture's numbers mean.
    pub range: Option<Range>,
}

/// What was taken for what.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Interface {
    /// The inputs.
    pub taken: Taken,
    /// The output that is the picture.
    pub picture: Picture,
    /// What its numbers mean.
    pub range: Range,
    /// What had to be rewritten for tract, a phrase each.
    pub rewritten: Vec<String>,
    /// Operators that draw random numbers: the same latent vector does not give the same picture.
    pub random: Vec<String>,
    /// The inputs that could be the latent vector, by their names: what [`Wishes::input`] may say.
    pub inputs: Vec<String>,
    /// The outputs, by their names: what [`Wishes::output`] may say.
    pub outputs: Vec<String>,
}

impl Interface {
    /// What is told of it, as keys and texts: `latent`, `class`, `rest`, `picture`, `layout`, `range`, `rewritten`, `random`;
    /// what there is nothing of is left out.
    pub fn told(&self) -> Vec<(&'static str, String)> {
        let Interface { taken, picture, range, rewritten, random, .. } = self;
        let batch = match taken.latent.batch {
            Batch::Fixed(size) if size > 1 => format!(", {size} at a time"),
            _ => String::new(),
        };
        let mut told = vec![("latent", format!("{}: {} numbers{batch}", taken.latent.name, taken.latent.size))];
        if let Some(class) = &taken.class {
            let form = if class.one_hot { "one-hot" } else { "its number" };
            told.push(("class", format!("{}: {} classes, {form}", class.name, class.count)));
        }
        told.extend(taken.rest.iter().map(|rest| ("rest", format!("{}: {}", rest.name, rest.value))));
        let colour = ["grey", "grey with opacity", "colour", "colour with opacity"][picture.channels.clamp(1, 4) - 1];
        told.push(("picture", format!("{}: {} by {}, {colour}", picture.name, picture.width, picture.height)));
        told.push(("layout", picture.layout.to_string()));
        told.push(("range", range.to_string()));
        told.extend(rewritten.iter().map(|phrase| ("rewritten", phrase.clone())));
        if !random.is_empty() {
            told.push(("random", random.join(", ")));
        }
        told
    }
}

impl Interface {
    /// What each input of the file takes for one latent vector, of class 0: for drawing with another runtime. A batch that is
    /// baked in is filled with the same vector.
    pub fn filled_inputs(&self, z: &[f32]) -> Vec<Filled> {
        let batch = match self.taken.latent.batch {
            Batch::Fixed(size) => size,
            _ => 1,
        };
        let latent = &self.taken.latent;
        let values = z.iter().copied().cycle().take(batch * latent.size).collect();
        let mut filled = vec![Filled {
            name: latent.name.clone(),
            element: latent.element,
            dims: latent_dims(&self.taken, batch),
            values,
        }];
        filled.extend(self.taken.class.as_ref().map(|class| {
            let dims = tract::filled(&class.dims, &self.taken, batch, class.one_hot.then_some(class.count));
            let count: usize = dims.iter().product();
            let value = |place: usize| f32::from(class.one_hot && place.is_multiple_of(class.count));
            Filled { name: class.name.clone(), element: class.element, dims, values: (0..count).map(value).collect() }
        }));
        filled.extend(self.taken.rest.iter().map(|rest| {
            let dims = tract::filled(&rest.dims, &self.taken, batch, None);
            let values = vec![rest.value; dims.iter().product()];
            Filled { name: rest.name.clone(), element: rest.element, dims, values }
        }));
        filled
    }

    /// Planar pictures put onto -1 to 1, and grey with opacity into four channels.
    fn signed(&self, mut values: Vec<f32>) -> Vec<f32> {
        self.range.to_signed(&mut values);
        match self.picture.channels {
            2 => with_grey_as_colour(&values, self.picture.height * self.picture.width),
            _ => values,
        }
    }
}

/// A generator of anyone's, ready to draw.
pub struct Generator {
    interface: Interface,
    metadata: BTreeMap<String, String>,
    plan: Plan,
    /// The same for many latent vectors at a time, where that was asked for and can be.
    #[cfg(not(target_family = "wasm"))]
    wide: Option<Plan>,
    /// Which of the plan's outputs is the picture.
    output: usize,
}

impl std::fmt::Debug for Generator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.debug_struct("Generator").field("interface", &self.interface).finish_non_exhaustive()
    }
}

impl Generator {
    /// Opens a model file, and those that it names in its folder.
    ///
    /// # Errors
    /// A [`Refusal`]: what the file is instead, or what it lacks.
    #[cfg(not(target_family = "wasm"))]
    pub fn open(path: &std::path::Path, wishes: &Wishes) -> std::io::Result<Result<Generator, Refusal>> {
        let bytes = std::fs::read(path)?;
        let folder = path.parent().unwrap_or(std::path::Path::new(""));
        Ok(Generator::from_bytes(bytes.into(), &mut |name| external::read_beside(folder, name), wishes))
    }

    /// Reads a whole model file. `beside`: the bytes of another file that the model names.
    ///
    /// # Errors
    /// A [`Refusal`]: what the file is instead, or what it lacks.
    pub fn from_bytes(
        bytes: Bytes,
        beside: &mut dyn FnMut(&str) -> Option<Bytes>,
        wishes: &Wishes,
    ) -> Result<Generator, Refusal> {
        Generator::built(bytes, beside, wishes, false)
    }

    /// `many`: whether it is to draw many pictures at a time too.
    fn built(
        bytes: Bytes,
        beside: &mut dyn FnMut(&str) -> Option<Bytes>,
        wishes: &Wishes,
        many: bool,
    ) -> Result<Generator, Refusal> {
        if bytes.len() > FILE_LIMIT {
            return Err(Refusal::TooLarge {
                what: format!("the file has {} bytes, at most {FILE_LIMIT} are taken", bytes.len()),
            });
        }
        let mut model = envelope::decode(bytes)?;
        external::take_in(&mut model, beside)?;
        let metadata = model.metadata_props.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect();
        let told = free_settings(&mut model);
        let graph = model.graph.as_ref().expect("`decode` takes no file without one");
        let mut taken = Taken::of(graph, wishes.input.as_deref())?;
        for rest in &mut taken.rest {
            rest.value = told.get(&rest.name).copied().unwrap_or(rest.value);
        }
        let ends = ends(graph);
        let float = inputs(graph).into_iter().filter(Port::is_float).map(|port| port.name);
        let names = [float.collect(), graph.output.iter().map(|output| output.name.clone()).collect()];
        let mut rewritten = rewrite::rewrite(&mut model)?;
        let random = rewrite::random_operators(model.graph.as_ref().expect("it is still there"));
        #[cfg(not(target_family = "wasm"))]
        let again = many.then(|| model.clone());
        #[cfg(target_family = "wasm")]
        let _ = many;
        let (plan, told) = guard::caught(|| Plan::new(model, &taken))?;
        rewritten.extend(told);
        let mut generator = Generator::looked_at(plan, taken, [rewritten, random], names, metadata, wishes)?;
        #[cfg(not(target_family = "wasm"))]
        generator.widen(again);
        generator.interface.range = match wishes.range {
            Some(range) => range,
            None => generator.range(&ends)?,
        };
        Ok(generator)
    }

    /// Finds the picture by a first run.
    fn looked_at(
        mut plan: Plan,
        taken: Taken,
        [rewritten, random]: [Vec<String>; 2],
        [inputs, outputs]: [Vec<String>; 2],
        metadata: BTreeMap<String, String>,
        wishes: &Wishes,
    ) -> Result<Generator, Refusal> {
        let size = taken.latent.size;
        let Run { given, values } = guard::caught(|| plan.run(&vec![0.0; plan.batch() * size], &[]))?;
        let (output, picture) = Picture::among(&given, plan.batch(), wishes.output.as_deref(), wishes.layout)?;
        if values[output].iter().any(|value| !value.is_finite()) {
            return Err(Refusal::NotFinite);
        }
        let interface = Interface { taken, picture, range: Range::Signed, rewritten, random, inputs, outputs };
        Ok(Generator {
            interface,
            metadata,
            plan,
            #[cfg(not(target_family = "wasm"))]
            wide: None,
            output,
        })
    }

    /// What the picture's numbers mean, by the operator that makes them or else by themselves.
    fn range(&mut self, ends: &[(String, Option<Range>)]) -> Result<Range, Refusal> {
        let name = &self.interface.picture.name;
        if let Some(range) = ends.iter().find(|(output, _)| output == name).and_then(|(_, range)| *range) {
            return Ok(range);
        }
        let count = (PIXELS_LOOKED_AT / self.interface.picture.pixels()).clamp(AT_LEAST, LOOKED_AT);
        let z = normal(count * self.interface.taken.latent.size);
        let values = self.raw(&z, &[])?;
        Ok(Range::by_values(&values))
    }

    /// What was taken for what.
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    /// The file's `metadata_props`. They come from whoever made the file.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// How many numbers make one latent vector.
    pub fn latent_size(&self) -> usize {
        self.interface.taken.latent.size
    }

    /// How many classes there are; 0 if the model is told none.
    pub fn classes(&self) -> usize {
        self.interface.taken.class.as_ref().map_or(0, |class| class.count)
    }

    /// Channels, height and width of a picture; a grey one with opacity has the four channels of colour with opacity.
    pub fn image_shape(&self) -> [usize; 3] {
        let Picture { channels, height, width, .. } = self.interface.picture;
        [if channels == 2 { 4 } else { channels }, height, width]
    }

    /// Sets where the inputs rest that are neither latent vector nor class, by name.
    ///
    /// # Errors
    /// [`Refusal::Wish`] if there is no such input.
    pub fn set_rest(&mut self, name: &str, value: f32) -> Result<(), Refusal> {
        let Some(rest) = self.interface.taken.rest.iter_mut().find(|rest| rest.name == name) else {
            return Err(Refusal::Wish {
                what: format!("the model has no input `{}` to set", crate::refusal::short(name)),
            });
        };
        rest.value = value;
        #[cfg(not(target_family = "wasm"))]
        if let Some(wide) = &mut self.wide {
            wide.set_rest(name, value);
        }
        self.plan.set_rest(name, value);
        Ok(())
    }

    /// Draws a picture for each latent vector, of the class beside it: of class 0 where `classes` has none.
    ///
    /// `z`: [n, latent_size] row-major; returns [n, channels · height · width], row-major, from -1 to 1; a model that
    /// overshoots does so here too.
    ///
    /// # Errors
    /// A [`Refusal`] with what the runtime says, or where `z` is not whole vectors, or there is no such class.
    pub fn generate(&mut self, z: &[f32], classes: &[u32]) -> Result<Vec<f32>, Refusal> {
        self.can_draw(z, classes)?;
        let raw = self.raw(z, classes)?;
        Ok(self.interface.signed(raw))
    }

    fn can_draw(&self, z: &[f32], classes: &[u32]) -> Result<(), Refusal> {
        if !z.len().is_multiple_of(self.latent_size()) {
            let what = format!("{} numbers are not whole latent vectors of {}", z.len(), self.latent_size());
            return Err(Refusal::Wish { what });
        }
        if let Some(class) = classes.iter().find(|&&class| class as usize >= self.classes().max(1)) {
            let what = format!("there is no class {class}: the model has {}", self.classes());
            return Err(Refusal::Wish { what });
        }
        Ok(())
    }

    /// What another runtime gave for [`Interface::filled_inputs`], as [`generate`](Generator::generate) gives it: `values` are
    /// whole pictures as the model has them.
    pub fn finished(&self, values: &[f32]) -> Vec<f32> {
        self.interface.signed(self.interface.picture.planar(values))
    }

    /// The numbers of pictures as the model gives them, in the order [n, channels, height, width].
    fn raw(&mut self, z: &[f32], classes: &[u32]) -> Result<Vec<f32>, Refusal> {
        drawn(&mut self.plan, self.output, &self.interface, z, classes)
    }
}

/// Draws with a plan, in rounds of its batch: pictures as the model gives them, in the order [n, channels, height, width].
fn drawn(
    plan: &mut Plan,
    output: usize,
    interface: &Interface,
    z: &[f32],
    classes: &[u32],
) -> Result<Vec<f32>, Refusal> {
    let (batch, size) = (plan.batch(), interface.taken.latent.size);
    let pixels = interface.picture.pixels();
    let mut images = Vec::with_capacity(z.len() / size * pixels);
    for (round, z) in z.chunks(batch * size).enumerate() {
        let count = z.len() / size;
        let first = (round * batch).min(classes.len());
        let classes = &classes[first..(first + count).min(classes.len())];
        // A round of a fixed batch is filled up.
        let mut whole = z.to_vec();
        whole.resize(batch * size, 0.0);
        let run = guard::caught(|| plan.run(&whole, classes))?;
        let values = run.values.get(output).filter(|values| values.len() == batch * pixels);
        let values = values.ok_or_else(|| Refusal::Runtime { reason: "its pictures changed their size".into() })?;
        images.extend(interface.picture.planar(&values[..count * pixels]));
    }
    Ok(images)
}

/// An input as it is given to any runtime.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Filled {
    /// Its name.
    pub name: String,
    /// ONNX's number for the type that the file wants.
    pub element: i32,
    /// Its sizes.
    pub dims: Vec<usize>,
    /// Its numbers, row-major.
    pub values: Vec<f32>,
}

/// What the last operators say of each output.
fn ends(graph: &GraphProto) -> Vec<(String, Option<Range>)> {
    graph.output.iter().map(|output| (output.name.clone(), Range::by_operator(graph, &output.name))).collect()
}

/// Grey and opacity as three times grey, and opacity.
fn with_grey_as_colour(values: &[f32], plane: usize) -> Vec<f32> {
    let pictures = values.chunks_exact(2 * plane);
    pictures.flat_map(|picture| [&picture[..plane], &picture[..plane], picture].concat()).collect()
}

/// The sizes of latent vectors, the batch among them.
fn latent_dims(taken: &Taken, batch: usize) -> Vec<usize> {
    let dims = &taken.latent.dims;
    match taken.latent.batch {
        Batch::None => dims.clone(),
        _ => [&[batch], dims.as_slice()].concat(),
    }
}
