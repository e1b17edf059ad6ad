//! Any bytes as a NumPy array and as an archive of such, each array taken for pictures and for labels.

#![no_main]

use data::array::{self, Array};
use data::npy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    if let Ok(array) = npy::parse(content) {
        take(array);
    }
    for name in npy::names(content).unwrap_or_default().iter().take(8) {
        if let Ok(array) = npy::parse_in(content, name) {
            take(array);
        }
    }
});

fn take(array: Array) {
    let _ = array::labels(array.clone());
    if let Ok(squares) = array::pictures(array) {
        let [rows, columns] = squares.sides;
        assert_eq!(squares.bytes.len(), squares.count * rows * columns);
    }
}
