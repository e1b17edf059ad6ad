//! The trainer, the exporter and the runtimes against each other: what the tests of this crate share.
//!
//! A suite asks [`models::models`] for models to test and [`runtimes::runtimes`] for everything that can run one, and
//! compares. What a machine may lack (ONNX Runtime, Python's `onnx`) is asked for through [`tools`]: without it a test
//! says `skipped: why`, or fails where everything is required.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `FORGER_MODEL` | a trained `gen.onnx` (absolute: cargo runs tests in their own folder) to test too, its run folder next to it |
//! | `ORT_DYLIB_PATH` | ONNX Runtime's shared library |
//! | `FORGER_PYTHON` | a Python interpreter with the package `onnx` |
//! | `FORGER_OLD_ONNXRUNTIME` | a Python interpreter with an old package `onnxruntime` |
//! | `FORGER_OPENVINO` | a Python interpreter with the package `openvino` |
//! | `FORGER_REQUIRE_ALL` | `1`: a missing tool is a failure |
//!
//! Invariant: nothing here looks at what is private to another crate, so a suite stands for what a stranger would see.

pub mod models;
pub mod networks;
pub mod plain;
pub mod reference;
pub mod runtimes;
pub mod tools;
