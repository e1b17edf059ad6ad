//! What the numbers of a picture mean: black and white at -1 and 1, at 0 and 1, or at 0 and 255.
//!
//! The last operator says it where it can give nothing else; otherwise what the model gives for random z does. A network
//! that ends without a bound overshoots, so the outermost hundredth at each end is not looked at.

use std::fmt;
use std::str::FromStr;

use crate::onnx::{GraphProto, data_type};
use crate::port::Names;

/// Where black and white are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// -1 to 1.
    Signed,
    /// 0 to 1.
    Unit,
    /// 0 to 255.
    Byte,
}

const RANGES: [(Range, &str); 3] = [(Range::Signed, "-1..1"), (Range::Unit, "0..1"), (Range::Byte, "0..255")];

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(RANGES.iter().find(|(range, _)| range == self).expect("all are listed").1)
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = RANGES.iter().find(|(_, name)| *name == text);
        found.map(|(range, _)| *range).ok_or_else(|| format!("`{text}` is no range: -1..1, 0..1 or 0..255"))
    }
}

impl Range {
    /// What the end of a graph says about an output, if it says anything.
    pub fn by_operator(graph: &GraphProto, output: &str) -> Option<Range> {
        if graph.output.iter().any(|value| {
            let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
            value.name == output && tensor.is_some_and(|tensor| tensor.elem_type == data_type::UINT8)
        }) {
            return Some(Range::Byte);
        }
        /// Such chains are of a few nodes; a hostile one goes round in a circle.
        const LONGEST: usize = 64;
        let names = Names::of(graph);
        let mut value = output;
        for _ in 0..LONGEST {
            let node = names.producer(value)?;
            match node.op_type.as_str() {
                "Tanh" | "Softsign" | "Sin" | "Cos" => return Some(Range::Signed),
                "Sigmoid" | "HardSigmoid" | "Softmax" => return Some(Range::Unit),
                "Clip" => {
                    let bound = |index: usize, name: &str| {
                        let constant = node.input(index).and_then(|name| names.constants.get(name));
                        let constant = constant.and_then(|tensor| tensor.to_floats()?.first().copied());
                        constant.or_else(|| node.attribute(name).map(|attribute| attribute.f))
                    };
                    let bounds = [bound(1, "min"), bound(2, "max")];
                    return match bounds {
                        [Some(-1.0), Some(1.0)] => Some(Range::Signed),
                        [Some(0.0), Some(1.0)] => Some(Range::Unit),
                        [Some(0.0), Some(255.0)] => Some(Range::Byte),
                        _ => None,
                    };
                }
                "Cast" if node.attribute("to").is_some_and(|to| to.i == i64::from(data_type::UINT8)) => {
                    return Some(Range::Byte);
                }
                "Reshape" | "Transpose" | "Identity" | "Squeeze" | "Unsqueeze" | "Flatten" | "Cast" | "Slice"
                | "DequantizeLinear" | "QuantizeLinear" | "DepthToSpace" => value = node.input(0)?,
                _ => return None,
            }
        }
        None
    }

    /// What pixels say, of as many pictures of random z as there are.
    pub fn by_values(values: &[f32]) -> Range {
        let mut sorted: Vec<f32> = values.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| sorted.get(((sorted.len().max(1) - 1) as f64 * share) as usize).copied().unwrap_or(0.0);
        let (low, high) = (at(0.01), at(0.99));
        if high > 4.0 && low > -0.1 * high {
            Range::Byte
        } else if low > -0.1 {
            Range::Unit
        } else {
            Range::Signed
        }
    }

    /// Puts pixels onto -1 to 1.
    pub fn to_signed(self, values: &mut [f32]) {
        match self {
            Range::Signed => {}
            Range::Unit => values.iter_mut().for_each(|value| *value = 2.0 * *value - 1.0),
            Range::Byte => values.iter_mut().for_each(|value| *value = *value / 127.5 - 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{AttributeProto, NodeProto, TensorProto};

    #[test]
    fn the_last_operator_says_it_where_it_can() {
        let clip = |low: f32, high: f32| GraphProto {
            node: vec![NodeProto::new("Clip", "", &["x", "low", "high"], &["y"])],
            initializer: vec![TensorProto::floats("low", &[], &[low]), TensorProto::floats("high", &[], &[high])],
            ..Default::default()
        };
        let one = |op_type: &str| GraphProto {
            node: vec![
                NodeProto::new(op_type, "", &["x"], &["t"]),
                NodeProto::new("Transpose", "", &["t"], &["u"]),
                NodeProto::new("Reshape", "", &["u", "shape"], &["y"]),
            ],
            ..Default::default()
        };
        let bytes = GraphProto {
            node: vec![NodeProto::new("Cast", "", &["x"], &["y"]).with(AttributeProto::int("to", 2))],
            ..Default::default()
        };
        let circle = GraphProto { node: vec![NodeProto::new("Identity", "", &["y"], &["y"])], ..Default::default() };
        for (name, graph, expected) in [
            ("tanh", one("Tanh"), Some(Range::Signed)),
            ("sigmoid", one("Sigmoid"), Some(Range::Unit)),
            ("a sum", one("Add"), None),
            ("clip to 1", clip(-1.0, 1.0), Some(Range::Signed)),
            ("clip from 0", clip(0.0, 1.0), Some(Range::Unit)),
            ("clip to 255", clip(0.0, 255.0), Some(Range::Byte)),
            ("another clip", clip(0.0, 6.0), None),
            ("bytes", bytes, Some(Range::Byte)),
            ("a circle", circle, None),
        ] {
            assert_eq!(Range::by_operator(&graph, "y"), expected, "{name}");
        }
    }

    #[test]
    fn pixels_say_it_otherwise() {
        let spread = |low: f32, high: f32| -> Vec<f32> {
            (0..1000).map(|index| low + (high - low) * index as f32 / 999.0).collect()
        };
        for (low, high, expected) in [
            (-1.0, 1.0, Range::Signed),
            (-0.3, 0.4, Range::Signed),
            (-3.5, 13.4, Range::Signed),
            (0.0, 1.0, Range::Unit),
            (0.1, 0.6, Range::Unit),
            (-0.05, 1.2, Range::Unit),
            (0.0, 255.0, Range::Byte),
            (9.0, 250.0, Range::Byte),
            (-4.0, 260.0, Range::Byte),
            (0.0, 0.0, Range::Unit),
        ] {
            assert_eq!(Range::by_values(&spread(low, high)), expected, "{low} to {high}");
        }
        assert_eq!(Range::by_values(&[]), Range::Unit);
    }

    #[test]
    fn every_range_is_put_onto_the_same_one() {
        for (range, black, white) in [(Range::Signed, -1.0, 1.0), (Range::Unit, 0.0, 1.0), (Range::Byte, 0.0, 255.0)] {
            let mut pixels = [black, white, (black + white) / 2.0];
            range.to_signed(&mut pixels);
            assert_eq!(pixels, [-1.0, 1.0, 0.0], "{range}");
            assert_eq!(range.to_string().parse::<Range>(), Ok(range));
        }
        assert!("1..2".parse::<Range>().is_err());
    }
}
