//! A model as a plan of tract's.

use std::path::Path;
use std::sync::Arc;

use prost::Message;
use tract_onnx::Onnx;
use tract_onnx::data_resolver::ModelDataResolver;
use tract_onnx::model::{ParseResult, ParsingContext};
use tract_onnx::pb;
use tract_onnx::tract_hir::internal::*;

use super::latent_dims;
use crate::onnx::{ModelProto, data_type, is_onnx};
use crate::picture::Given;
use crate::refusal::{Refusal, short};
use crate::rewrite;
use crate::taken::{Batch, Taken};

/// No value in a model may have more numbers: 256 MB of float32, a quarter of what a browser's module may take.
const VALUE_LIMIT: usize = 64 << 20;
/// Pictures of one and of many at a time may differ by what the order of sums does.
const SAME: f32 = 1e-3;

/// Many latent vectors in one run are as many as keep the largest value within a processor's cache…
#[cfg(not(target_family = "wasm"))]
const NUMBERS_AT_ONCE: usize = 1 << 20;
/// … and no more than that: a product of matrices gains nothing by more rows.
#[cfg(not(target_family = "wasm"))]
const MOST_AT_ONCE: usize = 64;

/// A plan, and what fills its inputs.
pub(super) struct Plan {
    state: TypedSimpleState,
    slots: Vec<Slot>,
    batch: usize,
    names: Vec<String>,
    /// Numbers in the largest value that a run makes.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a page draws by one plan alone"))]
    largest: usize,
}

/// What one run gave.
pub(super) struct Run {
    /// The outputs as they came.
    pub(super) given: Vec<Given>,
    /// Their numbers.
    pub(super) values: Vec<Vec<f32>>,
}

/// How an input is filled.
#[derive(Clone)]
struct Slot {
    name: String,
    dims: Vec<usize>,
    element: DatumType,
    filling: Filling,
}

#[derive(Clone)]
enum Filling {
    Latent,
    Class { one_hot: Option<usize> },
    Rest(f32),
}

impl Plan {
    /// Makes a model ready; tells what had to be rewritten once the shapes were known.
    pub(super) fn new(model: ModelProto, taken: &Taken) -> Result<(Plan, Vec<String>), Refusal> {
        known_operators(&model)?;
        match taken.latent.batch {
            Batch::Open | Batch::None | Batch::Fixed(1) => Plan::of(model, taken, 1),
            // Whatever a file was written for, most networks draw one picture as well, and a slider wants one.
            Batch::Fixed(batch) => {
                let (mut whole, told) = Plan::of(model.clone(), taken, batch)?;
                if let Ok((mut one, _)) = Plan::of(model, taken, 1)
                    && draws_the_same(&mut one, &mut whole, taken)
                {
                    return Ok((one, told));
                }
                Ok((whole, told))
            }
        }
    }

    fn of(mut model: ModelProto, taken: &Taken, batch: usize) -> Result<(Plan, Vec<String>), Refusal> {
        let names = model.graph.iter().flat_map(|graph| &graph.output).map(|output| output.name.clone()).collect();
        let mut told = Vec::new();
        if model.graph.as_ref().is_some_and(rewrite::wants_shapes) {
            let parsed = parse(&encoded(&model)?, taken, batch).map_err(in_words)?;
            let ParseResult { model: mut shaped, outlets_by_name, .. } = parsed;
            // As far as it gets: what it stumbles over is about to be rewritten.
            let _ = shaped.analyse(true);
            let shape = |name: &str| -> Option<Vec<usize>> {
                let fact = shaped.outlet_fact(*outlets_by_name.get(name)?).ok()?;
                fact.shape.concretize()?.iter().map(|dim| dim.to_usize().ok()).collect()
            };
            told = rewrite::with_shapes(model.graph.as_mut().expect("it was looked at"), &shape);
        }
        let proto = encoded(&model)?;
        drop(model);
        let plan = prepare(&proto, taken, batch, names).map_err(in_words)?;
        Ok((plan, told))
    }

    /// The same model for many latent vectors in one run, if it takes them and draws with them what `one` draws.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn wide(model: ModelProto, taken: &Taken, one: &mut Plan) -> Option<Plan> {
        let batch = match taken.latent.batch {
            Batch::Open => (NUMBERS_AT_ONCE / one.largest.max(1)).min(MOST_AT_ONCE),
            Batch::Fixed(batch) => batch,
            Batch::None => 1,
        };
        if one.batch > 1 || batch < 2 {
            return None;
        }
        let (mut wide, _) = Plan::of(model, taken, batch).ok()?;
        draws_the_same(one, &mut wide, taken).then_some(wide)
    }

    /// The same plan once more, for another thread.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn twin(&self) -> Result<Plan, Refusal> {
        let state = self.state.plan().spawn().map_err(in_words)?;
        let Plan { slots, batch, names, largest, .. } = self;
        Ok(Plan { state, slots: slots.clone(), batch: *batch, names: names.clone(), largest: *largest })
    }

    /// Latent vectors in one run.
    pub(super) fn batch(&self) -> usize {
        self.batch
    }

    pub(super) fn set_rest(&mut self, name: &str, value: f32) {
        for slot in self.slots.iter_mut().filter(|slot| slot.name == name) {
            slot.filling = Filling::Rest(value);
        }
    }

    /// `z`: [batch, latent size]; of class 0 where `classes` has none.
    pub(super) fn run(&mut self, z: &[f32], classes: &[u32]) -> Result<Run, Refusal> {
        let mut run = || -> TractResult<Run> {
            let inputs: TractResult<TVec<TValue>> =
                self.slots.iter().map(|slot| Ok(slot.tensor(z, classes, self.batch)?.into_tvalue())).collect();
            let outputs = self.state.run(inputs?)?;
            let (mut given, mut values) = (Vec::new(), Vec::new());
            for (index, output) in outputs.iter().enumerate() {
                let name = self.names.get(index).cloned().unwrap_or_default();
                given.push(Given { name, element: element_of(output.datum_type()), dims: output.shape().to_vec() });
                let numbers = output.cast_to::<f32>()?;
                values.push(numbers.try_as_plain_ram()?.as_slice::<f32>()?.to_vec());
            }
            Ok(Run { given, values })
        };
        run().map_err(in_words)
    }
}

impl Slot {
    fn tensor(&self, z: &[f32], classes: &[u32], batch: usize) -> TractResult<Tensor> {
        let count: usize = self.dims.iter().product();
        let class = |picture: usize| classes.get(picture).copied().unwrap_or(0);
        let values = match self.filling {
            Filling::Latent => z.to_vec(),
            Filling::Rest(value) => vec![value; count],
            Filling::Class { one_hot: None } => (0..count).map(|picture| class(picture) as f32).collect(),
            Filling::Class { one_hot: Some(size) } => {
                let mut values = vec![0.0; count];
                for picture in 0..batch.min(count / size.max(1)) {
                    values[picture * size + class(picture) as usize] = 1.0;
                }
                values
            }
        };
        ensure!(values.len() == count, "`{}` takes {count} numbers, not {}", self.name, values.len());
        Ok(Tensor::from_shape(&self.dims, &values)?.cast_to_dt(self.element)?.into_owned())
    }
}

/// Whether the first and the last of many pictures are what they are alone.
fn draws_the_same(one: &mut Plan, whole: &mut Plan, taken: &Taken) -> bool {
    let (size, batch) = (taken.latent.size, whole.batch);
    let z: Vec<f32> = crate::normal(batch * size);
    let Ok(many) = whole.run(&z, &[]) else { return false };
    [0, batch - 1].into_iter().all(|place| {
        let Ok(alone) = one.run(&z[place * size..(place + 1) * size], &[]) else { return false };
        alone.values.len() == many.values.len()
            && alone.values.iter().zip(&many.values).all(|(alone, among)| {
                let length = alone.len();
                length * batch == among.len()
                    && alone.iter().zip(&among[place * length..]).all(|(a, b)| (a - b).abs() <= SAME * (1.0 + b.abs()))
            })
    })
}

fn encoded(model: &ModelProto) -> Result<pb::ModelProto, Refusal> {
    let bytes = model.encode_to_vec();
    pb::ModelProto::decode(&*bytes)
        .map_err(|_| Refusal::Runtime { reason: "tract reads another version of ONNX".into() })
}

fn reader() -> Onnx {
    // What a file tells of its values often names the batch, which is about to get a size (upstream: sonos/tract issue 1028).
    let mut onnx = tract_onnx::onnx().with_ignore_value_info(true);
    onnx.op_register.insert("Resize", resize);
    Onnx { provider: Arc::new(NoOtherFiles), ..onnx }
}

/// tract's own Resize, in a graph of opset 7 to 9 too: there it stands for Upsample.
fn resize(context: &ParsingContext, node: &pb::NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let mut context = context.clone();
    if context.onnx_operator_set_version < 10 {
        context.onnx_operator_set_version = 11;
    }
    let register = tract_onnx::onnx().op_register;
    let own = register.0.get("Resize").context("tract has Resize")?;
    own(&context, node)
}

/// Reads a model and tells tract the shapes of its inputs.
fn parse(proto: &pb::ModelProto, taken: &Taken, batch: usize) -> TractResult<ParseResult> {
    let mut parsed = reader().parse(proto, None)?;
    ensure!(parsed.unresolved_inputs.is_empty(), "nothing in the file computes `{}`", parsed.unresolved_inputs[0]);
    for (index, slot) in slots(&parsed.model, taken, batch)?.into_iter().enumerate() {
        parsed.model.set_input_fact(index, InferenceFact::dt_shape(slot.element, slot.dims))?;
    }
    Ok(parsed)
}

fn prepare(proto: &pb::ModelProto, taken: &Taken, batch: usize, names: Vec<String>) -> TractResult<Plan> {
    let mut model = parse(proto, taken, batch)?.model;
    let slots = slots(&model, taken, batch)?;
    model.analyse(false)?;
    let mut largest = 0;
    for node in model.nodes() {
        for output in &node.outputs {
            let Some(dims) = output.fact.shape.concretize() else { continue };
            let numbers =
                dims.iter().try_fold(1usize, |n, dim| n.checked_mul(usize::try_from(dim.to_i64().ok()?).ok()?));
            ensure!(numbers.is_some_and(|n| n <= VALUE_LIMIT), "`{}` would make a value too large to hold", node.name);
            // Constants are no larger for more pictures.
            if !node.inputs.is_empty() {
                largest = largest.max(numbers.unwrap_or(0));
            }
        }
    }
    let state = TypedSimplePlan::new(model.into_optimized()?)?.spawn()?;
    Ok(Plan { state, slots, batch, names, largest })
}

/// How each input of a model is filled, in the model's order.
fn slots(model: &InferenceModel, taken: &Taken, batch: usize) -> TractResult<Vec<Slot>> {
    let slot = |outlet: &OutletId| -> TractResult<Slot> {
        let name = model.node(outlet.node).name.clone();
        let element = model.outlet_fact(*outlet)?.datum_type.concretize().unwrap_or(DatumType::F32);
        if name == taken.latent.name {
            return Ok(Slot { name, dims: latent_dims(taken, batch), element, filling: Filling::Latent });
        }
        if let Some(class) = taken.class.as_ref().filter(|class| class.name == name) {
            let one_hot = class.one_hot.then_some(class.count);
            let dims = filled(&class.dims, taken, batch, class.one_hot.then_some(class.count));
            return Ok(Slot { name, dims, element, filling: Filling::Class { one_hot } });
        }
        let rest = taken.rest.iter().find(|rest| rest.name == name);
        let rest = rest.with_context(|| format!("nothing is known of the input `{}`", short(&name)))?;
        let dims = filled(&rest.dims, taken, batch, None);
        Ok(Slot { name, dims, element, filling: Filling::Rest(rest.value) })
    };
    model.input_outlets()?.iter().map(slot).collect()
}

/// Sizes with those left open filled in: the first is the batch, the second what is known of it.
pub(super) fn filled(dims: &[Option<usize>], taken: &Taken, batch: usize, second: Option<usize>) -> Vec<usize> {
    let fixed = match taken.latent.batch {
        Batch::Fixed(size) => Some(size),
        _ => None,
    };
    let size = |(index, size): (usize, &Option<usize>)| match (index, size) {
        (0, None) => batch,
        // A batch of the file's own, drawn with another.
        (0, Some(size)) if Some(*size) == fixed => batch,
        (_, Some(size)) => *size,
        (1, None) => second.unwrap_or(1),
        (_, None) => 1,
    };
    dims.iter().enumerate().map(size).collect()
}

/// Refuses what tract has not, by name. tract itself looks at no domain, and would take another's operator for its own.
fn known_operators(model: &ModelProto) -> Result<(), Refusal> {
    let register = reader().op_register;
    for node in model.graph.iter().flat_map(|graph| &graph.node) {
        let known = is_onnx(&node.domain) || matches!(node.domain.as_str(), "ai.onnx.ml" | "com.microsoft");
        if !known || !register.0.contains_key(&node.op_type) {
            let prefix = if is_onnx(&node.domain) { String::new() } else { format!("{}.", short(&node.domain)) };
            return Err(Refusal::Operator { operator: prefix + &short(&node.op_type) });
        }
    }
    Ok(())
}

fn element_of(element: DatumType) -> i32 {
    match element {
        DatumType::U8 => data_type::UINT8,
        DatumType::I8 => data_type::INT8,
        DatumType::I32 => data_type::INT32,
        DatumType::I64 | DatumType::TDim => data_type::INT64,
        DatumType::Bool => data_type::BOOL,
        DatumType::F16 => data_type::FLOAT16,
        DatumType::F64 => data_type::DOUBLE,
        DatumType::String => data_type::STRING,
        _ => data_type::FLOAT,
    }
}

/// tract's chain of causes on one line; it may quote a whole node of the file, so no more of it than one reads.
fn in_words(error: TractError) -> Refusal {
    const LONGEST: usize = 300;
    let whole = error.chain().map(|cause| cause.to_string()).collect::<Vec<_>>().join(": ");
    let line: String = whole.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let reason = match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    };
    Refusal::Runtime { reason }
}

/// A path in a model is of whoever made it: what it names has been taken in before, or leads nowhere.
struct NoOtherFiles;

impl ModelDataResolver for NoOtherFiles {
    fn read_bytes_from_path(&self, _: &mut Vec<u8>, _: &Path, _: usize, _: Option<usize>) -> TractResult<()> {
        bail!("some weights are kept in another file")
    }
}
