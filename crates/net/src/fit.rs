//! How a list of layers fits together: what each is given and gives, from what goes in to what must come out.

use crate::{Activation, Conv, Fault, Layer, Map, Size};

/// Bounds the numbers of a picture between two layers, for one row.
const MOST_NUMBERS: usize = 1 << 22;
/// Bounds the weights of a map: four gigabytes of them, and as much again for each of Adam's moments.
const MOST_WEIGHTS: usize = 1 << 30;
/// Bounds what the windows of a convolution see of one picture, all together and with its frame, in numbers: each thread holds as
/// many ([`Conv::seen`]).
const MOST_SEEN: usize = 1 << 26;
/// Bounds the rows that are tried where the nearest size that fits is looked for.
const TRIED: usize = 1024;

/// Gives each linear map with the number of its outputs and the function after it; every fault, if there is one.
pub(crate) fn fit(inputs: Size, layers: &[Layer], outputs: Size) -> Result<Vec<(Map, usize, Activation)>, Vec<Fault>> {
    let mut walk = Walk { layers, outputs, maps: Vec::new(), faults: Vec::new(), at: Some(inputs) };
    let mut last_is_function = true;
    for (index, layer) in layers.iter().enumerate() {
        let own = layer.faults(outputs.count());
        let broken = !own.is_empty();
        own.into_iter().for_each(|what| walk.fault(index, what));
        match layer.activation() {
            Some(_) if last_is_function => {
                let what = "is a function with no dense layer or convolution before it: put one there, or leave it out";
                walk.fault(index, what.to_owned());
            }
            Some(activation) => {
                if let Some(map) = walk.maps.last_mut() {
                    map.2 = activation;
                }
                last_is_function = true;
            }
            None => {
                walk.step(index, broken);
                last_is_function &= !layer.is_map();
            }
        }
    }
    walk.end();
    if walk.faults.is_empty() { Ok(walk.maps) } else { Err(walk.faults) }
}

/// Holds what is known on the way through the layers.
struct Walk<'a> {
    layers: &'a [Layer],
    outputs: Size,
    maps: Vec<(Map, usize, Activation)>,
    faults: Vec<Fault>,
    /// Says what the next layer is given; none after a fault for which it cannot be known.
    at: Option<Size>,
}

impl Walk<'_> {
    fn fault(&mut self, index: usize, what: String) {
        self.faults.push(Fault { layer: Some(index + 1), what });
    }

    /// Goes on by a layer that is no function. `broken`: it cannot be by itself, so its sizes say nothing.
    fn step(&mut self, index: usize, broken: bool) {
        let given = self.at;
        self.at = match self.layers[index] {
            Layer::Dense { width } => {
                let width = width.unwrap_or_else(|| self.width(index));
                let weights =
                    given.map(|given| given.count().saturating_mul(width)).filter(|&weights| weights > MOST_WEIGHTS);
                if let (Some(given), Some(weights)) = (given, weights) {
                    self.fault(
                        index,
                        format!("has {weights} weights, from {given} to {width}: at most {MOST_WEIGHTS} may be"),
                    );
                }
                self.maps.push((Map::Dense, width, Activation::Identity));
                Some(Size::Flat(width))
            }
            Layer::Reshape { .. } => {
                let Some(size) = (!broken).then(|| self.reshaped(index)).flatten() else {
                    self.at = None;
                    return;
                };
                match given {
                    _ if Size::Planes(size).count() > MOST_NUMBERS => {
                        let what =
                            format!("makes {}: at most {MOST_NUMBERS} may be between layers", Size::Planes(size));
                        self.fault(index, what);
                        None
                    }
                    Some(given) if given.count() != Size::Planes(size).count() => {
                        self.fault(index, format!("makes {} of {given}", Size::Planes(size)));
                        None
                    }
                    _ => Some(Size::Planes(size)),
                }
            }
            _ if broken => None,
            _ => self.convolved(index, given),
        };
    }

    /// Gives what a convolution of either kind makes of what it is given, and keeps its map.
    fn convolved(&mut self, index: usize, given: Option<Size>) -> Option<Size> {
        let channels = self.channels(index);
        let from = match given? {
            Size::Planes(from) => from,
            Size::Flat(count) => {
                let what = format!(
                    "needs a picture and is given {count} numbers in a line: put {{ layer = \"reshape\", channels = ... }} before it"
                );
                self.fault(index, what);
                return None;
            }
        };
        let (map, conv) = sized(&self.layers[index], from, channels).or_else(|| {
            let what = format!("leaves nothing of {}: its kernel or padding is too large", Size::Planes(from));
            self.fault(index, what);
            None
        })?;
        let to = Size::Planes(map.gives()?);
        if to.count() > MOST_NUMBERS {
            self.fault(index, format!("gives {to} for a picture: at most {MOST_NUMBERS} may be between layers"));
            return None;
        }
        let seen = conv.seen();
        if seen > MOST_SEEN {
            let what = format!("sees {seen} numbers of a picture with all its windows: at most {MOST_SEEN} may be");
            self.fault(index, what);
            return None;
        }
        self.maps.push((map, to.count(), Activation::Identity));
        Some(to)
    }

    /// Gives the width of a dense layer that says none.
    fn width(&mut self, index: usize) -> usize {
        let after = &self.layers[index + 1..];
        let next = after.iter().position(|layer| layer.activation().is_none());
        match next.map(|next| &after[next]) {
            None => self.outputs.count(),
            Some(Layer::Reshape { .. }) => {
                let next = index + 1 + next.expect("there is one");
                // Its own faults are told when its turn comes.
                let told = self.faults.len();
                let size = self.reshaped(next);
                self.faults.truncate(told);
                size.map(|size| Size::Planes(size).count()).filter(|&count| count <= MOST_NUMBERS).unwrap_or(1)
            }
            Some(_) => {
                let what =
                    "has no width: only that of the last dense layer may be left out, and of one before a reshape";
                self.fault(index, what.to_owned());
                self.outputs.count()
            }
        }
    }

    /// Gives the channels of a convolution, those of the picture that must come out if it says none.
    fn channels(&mut self, index: usize) -> usize {
        let (Layer::Conv { channels, .. } | Layer::ConvTranspose { channels, .. }) = self.layers[index] else {
            return 1;
        };
        if let Some(channels) = channels {
            return channels;
        }
        let is_last = !self.layers[index + 1..].iter().any(Layer::is_map);
        match self.outputs {
            Size::Planes([channels, ..]) if is_last => channels,
            Size::Flat(count) if is_last => count,
            _ => {
                self.fault(index, "has no channels: only those of the last layer may be left out".to_owned());
                1
            }
        }
    }

    /// Gives [channels, rows, columns] of the picture that a reshape makes.
    fn reshaped(&mut self, index: usize) -> Option<[usize; 3]> {
        let Layer::Reshape { channels, rows, columns } = self.layers[index] else { return None };
        if let (Some(rows), Some(columns)) = (rows, columns) {
            return Some([channels, rows, columns]);
        }
        let after = &self.layers[index + 1..];
        let Size::Planes([_, rows, columns]) = self.outputs else {
            self.fault(
                index,
                "must say its `rows` and `columns`, since no picture comes out of this network".to_owned(),
            );
            return None;
        };
        if after.iter().any(|layer| matches!(layer, Layer::Dense { .. } | Layer::Reshape { .. })) {
            let what =
                "must say its `rows` and `columns`: they can be left out where convolutions alone lead to the picture";
            self.fault(index, what.to_owned());
            return None;
        }
        let sides = [("rows", rows), ("columns", columns)].map(|(what, wanted)| {
            let side = (1..=TRIED).find(|&side| side_after(side, after) == Some(wanted));
            if side.is_none() && after.iter().all(|layer| layer.faults(0).is_empty()) {
                let made: Vec<usize> = (1..=TRIED).filter_map(|side| side_after(side, after)).collect();
                let below = made.iter().filter(|&&side| side < wanted).max();
                let above = made.iter().filter(|&&side| side > wanted).min();
                let near: Vec<String> = below.into_iter().chain(above).map(usize::to_string).collect();
                let near = if near.is_empty() {
                    String::new()
                } else {
                    format!("; the nearest that it can lead to: {}", near.join(" and "))
                };
                self.fault(index, format!("leads to no picture of {wanted} {what} by the convolutions after it{near}"));
            }
            side
        });
        Some([channels, sides[0]?, sides[1]?])
    }

    /// Checks what comes out.
    fn end(&mut self) {
        if !self.layers.iter().any(Layer::is_map) {
            let what = "there is no dense layer and no convolution, so nothing can be learned".to_owned();
            self.faults.push(Fault { layer: None, what });
            return;
        }
        let Some(at) = self.at else { return };
        let what = match (at, self.outputs) {
            (Size::Planes(_), Size::Planes(_)) if at != self.outputs => {
                format!("the last layer gives {at} and {} must come out", self.outputs)
            }
            (Size::Flat(width), _) if width != self.outputs.count() => format!(
                "the last dense layer gives {width} numbers and {} must come out: leave its width out",
                self.outputs.count()
            ),
            _ if at.count() != self.outputs.count() => {
                format!("the last layer gives {at} and {} must come out", self.outputs)
            }
            _ => return,
        };
        self.faults.push(Fault { layer: None, what });
    }
}

/// Gives the map of a convolution of either kind over a picture of the size `from`, and the convolution itself; none if nothing comes
/// out, or the layer is no convolution. What it says of `channels` is not asked.
fn sized(layer: &Layer, from: [usize; 3], channels: usize) -> Option<(Map, Conv)> {
    match *layer {
        Layer::Conv { kernel, stride, padding, upsample, .. } => {
            let padding = padding.unwrap_or(kernel.saturating_sub(1) / 2);
            let conv = Conv::over(from, channels, kernel, stride, padding, upsample)?;
            Some((Map::Conv(conv), conv))
        }
        Layer::ConvTranspose { kernel, stride, padding, .. } => {
            let padding = padding.unwrap_or(kernel.saturating_sub(stride) / 2);
            let conv = Conv::under(from, channels, kernel, stride, padding)?;
            Some((Map::ConvTranspose(conv), conv))
        }
        _ => None,
    }
}

/// Gives the rows, or the columns, that these layers make of `side`; none if they leave nothing.
fn side_after(side: usize, layers: &[Layer]) -> Option<usize> {
    let mut convolutions = layers.iter().filter(|layer| layer.is_map());
    convolutions.try_fold(side, |side, layer| sized(layer, [1, side, side], 1)?.0.gives().map(|[_, rows, _]| rows))
}

#[cfg(test)]
mod tests {
    use crate::{Layer, Map, Network, Size};

    /// Reads layers as recipes write them, but in JSON.
    fn layers(text: &str) -> Vec<Layer> {
        serde_json::from_str(text).unwrap()
    }

    fn told(inputs: impl Into<Size>, text: &str, outputs: impl Into<Size>) -> Vec<String> {
        let faults = Network::new("generator", inputs, &layers(text), outputs).err().unwrap_or_default();
        faults.iter().map(ToString::to_string).collect()
    }

    const GENERATOR: &str = r#"[{"layer":"dense"},{"layer":"leaky-relu","slope":0.2},{"layer":"reshape","channels":6},
        {"layer":"conv-transpose","channels":4},{"layer":"leaky-relu","slope":0.2},{"layer":"conv","upsample":2},
        {"layer":"tanh"}]"#;
    const DISCRIMINATOR: &str = r#"[{"layer":"conv","channels":4,"kernel":4,"stride":2},{"layer":"leaky-relu","slope":0.2},
        {"layer":"conv","channels":5,"stride":2},{"layer":"leaky-relu","slope":0.2},{"layer":"dense"}]"#;

    #[test]
    fn sizes_follow_from_what_goes_in_and_must_come_out() {
        let g = Network::new("generator", 10, &layers(GENERATOR), [3, 28, 20]).unwrap();
        let sizes: Vec<_> = g.stages.iter().map(|stage| (stage.inputs, stage.outputs, stage.plane())).collect();
        assert_eq!(sizes, [(10, 6 * 7 * 5, 1), (210, 4 * 14 * 10, 140), (560, 3 * 28 * 20, 560)]);
        let shapes: Vec<_> = g.tensors.iter().map(|tensor| tensor.shape.clone()).collect();
        assert_eq!(shapes, [vec![210, 10], vec![210], vec![6, 4, 4, 4], vec![4], vec![3, 4, 3, 3], vec![3]]);
        assert_eq!(g.flops_forward(), 2 * (2100 + 6 * 4 * 16 * 35 + 3 * 4 * 9 * 560));
        assert!(!g.is_dense());
        let d = Network::new("discriminator", [3, 28, 20], &layers(DISCRIMINATOR), 1).unwrap();
        let sizes: Vec<_> = d.stages.iter().map(|stage| (stage.inputs, stage.outputs)).collect();
        assert_eq!(sizes, [(1680, 4 * 14 * 10), (560, 5 * 7 * 5), (175, 1)]);
        assert!(matches!(d.stages[0].map, Map::Conv(conv) if conv.padding == 1 && conv.places() == 140));
        let rows: Vec<_> = d.stages.iter().map(|stage| (stage.weight_rows(), stage.bias.len())).collect();
        assert_eq!(rows, [(4, 4), (5, 5), (1, 1)]);
    }

    #[test]
    fn sizes_that_do_not_meet_are_told_with_those_that_would() {
        let end = r#"{"layer":"tanh"}]"#;
        for (layers, outputs, expected) in [
            (
                GENERATOR.to_owned(),
                [3, 30, 20],
                "layer 3 leads to no picture of 30 rows by the convolutions after it; the nearest that it can lead to: 28 and 32",
            ),
            (
                format!(
                    r#"[{{"layer":"dense","width":12}},{{"layer":"reshape","channels":2,"rows":3,"columns":3}},{{"layer":"conv"}},{end}"#
                ),
                [1, 3, 3],
                "layer 2 makes 2 x 3 x 3 numbers of 12 numbers",
            ),
            (
                format!(r#"[{{"layer":"dense","width":12}},{{"layer":"conv"}},{end}"#),
                [1, 3, 4],
                "layer 2 needs a picture and is given 12 numbers in a line: put { layer = \"reshape\"",
            ),
            (
                format!(
                    r#"[{{"layer":"dense"}},{{"layer":"reshape","channels":2,"rows":3,"columns":3}},{{"layer":"conv"}},{end}"#
                ),
                [1, 3, 4],
                "the last layer gives 1 x 3 x 3 numbers and 1 x 3 x 4 numbers must come out",
            ),
            (
                format!(
                    r#"[{{"layer":"dense"}},{{"layer":"reshape","channels":2}},{{"layer":"conv"}},{{"layer":"conv"}},{end}"#
                ),
                [1, 3, 4],
                "layer 3 has no channels: only those of the last layer may be left out",
            ),
            (
                format!(
                    r#"[{{"layer":"dense"}},{{"layer":"reshape","channels":2,"rows":9}},{{"layer":"conv","kernel":0}},{end}"#
                ),
                [1, 3, 4],
                "layer 3 has a kernel of 0: it must be between 1 and 16",
            ),
            (
                format!(
                    r#"[{{"layer":"dense"}},{{"layer":"reshape","channels":2,"rows":9}},{{"layer":"conv","stride":0}},{end}"#
                ),
                [1, 3, 4],
                "layer 2 says one of `rows` and `columns`",
            ),
            (
                format!(r#"[{{"layer":"dense"}},{{"layer":"reshape","channels":2}},{{"layer":"dense"}},{end}"#),
                [1, 3, 4],
                "layer 2 must say its `rows` and `columns`",
            ),
            (
                format!(
                    r#"[{{"layer":"dense"}},{{"layer":"reshape","channels":2,"rows":2,"columns":2}},{{"layer":"conv","padding":0}},{end}"#
                ),
                [1, 3, 4],
                "layer 3 leaves nothing of 2 x 2 x 2 numbers",
            ),
            (
                format!(r#"[{{"layer":"reshape","channels":2,"rows":2,"columns":2}},{end}"#),
                [1, 2, 4],
                "there is no dense layer and no convolution",
            ),
        ] {
            let told = told(10, &layers, outputs);
            assert!(told.iter().any(|told| told.contains(expected)), "{expected} is not in {told:#?}");
        }
        let told = told(5, r#"[{"layer":"dense"},{"layer":"reshape","channels":2},{"layer":"conv"}]"#, 9);
        assert_eq!(told[0], "layer 2 must say its `rows` and `columns`, since no picture comes out of this network");
    }

    #[test]
    fn what_no_memory_holds_is_told() {
        let wide = r#"{"layer":"dense"},{"layer":"reshape","channels":4096,"rows":1024,"columns":1024}"#;
        for (text, expected) in [
            (format!(r#"[{wide},{wide},{{"layer":"dense"}}]"#), "layer 2 makes 4096 x 1024 x 1024 numbers: at most"),
            (
                r#"[{"layer":"dense"},{"layer":"reshape","channels":16,"rows":512,"columns":512},{"layer":"conv","channels":1,"kernel":16},
                    {"layer":"dense"}]"#
                    .to_owned(),
                "layer 3 sees 1",
            ),
            (
                // Sixteen rows are repeated, of which each window sees one: what it skips is laid out with it.
                r#"[{"layer":"dense"},{"layer":"reshape","channels":64,"rows":256,"columns":256},
                    {"layer":"conv","channels":1,"kernel":1,"stride":16,"upsample":16},{"layer":"dense"}]"#
                    .to_owned(),
                "layer 3 sees 10",
            ),
            (
                r#"[{"layer":"dense","width":65536},{"layer":"dense","width":65536},{"layer":"dense"}]"#.to_owned(),
                "layer 2 has 4294967296 weights, from 65536 numbers to 65536: at most",
            ),
        ] {
            let told = told(10, &text, [1, 3, 4]);
            assert!(told.iter().any(|told| told.contains(expected)), "{expected} is not in {told:#?}");
        }
    }

    #[test]
    fn large_pictures_are_reached_too() {
        let layers =
            layers(r#"[{"layer":"dense"},{"layer":"reshape","channels":2},{"layer":"conv"},{"layer":"tanh"}]"#);
        let g = Network::new("generator", 3, &layers, [1, 300, 300]).unwrap();
        assert_eq!(g.stages[0].outputs, 2 * 300 * 300);
    }

    #[test]
    fn no_numbers_overflow() {
        let huge = usize::MAX;
        for layer in [
            format!(r#"{{"layer":"conv","kernel":{huge},"padding":{huge},"upsample":{huge},"stride":{huge}}}"#),
            format!(r#"{{"layer":"conv-transpose","kernel":{huge},"padding":{huge},"stride":{huge}}}"#),
            format!(r#"{{"layer":"conv","channels":{huge}}}"#),
            r#"{"layer":"conv","channels":4096,"upsample":16}"#.to_owned(),
        ] {
            let sized = format!(r#"[{{"layer":"reshape","channels":1,"rows":{huge},"columns":{huge}}},{layer}]"#);
            for text in [
                format!(r#"[{{"layer":"dense"}},{{"layer":"reshape","channels":{huge}}},{layer},{layer}]"#),
                format!(r#"[{{"layer":"dense"}},{{"layer":"reshape","channels":2}},{layer}]"#),
                format!("[{layer}]"),
                sized,
            ] {
                assert!(!told([1, 900, 900], &text, [1, 30, 30]).is_empty(), "{text}");
            }
        }
    }
}
