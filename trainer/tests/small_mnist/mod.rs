//! A folder with the first few pictures of real MNIST as plain idx files, gone when dropped.

use std::fs;

use data::{Dataset, Pictures};

/// Pictures of the training and of the test file. A twelfth of the first is set aside: 220 are trained on.
const COUNTS: [usize; 2] = [240, 40];

pub struct SmallMnist(tempfile::TempDir);

impl SmallMnist {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mnist = Dataset::mnist().unwrap();
        for (name, pictures, count) in [("train", &mnist.train, COUNTS[0]), ("t10k", &mnist.test, COUNTS[1])] {
            let write =
                |suffix: &str, content| fs::write(dir.path().join(format!("{name}-{suffix}")), content).unwrap();
            write("images-idx3-ubyte", images(pictures, count));
            let labels: Vec<u8> = pictures.labels[..count].iter().map(|&label| label as u8).collect();
            write("labels-idx1-ubyte", idx(&[count as u32], &labels));
        }
        Self(dir)
    }

    pub fn path(&self) -> &str {
        self.0.path().to_str().unwrap()
    }
}

fn images(pictures: &Pictures, count: usize) -> Vec<u8> {
    idx(&[count as u32, 28, 28], &pictures.bytes[..count * pictures.pixels()])
}

fn idx(dims: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, dims.len() as u8];
    dims.iter().for_each(|dim| file.extend(dim.to_be_bytes()));
    file.extend(bytes);
    file
}
