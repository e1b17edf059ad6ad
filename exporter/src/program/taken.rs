//! What a model takes and gives as a generator, found by the crate `interface`, or said on the command line.

use std::fmt;

use serde_json::Value;

/// What is said of a model where it would not be found out.
#[derive(Debug, clap::Args)]
pub(crate) struct Wishes {
    /// The input that is the latent vector, by its name; else it is found out
    #[arg(long, value_name = "NAME")]
    pub(crate) input: Option<String>,
    /// The output that is the picture, by its name
    #[arg(long, value_name = "NAME")]
    pub(crate) output: Option<String>,
    /// How the picture's numbers lie: nchw, nhwc, nhw or flat
    #[arg(long, value_parser = |text: &str| text.parse::<interface::Layout>())]
    pub(crate) layout: Option<interface::Layout>,
    /// What black and white are: -1..1, 0..1 or 0..255
    #[arg(long, allow_hyphen_values = true, value_parser = |text: &str| text.parse::<interface::Range>())]
    pub(crate) range: Option<interface::Range>,
}

/// What was taken for what, in words and as JSON.
pub(crate) struct Taken {
    pub(crate) told: Vec<(&'static str, String)>,
    pub(crate) json: Vec<(&'static str, Value)>,
}

/// Why a model draws nothing here.
#[cfg_attr(not(feature = "run"), allow(dead_code, reason = "without a runtime nothing is found out"))]
pub(crate) enum Missing {
    /// What was asked for is not in the model.
    Wish(String),
    /// It is no generator, or none that runs here.
    Refused(String),
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let (Missing::Wish(text) | Missing::Refused(text)) = self;
        formatter.write_str(text)
    }
}

#[cfg(not(feature = "run"))]
pub(crate) fn look(_: &[u8], _: &Wishes) -> Result<Taken, Missing> {
    Err(Missing::Refused("built without the feature `run`".into()))
}

/// Opens a model as a generator and tells what was taken for what.
#[cfg(feature = "run")]
pub(crate) fn look(onnx: &[u8], wishes: &Wishes) -> Result<Taken, Missing> {
    use interface::{Batch, Refusal};
    use serde_json::json;

    let wishes = interface::Wishes {
        input: wishes.input.clone(),
        output: wishes.output.clone(),
        layout: wishes.layout,
        range: wishes.range,
    };
    // Other files of its folder are in `onnx` by now.
    let opened = interface::Generator::from_bytes(onnx.to_vec().into(), &mut |_| None, &wishes);
    let generator = opened.map_err(|refusal| match refusal {
        Refusal::Wish { .. } => Missing::Wish(refusal.to_string()),
        _ => Missing::Refused(refusal.to_string()),
    })?;
    let interface = generator.interface();
    let (taken, picture) = (&interface.taken, &interface.picture);
    let batch = match taken.latent.batch {
        Batch::Fixed(size) => json!(size),
        _ => json!("open"),
    };
    let class = taken
        .class
        .as_ref()
        .map(|class| json!({ "input": class.name, "count": class.count, "one_hot": class.one_hot }));
    let rest: Vec<Value> = taken.rest.iter().map(|rest| json!({ "input": rest.name, "value": rest.value })).collect();
    let json = vec![
        (
            "latent",
            json!({ "input": taken.latent.name, "size": taken.latent.size, "shape": taken.latent.dims, "batch": batch }),
        ),
        ("class", json!(class)),
        ("rest", json!(rest)),
        (
            "picture",
            json!({
                "output": picture.name,
                "channels": picture.channels,
                "height": picture.height,
                "width": picture.width,
            }),
        ),
        ("layout", json!(picture.layout.to_string())),
        ("range", json!(interface.range.to_string())),
        ("rewritten", json!(interface.rewritten)),
        ("random", json!(interface.random)),
    ];
    Ok(Taken { told: interface.told(), json })
}
