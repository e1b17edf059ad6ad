//! Networks of random architecture, as a user of the exporter would build them.

use exporter::{Graph, GraphError, Model, Tensor, Value, Window};
use proptest::prelude::*;

/// Layers of a network at most; each may bring its own activation.
const DEPTH: usize = 5;

/// What is chosen at random: everything else follows from it.
#[derive(Clone, Debug)]
pub struct Choice {
    latent: usize,
    layers: Vec<[u32; 6]>,
    seed: u32,
}

/// Random choices, which shrink to fewer and plainer layers.
pub fn choice() -> impl Strategy<Value = Choice> {
    (1usize..9, prop::collection::vec(any::<[u32; 6]>(), 1..=DEPTH), any::<u32>())
        .prop_map(|(latent, layers, seed)| Choice { latent, layers, seed })
}

/// The network of a choice, with numbers of order 1 all through it.
///
/// # Panics
/// If the exporter refuses it: every choice makes a network whose shapes fit.
pub fn network(choice: &Choice) -> Model {
    let (graph, z) = Graph::new("z", &[choice.latent]);
    let mut builder = Builder { graph, seed: choice.seed };
    let mut value = z;
    for (index, numbers) in choice.layers.iter().enumerate() {
        value = builder.layer(&format!("layer{index}"), &value, *numbers).expect("the sizes were chosen to fit");
    }
    builder.graph.finish(&value, "image").expect("the last value is the graph's own")
}

/// Of a picture's six kinds of layers one; of a large picture one that makes it no larger.
fn kind_of(kind: usize, area: usize) -> usize {
    /// With two more layers that each triple its sides a picture then still has fewer than ten thousand places.
    const LARGE: usize = 100;
    if area > LARGE { [0, 1, 3, 4][kind % 4] } else { kind % 6 }
}

struct Builder {
    graph: Graph,
    seed: u32,
}

impl Builder {
    fn layer(&mut self, name: &str, x: &Value, numbers: [u32; 6]) -> Result<Value, GraphError> {
        let [kind, a, b, c, d, activation] = numbers.map(|number| number as usize);
        let y = match *x.shape() {
            [size] => match kind % 4 {
                0 => {
                    let weight = self.weight(&[a % 9 + 1, size], size);
                    let bias = (b % 2 == 0).then(|| self.tensor(&[a % 9 + 1]));
                    self.graph.gemm(name, x, weight, bias)?
                }
                1 => {
                    let weight = self.weight(&[size, a % 9 + 1], size);
                    let product = self.graph.matmul(name, x, weight)?;
                    let addend = self.tensor(&[a % 9 + 1]);
                    self.graph.add_constant(&format!("{name}.add"), &product, addend)?
                }
                _ => self.picture(name, x, size, [a, b, c])?,
            },
            [channels, rows, columns] => match kind_of(kind, rows * columns) {
                0 => self.graph.flatten(name, x)?,
                1 => {
                    let constants = [(); 3].map(|()| self.tensor(&[channels]));
                    let [scale, bias, mean] = constants;
                    let variance = self.tensor(&[channels]).values().iter().map(|value| value.abs() + 0.5).collect();
                    let constants = [scale, bias, mean, Tensor::new([channels], variance)];
                    self.graph.batch_normalization(name, x, constants, 1e-5)?
                }
                2 => self.graph.resize(name, x, a % 2 + 1)?,
                3 => {
                    let y = self.graph.sigmoid(&format!("{name}.gate"), x)?;
                    self.graph.add(name, x, &y)?
                }
                4 => {
                    let groups = if channels.is_multiple_of(2) { a % 2 + 1 } else { 1 };
                    let window =
                        Window { stride: b % 2 + 1, padding: c % 2 + 1, dilation: 1, groups, ..Window::default() };
                    // With this padding a kernel of up to three by three fits into any picture.
                    let kernel = [b % 3 + 1, d % 3 + 1];
                    let outputs = groups * (d % 3 + 1);
                    let weight = self.weight(&[outputs, channels / groups, kernel[0], kernel[1]], 3 * channels);
                    let bias = (d % 2 == 0).then(|| self.tensor(&[outputs]));
                    self.graph.conv(name, x, weight, bias, window)?
                }
                _ => {
                    let groups = if channels.is_multiple_of(2) { a % 2 + 1 } else { 1 };
                    let stride = b % 3 + 1;
                    let output_padding = if c % 2 == 0 { stride - 1 } else { 0 };
                    let window = Window { stride, dilation: d % 2 + 1, groups, output_padding, ..Window::default() };
                    let kernel = [c % 3 + 1, a % 3 + 1];
                    let weight = self.weight(&[channels, d % 2 + 1, kernel[0], kernel[1]], channels);
                    let bias = (d % 3 == 0).then(|| self.tensor(&[groups * (d % 2 + 1)]));
                    self.graph.conv_transpose(name, x, weight, bias, window)?
                }
            },
            _ => unreachable!("values are rows or pictures"),
        };
        let name = format!("{name}.activation");
        match activation % 5 {
            0 => Ok(y),
            1 => self.graph.leaky_relu(&name, &y, 0.2),
            2 => self.graph.relu(&name, &y),
            3 => self.graph.sigmoid(&name, &y),
            _ => self.graph.tanh(&name, &y),
        }
    }

    /// Makes a picture of a row, by a layer that gives as many numbers.
    fn picture(&mut self, name: &str, x: &Value, size: usize, numbers: [usize; 3]) -> Result<Value, GraphError> {
        let shape = numbers.map(|number| number % 4 + 1);
        let weight = self.weight(&[shape.iter().product(), size], size);
        let row = self.graph.gemm(&format!("{name}.row"), x, weight, None)?;
        self.graph.reshape(name, &row, &shape)
    }

    /// Numbers in [-1, 1] over the root of `inputs`, so that sums stay of order 1.
    fn weight(&mut self, shape: &[usize], inputs: usize) -> Tensor {
        let scale = 1.0 / (inputs as f32).sqrt();
        let tensor = self.tensor(shape);
        Tensor::new(shape, tensor.values().iter().map(|value| value * scale).collect())
    }

    fn tensor(&mut self, shape: &[usize]) -> Tensor {
        let count = shape.iter().product();
        self.seed = self.seed.wrapping_add(1);
        let mut values = vec![0.0; count];
        noise::fill_uniform(u64::from(self.seed), 0, 1.0, &mut values);
        Tensor::new(shape, values)
    }
}
