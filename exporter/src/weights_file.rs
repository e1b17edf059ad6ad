//! A safetensors file: eight bytes of header length, a JSON header, the numbers.
//!
//! Source: <https://github.com/huggingface/safetensors>. The header is looked at before anything is made of it, so that
//! what is held in memory stays within a small multiple of the file.

use std::collections::HashMap;
use std::fmt::{self, Formatter};

use safetensors::tensor::{Dtype, SafeTensors};
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::assemble::Tensors;
use crate::error::ExportError;
use crate::infer::RANK_LIMIT;
use crate::onnx_error::sentence;
use crate::precision::floats;
use crate::tensor::Tensor;

/// Counts the bytes of the number that opens the file, the length of its header.
pub(crate) const LENGTH_BYTES: usize = 8;

/// Holds an opened file. Tensors are asked for by the generator's names, with `prefix` before them in the file.
pub(crate) struct WeightsFile<'a> {
    tensors: SafeTensors<'a>,
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) prefix: &'static str,
}

impl<'a> WeightsFile<'a> {
    /// Opens a whole file.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, ExportError> {
        check_length(bytes)?;
        let not_safetensors = |error| ExportError::NotSafetensors { reason: sentence(&error) };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(not_safetensors)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(not_safetensors)?;
        Ok(Self { tensors, metadata: header.metadata().clone().unwrap_or_default(), prefix: "" })
    }

    /// Lists the names of all tensors, in an order that is always the same.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names = self.tensors.names();
        names.sort_unstable();
        names
    }

    /// Reads the float32 tensor of this very name.
    pub(crate) fn read(&self, name: &str) -> Result<Tensor, ExportError> {
        let name = || name.to_owned();
        let view = self.tensors.tensor(&name()).map_err(|_| ExportError::MissingTensor { name: name() })?;
        if view.dtype() != Dtype::F32 {
            return Err(ExportError::TensorType { name: name(), found: view.dtype().to_string() });
        }
        if view.shape().len() > RANK_LIMIT {
            let found = format!("of {} dimensions", view.shape().len());
            return Err(ExportError::TensorType { name: name(), found });
        }
        let values = floats(view.data());
        match values.iter().position(|value| !value.is_finite()) {
            Some(position) => {
                Err(ExportError::NotFinite { name: name(), value: values[position].to_string(), position })
            }
            None => Ok(Tensor::new(view.shape(), values)),
        }
    }

    /// Gives the sizes of the tensor of this very name, if there is one.
    pub(crate) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        Some(self.tensors.tensor(name).ok()?.shape().to_vec())
    }

    /// Reads the float32 tensor of this very name and exactly this shape.
    pub(crate) fn read_shaped(&self, name: &str, expected: &[usize]) -> Result<Tensor, ExportError> {
        let found = self.shape(name);
        let is_f32 = self.tensors.tensor(name).is_ok_and(|view| view.dtype() == Dtype::F32);
        match found {
            Some(found) if is_f32 && found.len() <= RANK_LIMIT && found != expected => {
                Err(ExportError::TensorShape { name: name.to_owned(), expected: expected.to_vec(), found })
            }
            _ => self.read(name),
        }
    }
}

impl Tensors for WeightsFile<'_> {
    fn tensor(&self, name: &str) -> Result<Tensor, ExportError> {
        self.read(&format!("{}{name}", self.prefix))
    }

    fn has(&self, name: &str) -> bool {
        self.tensors.tensor(&format!("{}{name}", self.prefix)).is_ok()
    }
}

/// Compares the file's length with what its header announces: the library says of a short file only that something does
/// not match, and adds numbers up unchecked that a hostile header may choose.
fn check_length(bytes: &[u8]) -> Result<(), ExportError> {
    let not_safetensors = |reason: String| ExportError::NotSafetensors { reason };
    let found = bytes.len() as u64;
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(not_safetensors(format!("it has {found} bytes, too few for a header")));
    };
    if rest.first() != Some(&b'{') {
        return Err(not_safetensors("it does not start with a safetensors header".to_owned()));
    }
    let header_length = u64::from_le_bytes(*length);
    let header = usize::try_from(header_length).ok().and_then(|length| rest.get(..length));
    let Some(header) = header else {
        return Err(ExportError::Truncated { expected: header_length.saturating_add(LENGTH_BYTES as u64), found });
    };
    let End(end) = serde_json::from_slice(header).map_err(|error| {
        not_safetensors(format!("its header is not the JSON of a safetensors header: {}", sentence(&error)))
    })?;
    let expected = end.saturating_add(LENGTH_BYTES as u64).saturating_add(header_length);
    match expected.cmp(&found) {
        std::cmp::Ordering::Greater => Err(ExportError::Truncated { expected, found }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => {
            Err(not_safetensors(format!("{} bytes follow after its last tensor", found - expected)))
        }
    }
}

/// Says where the last tensor ends, by the header; read without holding the header's parts.
struct End(u64);

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ends;
        impl<'de> Visitor<'de> for Ends {
            type Value = End;
            fn expecting(&self, formatter: &mut Formatter) -> fmt::Result {
                formatter.write_str("a map of tensors")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<End, A::Error> {
                let mut end = 0;
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    let entry: Entry = map.next_value()?;
                    end = end.max(entry.data_offsets.0.get(1).copied().unwrap_or(0));
                }
                Ok(End(end))
            }
        }
        deserializer.deserialize_map(Ends)
    }
}

/// Holds what the header says of one tensor; the library looks at the rest of it.
#[derive(Deserialize)]
struct Entry {
    #[serde(default, rename = "shape")]
    _shape: Few,
    #[serde(default)]
    data_offsets: Few,
}

/// Holds a list that is refused before it is long.
#[derive(Default)]
struct Few(Vec<u64>);

impl<'de> Deserialize<'de> for Few {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = Few;
            fn expecting(&self, formatter: &mut Formatter) -> fmt::Result {
                write!(formatter, "at most {RANK_LIMIT} numbers")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Few, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = list.next_element()? {
                    numbers.push(number);
                    if numbers.len() > RANK_LIMIT {
                        return Err(serde::de::Error::invalid_length(numbers.len(), &self));
                    }
                }
                Ok(Few(numbers))
            }
        }
        deserializer.deserialize_seq(Numbers)
    }
}

/// Gives the bytes of a file of float32 tensors, which are the same each time; metadata is written in the order of its
/// keys.
pub(crate) fn write(tensors: &[(String, &Tensor)], metadata: &[(String, String)]) -> Vec<u8> {
    let raw = tensors.iter().map(|(name, tensor)| Raw {
        name: name.clone(),
        dtype: Dtype::F32,
        shape: tensor.shape.clone(),
        bytes: tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    });
    write_raw(&raw.collect::<Vec<_>>(), metadata)
}

/// Holds a tensor as its bytes in a file.
pub(crate) struct Raw {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    /// Holds the numbers, row-major, little-endian.
    pub(crate) bytes: Vec<u8>,
}

/// Gives the bytes of a file of tensors of any type, which are the same each time; metadata is written in the order of
/// its keys.
pub(crate) fn write_raw(tensors: &[Raw], metadata: &[(String, String)]) -> Vec<u8> {
    // By hand, since the library writes metadata in the order of a hash map.
    #[derive(Serialize)]
    struct Entry<'a> {
        dtype: Dtype,
        shape: &'a [usize],
        data_offsets: [usize; 2],
    }
    let mut sorted: Vec<&(String, String)> = metadata.iter().collect();
    sorted.sort();
    let entries: Vec<String> = sorted.iter().map(|(key, value)| format!("{}:{}", json(key), json(value))).collect();
    let mut parts = vec![format!("\"__metadata__\":{{{}}}", entries.join(","))];
    let mut end = 0;
    for Raw { name, dtype, shape, bytes } in tensors {
        let start = end;
        end += bytes.len();
        let entry = Entry { dtype: *dtype, shape, data_offsets: [start, end] };
        parts.push(format!("{}:{}", json(name), json(&entry)));
    }
    let mut header = format!("{{{}}}", parts.join(","));
    // The numbers start where eight bytes align, as the format asks.
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(LENGTH_BYTES) - header.len()));
    let values = tensors.iter().flat_map(|raw| raw.bytes.iter().copied());
    (header.len() as u64).to_le_bytes().into_iter().chain(header.into_bytes()).chain(values).collect()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings and whole numbers are always JSON")
}
