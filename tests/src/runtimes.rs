//! Everything that can draw a model's pictures, behind one function.

use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;

use crate::models::Model;
use crate::reference::reference_pictures;
use crate::tools;

/// z: [n, latent] -> [n, pixels].
type Generate = Box<dyn FnMut(&[f32]) -> Vec<f32>>;

/// Something that runs a model.
pub struct Runtime {
    /// For messages.
    pub name: &'static str,
    generate: Generate,
}

impl Runtime {
    fn new(name: &'static str, generate: impl FnMut(&[f32]) -> Vec<f32> + 'static) -> Self {
        Self { name, generate: Box::new(generate) }
    }

    /// z: [n, latent] -> [n, pixels].
    pub fn generate(&mut self, z: &[f32]) -> Vec<f32> {
        (self.generate)(z)
    }
}

/// The runtimes, all of them in float32, candle on the checkpoint first; ONNX Runtime where there is one.
///
/// # Panics
/// If one of them refuses the model.
pub fn runtimes(model: &Model) -> Vec<Runtime> {
    let checkpoint = model.checkpoint.clone();
    let candle =
        Runtime::new("candle", move |z| reference_pictures(&checkpoint, z).expect("candle runs the checkpoint"));
    [candle].into_iter().chain(of_the_file(model)).collect()
}

/// The runtimes of the model file alone: tract, and ONNX Runtime where there is one.
///
/// # Panics
/// If one of them refuses the model.
pub fn of_the_file(model: &Model) -> Vec<Runtime> {
    let generator = runtime_wasm::Generator::from_bytes(&model.onnx).expect("tract runs the model");
    let latent = generator.latent_size();
    let single = runtime_wasm::Generator::from_bytes(&model.onnx).expect("tract runs the model");
    let mut runtimes = vec![
        Runtime::new("tract", move |z| generator.generate(z).unwrap()),
        Runtime::new("tract, one by one", move |z| {
            z.chunks_exact(latent).flat_map(|z| single.generate(z).unwrap()).collect()
        }),
    ];
    if let Some(environment) = tools::onnx_runtime() {
        let mut session = session(environment, &model.onnx);
        runtimes.push(Runtime::new("onnx runtime", move |z| run(&mut session, z, latent)));
    }
    runtimes
}

fn session(environment: &Environment, onnx: &[u8]) -> Session {
    let session = Session::builder(environment).and_then(|mut builder| builder.commit_from_memory(onnx));
    session.expect("ONNX Runtime takes the model")
}

fn run(session: &mut Session, z: &[f32], latent: usize) -> Vec<f32> {
    let z = TensorRef::from_array_view(([z.len() / latent, latent], z)).unwrap();
    let outputs = session.run(ort::inputs!["z" => z]).expect("ONNX Runtime runs the model");
    let (_, image) = outputs["image"].try_extract_tensor::<f32>().expect("pictures are float32");
    image.to_vec()
}
