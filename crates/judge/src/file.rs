//! A judge as a file: safetensors, its weights by name, and in the metadata what it was trained on.

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::turns::{self, Task};
use super::{Judge, lenet::Architecture};
use failure::{Failure, Result};

/// Names the metadata's one key: several would come in an order that changes from run to run, and with it the bytes.
const KEY: &str = "judge";
/// Names the format and its version.
const FORMAT: &str = "forger-judge-1";
/// Bounds the classes: no label is larger than a byte.
const MOST_CLASSES: usize = 256;

/// Holds what the metadata says of a judge, as JSON.
#[derive(Serialize, Deserialize)]
struct About {
    format: String,
    /// Names the data set.
    dataset: String,
    /// Tells the training pictures apart from others.
    fingerprint: String,
    image_shape: [usize; 3],
    classes: usize,
    /// Names what it was taught.
    #[serde(default, skip_serializing_if = "Task::is_classes")]
    task: Task,
    /// Gives the share of the test pictures that it was right on.
    accuracy: f64,
}

/// Writes the file's bytes; the same judge gives the same bytes.
pub(super) fn to_bytes(judge: &Judge) -> Vec<u8> {
    let tensors: Vec<_> = judge
        .architecture
        .tensors()
        .into_iter()
        .map(|spec| {
            let bytes: Vec<u8> = judge.parameters[spec.range].iter().flat_map(|value| value.to_le_bytes()).collect();
            (spec.name, spec.shape, bytes)
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).expect("shape and bytes come from one layout");
        (name.as_str(), view)
    });
    let about = About {
        format: FORMAT.to_owned(),
        dataset: judge.dataset.clone(),
        fingerprint: judge.fingerprint.clone(),
        image_shape: judge.architecture.image_shape(),
        classes: judge.architecture.classes(),
        task: judge.task,
        accuracy: judge.accuracy,
    };
    let about = serde_json::to_string(&about).expect("numbers and strings are JSON");
    safetensors::serialize(views, Some([(KEY.to_owned(), about)].into())).expect("names are distinct and sizes fit")
}

/// Reads a file's bytes; `origin` names it in errors.
///
/// # Errors
/// Says what is wrong with it: no safetensors, no judge, a tensor that is missing or of another shape, a weight that is
/// no number.
pub(super) fn from_bytes(bytes: &[u8], origin: &str) -> Result<Judge> {
    let broken = |what: String| {
        Failure::failed(format!("the judge `{origin}` {what}")).hint("remove the file, and it is trained again")
    };
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|error| broken(format!("is no safetensors file: {error}")))?;
    let file = SafeTensors::deserialize(bytes).map_err(|error| broken(format!("is damaged or cut short: {error}")))?;
    let about = header.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let about = about.ok_or_else(|| broken(format!("lacks the metadata `{KEY}`")))?;
    let About { format, dataset, fingerprint, image_shape, classes, task, accuracy } =
        serde_json::from_str(about).map_err(|error| broken(format!("has damaged metadata: {error}")))?;
    if format != FORMAT {
        return Err(broken(format!("is of the format `{format}`, not `{FORMAT}`")));
    }
    // A hostile header could ask for sizes that overflow; none of a real picture does.
    let sizes = image_shape.iter().all(|&side| side <= usize::from(u16::MAX)) && (2..=MOST_CLASSES).contains(&classes);
    let sizes = sizes && (task == Task::Classes || classes == turns::ways(image_shape[1], image_shape[2]));
    if !sizes || !(0.0..=1.0).contains(&accuracy) {
        let values = format!("pictures of {image_shape:?}, {classes} classes, an accuracy of {accuracy}");
        return Err(broken(format!("has metadata that cannot be: {values}")));
    }
    let architecture = Architecture::new(image_shape, classes).map_err(|failure| broken(failure.message))?;
    let mut parameters = Vec::new();
    for spec in architecture.tensors() {
        let name = &spec.name;
        let view = file.tensor(name).map_err(|_| broken(format!("lacks the tensor `{name}`")))?;
        if view.dtype() != Dtype::F32 || view.shape() != spec.shape {
            let (dtype, shape) = (view.dtype(), view.shape());
            return Err(broken(format!("has the tensor `{name}` as {dtype} {shape:?}, not F32 {:?}", spec.shape)));
        }
        let (words, _) = view.data().as_chunks();
        parameters.extend(words.iter().map(|word| f32::from_le_bytes(*word)));
        if parameters[spec.range].iter().any(|value| !value.is_finite()) {
            return Err(broken(format!("has the tensor `{name}` with a weight that is no finite number")));
        }
    }
    Ok(Judge { architecture, parameters, dataset, fingerprint, task, accuracy })
}
