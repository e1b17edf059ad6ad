//! Any bytes as an idx file, plain or gzip, taken for pictures and for labels.

#![no_main]

use data::{array, idx};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let Ok(array) = idx::parse(content) else { return };
    let _ = array::labels(array.clone());
    if let Ok(squares) = array::pictures(array) {
        let [rows, columns] = squares.sides;
        assert_eq!(squares.bytes.len(), squares.count * rows * columns);
    }
});
