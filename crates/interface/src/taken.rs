//! What a model takes: which input is the latent vector, which the class, and where the others rest.
//!
//! No writer marks them, so they are told by type, by shape, by name, and by what the graph does with them: a table that an
//! integer looks up has as many rows as there are classes, a matrix that the latent meets has as many rows as it has numbers.

use std::collections::{HashMap, HashSet};

use crate::onnx::{GraphProto, ModelProto, data_type};
use crate::port::{Names, Port, describe, inputs};
use crate::refusal::{Refusal, short};

/// No latent vector is longer: a sheet of a hundred of them is 79 MB.
const LATENT_LIMIT: usize = 3 * 256 * 256;
/// Classes where nothing in the graph counts them.
const USUAL_CLASSES: usize = 10;
/// More choices than that are no classes.
const CLASSES_LIMIT: usize = 100_000;

/// What a model takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// The latent vector.
    pub latent: Latent,
    /// The class of the picture, if the model is told one.
    pub class: Option<Class>,
    /// Inputs that stay as they are.
    pub rest: Vec<Rest>,
}

/// The input that pictures are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latent {
    /// The input's name.
    pub name: String,
    /// ONNX's number for the type of its numbers.
    pub element: i32,
    /// Its numbers for one picture.
    pub size: usize,
    /// The sizes of one latent vector, batch apart: [100], [100, 1, 1].
    pub dims: Vec<usize>,
    /// How the batch is given.
    pub batch: Batch,
}

/// How many latent vectors a model takes at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// As many as there are.
    Open,
    /// Always this many.
    Fixed(usize),
    /// One, and its shape does not say so.
    None,
}

/// The input that says of which class a picture is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// The input's name.
    pub name: String,
    /// ONNX's number for the type of its numbers.
    pub element: i32,
    /// How many classes there are, from 0.
    pub count: usize,
    /// Whether it is given as that many numbers, all 0 but one, rather than as its number.
    pub one_hot: bool,
    /// The sizes as the file tells them.
    pub dims: Vec<Option<usize>>,
}

/// An input that stays as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Rest {
    /// The input's name.
    pub name: String,
    /// ONNX's number for the type of its numbers.
    pub element: i32,
    /// What all of its numbers are.
    pub value: f32,
    /// The sizes as the file tells them.
    pub dims: Vec<Option<usize>>,
}

impl Rest {
    /// Whether it is one broken number, such as a `psi`, which a slider can set.
    pub fn is_setting(&self) -> bool {
        let float = matches!(self.element, data_type::FLOAT | data_type::FLOAT16 | data_type::DOUBLE);
        float && self.dims.iter().all(|size| size.is_none_or(|size| size == 1))
    }
}

impl Taken {
    /// Tells the inputs of a graph apart. `wish`: the name of the input that is the latent vector, if the user said so.
    ///
    /// # Errors
    /// A [`Refusal`] if nothing in it can be a latent vector, or the wish names no input.
    pub fn of(graph: &GraphProto, wish: Option<&str>) -> Result<Taken, Refusal> {
        let ports = inputs(graph);
        let names = Names::of(graph);
        let guesses: Vec<Guess> = ports.iter().map(|port| Guess::of(port, &names)).collect();
        let chosen = match wish {
            Some(name) => {
                let position = ports.iter().position(|port| port.name == name);
                position.ok_or_else(|| Refusal::Wish {
                    what: format!("the model has no input `{}`; it takes {}", short(name), describe(&ports)),
                })?
            }
            None => latent_among(graph, &ports, &guesses).ok_or_else(|| no_latent(graph, &ports))?,
        };
        let latent = latent(&ports[chosen], &guesses[chosen])?;
        let others = || (0..ports.len()).filter(move |&index| index != chosen);
        let class = others().find_map(|index| Some((index, class(&ports[index], &guesses[index], &names)?)));
        let class_index = class.as_ref().map(|(index, _)| *index);
        let rest =
            others().filter(|&index| Some(index) != class_index).map(|index| rest(&ports[index], &guesses[index]));
        Ok(Taken { latent, rest: rest.collect(), class: class.map(|(_, class)| class) })
    }
}

/// Settings that a file gives a value by itself, such as a `psi` of 0.7: takes the constants away, so that they are inputs
/// that rest there. Gives the values by name.
pub fn free_settings(model: &mut ModelProto) -> HashMap<String, f32> {
    /// Before it, every constant is listed as an input, whether it is to be changed or not.
    const DEFAULTS_SINCE: i64 = 4;
    let mut told = HashMap::new();
    let Some(graph) = model.graph.as_mut().filter(|_| model.ir_version >= DEFAULTS_SINCE) else { return told };
    let listed: HashSet<&str> = graph.input.iter().map(|input| input.name.as_str()).collect();
    // A word by itself: the `scale` of a layer has the layer's name before it.
    let is_setting = |name: &str| !name.contains(['.', '/', ':']) && Role::of(name) == Role::Setting;
    graph.initializer.retain(|tensor| {
        let is_one = tensor.dims.iter().all(|&size| size == 1) && tensor.data_type == data_type::FLOAT;
        let value = (is_one && is_setting(&tensor.name) && listed.contains(tensor.name.as_str()))
            .then(|| tensor.to_floats()?.first().copied().filter(|value| value.is_finite()));
        let Some(Some(value)) = value else { return true };
        told.insert(tensor.name.clone(), value);
        false
    });
    told
}

/// What can be said of one input by itself.
struct Guess {
    /// Its sizes for one picture, the open ones found in the graph where possible.
    dims: Option<Vec<usize>>,
    batch: Batch,
    /// Whether it is grey or colour of any height and width, as networks of convolutions alone leave them open.
    of_any_sides: bool,
}

impl Guess {
    fn of(port: &Port, names: &Names) -> Guess {
        let sides = port.dims.as_deref();
        let of_any_sides = matches!(sides, Some([_, Some(1 | 3), None, None] | [_, None, None, Some(1 | 3)]))
            && Role::of(&port.name) != Role::Latent;
        let (dims, batch) = Guess::sizes(port, names);
        Guess { dims, batch, of_any_sides }
    }

    /// Its sizes for one picture, and how many at a time.
    fn sizes(port: &Port, names: &Names) -> (Option<Vec<usize>>, Batch) {
        let found = |rank_left: usize| {
            size_by_use(names, &port.name).map(|size| {
                // All in the first dimension: [100, 1, 1].
                let mut dims = vec![1; rank_left.max(1)];
                dims[0] = size;
                dims
            })
        };
        match port.dims.as_deref() {
            None => (found(1), Batch::Open),
            Some([]) => (Some(vec![]), Batch::None),
            // One dimension: a number for each picture if it is open, else one vector.
            Some([None]) => (Some(vec![]), Batch::Open),
            Some([Some(1)]) => (Some(vec![]), Batch::Fixed(1)),
            Some([Some(size)]) => (Some(vec![*size]), Batch::None),
            Some([batch, rest @ ..]) => {
                let batch = batch.map_or(Batch::Open, Batch::Fixed);
                let dims: Option<Vec<usize>> = rest.iter().copied().collect();
                (dims.or_else(|| found(rest.len())), batch)
            }
        }
    }

    fn size(&self) -> Option<usize> {
        self.dims.as_ref()?.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
    }

    /// Whether it has the shape of a picture: three dimensions, two of them of several pixels.
    fn is_picture(&self) -> bool {
        if self.of_any_sides {
            return true;
        }
        let Some(dims) = &self.dims else { return false };
        let wide = dims.iter().filter(|&&size| size >= 8).count();
        match dims[..] {
            [1 | 3 | 4, _, _] | [_, _, 1 | 3 | 4] => wide >= 2,
            _ => false,
        }
    }
}

/// The input that is the latent vector: the broken numbers of the most telling name, then of the greatest length. What has the
/// shape of a picture is one only with the four channels of a decoder's map of latent numbers, and if far more comes out.
fn latent_among(graph: &GraphProto, ports: &[Port], guesses: &[Guess]) -> Option<usize> {
    let most_given = graph.output.iter().filter_map(|output| numbers(&Port::of(output))).max().unwrap_or(0);
    let possible = (0..ports.len()).filter(|&index| {
        let (guess, size) = (&guesses[index], guesses[index].size().unwrap_or(0));
        let is_map = || guess.dims.as_ref().is_some_and(|dims| dims[0] == 4) && size.saturating_mul(4) <= most_given;
        ports[index].is_float() && size > 0 && (!guess.is_picture() || is_map())
    });
    let rank = |&index: &usize| {
        let (name, size) = (&ports[index].name, guesses[index].size().unwrap_or(0));
        let told = match Role::of(name) {
            Role::Latent => 2,
            Role::Unknown => 1,
            Role::Class | Role::Setting => 0,
        };
        // A single number is a setting rather than a vector, whatever it is called.
        (size > 1, told, size, std::cmp::Reverse(index))
    };
    possible.max_by_key(rank)
}

fn latent(port: &Port, guess: &Guess) -> Result<Latent, Refusal> {
    let (Some(dims), Some(size)) = (guess.dims.clone(), guess.size().filter(|&size| size > 0)) else {
        let what = format!("the model does not say how many numbers {} takes for a picture", port.describe());
        return Err(Refusal::NoGenerator { what, hint: "export it with a latent vector of a fixed length" });
    };
    if !port.is_float() {
        let what = format!("the input {} does not take the numbers of a latent vector", port.describe());
        return Err(Refusal::Wish { what });
    }
    if size > LATENT_LIMIT {
        return Err(Refusal::TooLarge {
            what: format!("a latent vector has {size} numbers, at most {LATENT_LIMIT} are taken"),
        });
    }
    Ok(Latent { name: port.name.clone(), element: port.element, size, dims, batch: guess.batch })
}

/// What a name says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Latent,
    Class,
    Setting,
    Unknown,
}

impl Role {
    fn of(name: &str) -> Role {
        let name = name.to_ascii_lowercase();
        // `serving_default_noise:0` and `onnx::Gemm_0` are words too.
        let words: Vec<&str> = name.split(|character: char| !character.is_ascii_alphanumeric()).collect();
        let has = |list: &[&str]| {
            words.iter().any(|word| list.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit())))
        };
        if has(&["psi", "truncation", "trunc", "temperature", "temp", "scale", "strength", "sigma", "gain", "alpha"]) {
            Role::Setting
        } else if has(&[
            "label",
            "labels",
            "class",
            "classes",
            "y",
            "cond",
            "condition",
            "onehot",
            "category",
            "digit",
            "digits",
        ]) {
            Role::Class
        } else if has(&["z", "latent", "latents", "noise", "w", "seed"]) {
            Role::Latent
        } else {
            Role::Unknown
        }
    }
}

/// The class, if an input is one: a whole number for each picture, or a one-hot vector that says so in its name.
fn class(port: &Port, guess: &Guess, names: &Names) -> Option<Class> {
    let size = guess.size().unwrap_or(1);
    let made = |count, one_hot| {
        let dims = port.dims.clone().unwrap_or_else(|| vec![None]);
        Some(Class { name: port.name.clone(), element: port.element, count, one_hot, dims })
    };
    if port.is_integer() && size == 1 {
        return made(classes_by_use(names, &port.name).unwrap_or(USUAL_CLASSES), false);
    }
    let is_one_hot = (2..=CLASSES_LIMIT).contains(&size) && Role::of(&port.name) == Role::Class;
    if is_one_hot && (port.is_float() || port.is_integer()) { made(size, true) } else { None }
}

/// Where an input rests: a single setting at 1, all else at 0.
fn rest(port: &Port, guess: &Guess) -> Rest {
    let single = guess.size() == Some(1) && port.is_float();
    let value = match Role::of(&port.name) {
        Role::Setting => 1.0,
        Role::Class => 0.0,
        _ if single => 1.0,
        _ => 0.0,
    };
    Rest {
        name: port.name.clone(),
        element: port.element,
        value,
        dims: port.dims.clone().unwrap_or_else(|| vec![None]),
    }
}

/// How many numbers the operator wants that an input meets first.
fn size_by_use(names: &Names, input: &str) -> Option<usize> {
    let size = |tensor: Option<&&crate::onnx::TensorProto>, axis: usize| {
        usize::try_from(*tensor?.dims.get(axis)?).ok().filter(|&size| size > 0)
    };
    first_use(names, input, &mut |node, index| {
        let other = names.constants.get(node.input(1)?);
        match (node.op_type.as_str(), index) {
            ("MatMul", 0) => size(other, 0),
            ("Gemm", 0) => {
                size(other, usize::from(node.attribute("transB").is_some_and(|transposed| transposed.i != 0)))
            }
            ("ConvTranspose", 0) => size(other, 0),
            ("Conv", 0) => size(other, 1),
            _ => None,
        }
    })
}

/// How many rows the table has that an integer looks up.
fn classes_by_use(names: &Names, input: &str) -> Option<usize> {
    let count = |tensor: Option<&&crate::onnx::TensorProto>| {
        let rows = usize::try_from(*tensor?.dims.first()?).ok();
        rows.filter(|rows| (1..=CLASSES_LIMIT).contains(rows))
    };
    first_use(names, input, &mut |node, index| match (node.op_type.as_str(), index) {
        ("Gather", 1) => count(names.constants.get(node.input(0)?)),
        ("OneHot", 0) => {
            let depth = names.constants.get(node.input(1)?)?;
            let depth = depth
                .to_int64s()
                .and_then(|depth| depth.first().copied())
                .or_else(|| Some(*depth.to_floats()?.first()? as i64))?;
            usize::try_from(depth).ok().filter(|depth| (1..=CLASSES_LIMIT).contains(depth))
        }
        _ => None,
    })
}

/// Follows a value through what keeps its numbers, to the first node of which `found` says something.
fn first_use<T>(
    names: &Names,
    value: &str,
    found: &mut impl FnMut(&crate::onnx::NodeProto, usize) -> Option<T>,
) -> Option<T> {
    /// Such chains are of a few nodes; a hostile one has a million.
    const LONGEST: usize = 32;
    let mut value = value;
    for _ in 0..LONGEST {
        let uses = names.consumers(value);
        if let Some(answer) = uses.iter().find_map(|(node, index)| found(node, *index)) {
            return Some(answer);
        }
        let passes = ["Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Dropout", "Clip"];
        let next = uses.iter().find(|(node, index)| *index == 0 && passes.contains(&node.op_type.as_str()));
        value = next?.0.output.first()?;
    }
    None
}

/// How many numbers an output has for one picture, as far as the file tells.
fn numbers(port: &Port) -> Option<usize> {
    let sizes = port.dims.as_ref()?.iter().skip(1).map(|size| size.unwrap_or(1));
    Some(sizes.fold(1usize, usize::saturating_mul))
}

/// Why none of the inputs is a latent vector.
fn no_latent(graph: &GraphProto, ports: &[Port]) -> Refusal {
    let takes = describe(ports);
    let words = ["input_ids", "attention_mask", "token_type_ids", "tokens", "decoder_input_ids"];
    let no_generator = |what: String, hint| Refusal::NoGenerator { what, hint };
    const GENERATOR: &str = "take the generator's file: it takes a latent vector of numbers and gives a picture";
    if ports.iter().any(|port| words.contains(&port.name.as_str())) {
        return no_generator(
            format!("this is a model of text, not a generator of pictures: it takes {takes}"),
            GENERATOR,
        );
    }
    if ports.iter().any(|port| port.element == data_type::STRING) {
        return no_generator(
            format!("this is a model of text, not a generator of pictures: it takes {takes}"),
            GENERATOR,
        );
    }
    let names = Names::of(graph);
    let outputs: Vec<Port> = graph.output.iter().map(Port::of).collect();
    let pictures: Vec<Guess> = ports.iter().map(|port| Guess::of(port, &names)).filter(Guess::is_picture).collect();
    if !pictures.is_empty() {
        let gives_picture = outputs.first().is_some_and(|output| Guess::of(output, &names).is_picture());
        let what = match outputs.first().and_then(numbers) {
            told if gives_picture || told.is_none() => {
                format!("this model makes pictures of pictures, not of a latent vector: it takes {takes}")
            }
            Some(1) => format!(
                "this is a discriminator, not a generator: it takes pictures and gives one number for each: {takes}"
            ),
            _ => format!("this is a classifier or an encoder, not a generator: it takes pictures: {takes}"),
        };
        return no_generator(what, GENERATOR);
    }
    if ports.is_empty() {
        return no_generator(
            "the model takes no input: its latent vector is drawn inside".into(),
            "export the generator with z as its input: `torch.onnx.export(netG, z, 'gen.onnx')`",
        );
    }
    no_generator(format!("none of the model's inputs is a latent vector: it takes {takes}"), GENERATOR)
}
