//! Any safetensors file in a quarter of its bytes: whole numbers of eight bits, and a scale for each output channel.
//!
//! For networks that are no generators, and so have no place in a model file of this crate: what reads them reads
//! safetensors. The numbers are those of [`Precision::Int8`], and so are the reasons.

use safetensors::tensor::Dtype;

use crate::error::ExportError;
use crate::precision::{Precision, Stored, store};
use crate::weights_file::{Raw, WeightsFile, write_raw};

/// Makes a safetensors file small: every tensor of two dimensions and more becomes I8, with the F32 tensor
/// `<name>.scale`, [its first dimension], beside it, so that each weight is scale · whole number, within 1/254 of the
/// largest of its row. Tensors of one dimension and the metadata stay as they are.
///
/// `safetensors` and the result are whole files; the same file gives the same bytes.
///
/// # Errors
/// Fails with an [`ExportError`] that says what is wrong with the file: no safetensors, cut short, a tensor that is not
/// float32 or holds what is no number.
///
/// # Example
/// ```no_run
/// let small = exporter::round(&std::fs::read("judge.safetensors")?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn round(safetensors: &[u8]) -> Result<Vec<u8>, ExportError> {
    let file = WeightsFile::open(safetensors)?;
    let mut tensors = Vec::new();
    for name in file.names() {
        let tensor = file.read(name)?;
        let raw = |name: String, dtype, shape: &[usize], bytes| Raw { name, dtype, shape: shape.to_vec(), bytes };
        let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        // A row of nothing has no largest number.
        if tensor.shape.len() < 2 || tensor.values.is_empty() {
            tensors.push(raw(name.to_owned(), Dtype::F32, &tensor.shape, floats(&tensor.values)));
            continue;
        }
        let Ok(Stored::Int8 { values, scales }) = store(&tensor, 0, Precision::Int8) else {
            unreachable!("eight bits with a scale hold any finite number");
        };
        let whole = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        tensors.push(raw(format!("{name}.scale"), Dtype::F32, &[scales.len()], floats(&scales)));
        tensors.push(raw(name.to_owned(), Dtype::I8, &tensor.shape, whole));
    }
    // The wider numbers first, so that all of them lie where their size aligns.
    tensors.sort_by_key(|raw| raw.dtype == Dtype::I8);
    let metadata: Vec<_> = file.metadata.into_iter().collect();
    Ok(write_raw(&tensors, &metadata))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;
    use crate::weights_file::write;

    fn file(tensors: &[(&str, Tensor)]) -> Vec<u8> {
        let tensors: Vec<_> = tensors.iter().map(|(name, tensor)| ((*name).to_owned(), tensor)).collect();
        write(&tensors, &[("judge".to_owned(), "{}".to_owned())])
    }

    #[test]
    fn weights_are_whole_numbers_with_a_scale_a_row_and_all_else_stays() {
        let weight = Tensor::new([2, 3], vec![1.0, -0.5, 0.25, 100.0, 0.0, -1.0]);
        let bias = Tensor::new([2], vec![0.125, -3.5]);
        let original = file(&[("fc.bias", bias), ("fc.weight", weight)]);
        let rounded = round(&original).unwrap();
        assert_eq!(rounded, round(&original).unwrap(), "the same file gives the same bytes");
        let read = safetensors::SafeTensors::deserialize(&rounded).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&rounded).unwrap();
        assert_eq!(header.metadata().as_ref().unwrap()["judge"], "{}");
        let values = |name: &str| crate::precision::floats(read.tensor(name).unwrap().data());
        assert_eq!(values("fc.bias"), [0.125, -3.5]);
        let whole: Vec<i8> = read.tensor("fc.weight").unwrap().data().iter().map(|&byte| byte as i8).collect();
        assert_eq!(read.tensor("fc.weight").unwrap().shape(), [2, 3]);
        assert_eq!(whole, [127, -63, 32, 127, 0, -1]);
        let scales = values("fc.weight.scale");
        for (scale, exact) in scales.iter().zip([1.0 / 127.0, 100.0 / 127.0]) {
            assert!(*scale >= exact && *scale < exact * 1.0001, "{scale} for {exact}");
        }
    }

    #[test]
    fn what_cannot_be_rounded_is_named() {
        let good = file(&[("w", Tensor::new([1, 1], vec![1.0]))]);
        for (name, bytes, expected) in [
            ("a text", b"hello, a text".to_vec(), "not a safetensors file"),
            ("cut short", good[..good.len() - 1].to_vec(), "is cut short"),
            ("no number", file(&[("w", Tensor::new([1, 1], vec![f32::NAN]))]), "`w` holds NaN"),
            ("rounded already", round(&good).unwrap(), "`w` is I8, not F32"),
        ] {
            let error = round(&bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }

    #[test]
    fn zeros_and_empty_tensors_are_no_trouble() {
        let file = file(&[("none", Tensor::new([0, 3], vec![])), ("zero", Tensor::new([1, 2], vec![0.0, 0.0]))]);
        let rounded = round(&file).unwrap();
        let read = safetensors::SafeTensors::deserialize(&rounded).unwrap();
        assert_eq!(read.tensor("none").unwrap().shape(), [0, 3]);
        assert_eq!(read.tensor("zero").unwrap().data(), [0, 0]);
    }
}
