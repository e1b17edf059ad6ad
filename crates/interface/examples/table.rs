//! What every file of a folder is taken for, one a line, parted by tabs; with a second folder, its pictures for three latent
//! vectors of class 3, 0 and 1 go there as float32: `cargo run --example table -- models/ pictures/`.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use interface::{Generator, Wishes};

fn main() -> Result<(), Box<dyn Error>> {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (models, pictures) = (folders.first().ok_or("give a folder of models")?, folders.get(1));
    let mut paths =
        std::fs::read_dir(models)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    paths.retain(|path| path.is_file());
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let start = Instant::now();
        let mut generator = match Generator::open(&path, &Wishes::default())? {
            Ok(generator) => generator,
            Err(refusal) => {
                println!("REFUSED\t{name}\t{refusal}\t{}", refusal.hint());
                continue;
            }
        };
        let opened_ms = start.elapsed().as_millis();
        let count = 3 * generator.latent_size();
        let z: Vec<f32> = (0..count).map(|index| (2.0 * (index as f64 * 0.7 + 0.3).sin()) as f32).collect();
        let classes: &[u32] = if generator.classes() > 3 { &[3, 0, 1] } else { &[] };
        match generator.generate(&z, classes) {
            Err(refusal) => println!("FAILED\t{name}\t{refusal}\t{}", refusal.hint()),
            Ok(images) => {
                if let Some(folder) = pictures {
                    let bytes: Vec<u8> = images.iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
                    std::fs::write(folder.join(format!("{name}.f32")), bytes)?;
                }
                let told: Vec<String> =
                    generator.interface().told().into_iter().map(|(key, text)| format!("{key} = {text}")).collect();
                println!("DRAWN\t{name}\t{}\t{opened_ms} ms", told.join("\t"));
            }
        }
    }
    Ok(())
}
