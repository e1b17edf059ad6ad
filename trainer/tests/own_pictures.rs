//! Training on pictures of one's own: folders of PNG and JPEG, another size, and what is wrong with them.

mod process;
mod small_mnist;

use std::fs;
use std::path::Path;

use image::{GrayImage, Luma, Rgb, RgbImage};
use process::{SMALL, run, run_small, text};
use small_mnist::SmallMnist;

/// Thirty-six pictures of stripes: grey PNG of 20 by 30, colour JPEG of 64 by 48, in two folders.
fn stripes() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for class in ["across", "down"] {
        fs::create_dir(dir.path().join(class)).unwrap();
    }
    for i in 0..18u32 {
        let shade = |at: u32| if (at / (2 + i % 4)).is_multiple_of(2) { 255u8 } else { (i * 9) as u8 };
        let across = GrayImage::from_fn(20, 30, |_, y| Luma([shade(y)]));
        across.save(dir.path().join(format!("across/{i:02}.png"))).unwrap();
        let down = RgbImage::from_fn(64, 48, |x, _| Rgb([shade(x), 10, 200]));
        down.save(dir.path().join(format!("down/{i:02}.jpg"))).unwrap();
    }
    dir
}

fn train(data: &Path, out: &Path, more: &[&str]) -> std::process::Output {
    let fixed = ["--data", data.to_str().unwrap(), "--out", out.to_str().unwrap(), "--epochs", "2"];
    run(&[&fixed[..], &SMALL, &["--batch", "10"], more].concat())
}

/// [channels, rows, columns] as the checkpoint has them, and the sides of a sample sheet.
fn shapes(out: &Path) -> ([usize; 3], (u32, u32)) {
    let run = out.with_extension("run");
    let checkpoint = fs::read(run.join("checkpoint.safetensors")).unwrap();
    let checkpoint = run::checkpoint::Checkpoint::from_bytes(&checkpoint).unwrap();
    let sheet = image::open(run.join("samples/epoch-001.png")).unwrap();
    (checkpoint.identity.data.image, (sheet.width(), sheet.height()))
}

#[test]
fn a_folder_of_pictures_trains_and_what_was_done_to_them_is_said() {
    let (data, dir) = (stripes(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    let output = train(data.path(), &out, &["--colour", "grey"]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("36 pictures, 36 cut to their middle, 36 scaled to 28 by 28, 18 turned grey"), "{said}");
    assert_eq!(shapes(&out), ([1, 28, 28], (280, 280)));
}

#[test]
fn half_of_the_pictures_in_colour_make_a_run_in_colour_which_resume_keeps() {
    let (data, dir) = (stripes(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    let output =
        train(data.path(), &out, &["--size", "32x24", "--mirror", "--tensorboard", dir.path().to_str().unwrap()]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    for part in [
        "36 scaled to 24 by 32, 0 turned grey; in colour, since 18 of 36 show colours",
        "18 of 36 pictures are grey, the others are not",
        "33 pictures and the mirror image of each, 66 an epoch",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(shapes(&out), ([3, 24, 32], (320, 240)));
    let named = |name: &str| fs::read(out.with_extension("run").join(name)).unwrap();
    assert_eq!(image::load_from_memory(&named("samples/epoch-001.png")).unwrap().color(), image::ColorType::Rgb8);
    assert_eq!(image::load_from_memory(&named("training.gif")).unwrap().width(), 320);
    assert!(String::from_utf8(named("report.html")).unwrap().contains("24 by 32 pixels in colour"));
    // Only what is given again need be given.
    let fixed = ["--out", out.to_str().unwrap(), "--epochs", "3", "--resume"];
    let output = run(&fixed);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("66 an epoch") && said.contains("in colour"), "{said}");
    let output = run(&[&fixed[..], &["--colour", "grey"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("image size: [3, 24, 32] in the run folder, [1, 24, 32] now"));
    let compared = run(&["compare", out.to_str().unwrap(), out.to_str().unwrap()]);
    assert!(compared.status.success(), "{}", text(&compared.stderr));
}

#[test]
fn colour_is_refused_of_pictures_that_have_none() {
    let (digits, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    for data in ["mnist", digits.path()] {
        let output = train(Path::new(data), &out, &["--colour", "rgb"]);
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains("grey") && said.contains("hint: leave"), "{said}");
    }
    let output = train(Path::new("mnist"), &out, &["--colour", "red"]);
    assert!(text(&output.stderr).contains("auto, grey or rgb is wanted"), "{}", text(&output.stderr));
}

#[test]
fn avatars_are_trained_on_judged_and_compared_in_colour_and_in_grey() {
    let dir = tempfile::tempdir().unwrap();
    let [rgb, grey] = ["rgb", "grey"].map(|colour| {
        let out = dir.path().join(format!("{colour}.onnx"));
        let fixed = ["--data", "avatars", "--colour", colour, "--epochs", "1", "--evaluate-every", "0"];
        let output = run(&[&fixed[..], &SMALL, &["--batch", "4000", "--out", out.to_str().unwrap()]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        out
    });
    let evaluate = |models: &[&Path], colour: &str| {
        let models: Vec<&str> = models.iter().map(|model| model.to_str().unwrap()).collect();
        run(&[&["evaluate", "--data", "avatars", "--colour", colour][..], &models].concat())
    };
    let output = evaluate(&[&grey], "rgb");
    assert!(text(&output.stderr).contains("draws grey pictures, and `--colour rgb` asks"), "{}", text(&output.stderr));
    // Grey pictures without classes have no judge, and that is what is said of them.
    let output = evaluate(&[&rgb], "grey");
    let said = text(&output.stderr);
    assert!(said.contains("colour is judged as grey") && said.contains("all of one class"), "{said}");
    let output = evaluate(&[&rgb], "auto");
    let table = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for part in
        ["real training pictures", "a judge that learned how pictures are turned and mirrored", "this set alone"]
    {
        assert!(table.contains(part), "{part}: {table}");
    }
}

#[test]
fn networks_samples_and_export_follow_the_size() {
    let (data, dir) = (stripes(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    assert!(train(data.path(), &out, &["--size", "32", "--colour", "grey"]).status.success());
    assert_eq!(shapes(&out), ([1, 32, 32], (320, 320)));
    let model =
        run::checkpoint::Checkpoint::from_bytes(&fs::read(dir.path().join("gen.run/checkpoint.safetensors")).unwrap())
            .unwrap();
    assert_eq!(model.parity.image.len(), 4 * 32 * 32);

    let digits = SmallMnist::new();
    let output = run_small(&digits, &out, &["--epochs", "2", "--size", "32"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("28 by 28 pictures scaled to 32 by 32"), "{}", text(&output.stderr));
    assert_eq!(shapes(&out), ([1, 32, 32], (320, 320)));
    let output = run_small(&digits, &out, &["--epochs", "2", "--resume", "--size", "28"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("image size: [1, 32, 32] in the run folder, [1, 28, 28] now"));
}

#[test]
fn unreadable_pictures_are_skipped_or_with_strict_refused_and_nothing_is_lost() {
    let (data, dir) = (stripes(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    assert!(train(data.path(), &out, &[]).status.success());
    let model = fs::read(&out).unwrap();
    let broken = data.path().join("down/03.jpg");
    let bytes = fs::read(&broken).unwrap();
    fs::write(&broken, &bytes[..100]).unwrap();
    fs::write(data.path().join("down/04.jpg"), "not a picture").unwrap();
    let output = train(data.path(), &out, &["--strict"]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    for part in ["error: 2 of 36 pictures cannot be read", "03.jpg", "04.jpg", "hint: ", "--strict"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(fs::read(&out).unwrap(), model, "the earlier model is still there");
    assert!(dir.path().join("gen.run/checkpoint.safetensors").exists(), "and so is its run");
    let output = train(data.path(), &out, &[]);
    assert!(output.status.success());
    assert!(text(&output.stderr).contains("warning: 2 of 36 pictures cannot be read"), "{}", text(&output.stderr));
}

#[test]
fn fewer_pictures_than_the_batch_lower_it_unless_it_was_asked_for() {
    let (data, dir) = (stripes(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    let args =
        ["--data", data.path().to_str().unwrap(), "--out", out.to_str().unwrap(), "--epochs", "1", "--hidden", "8"];
    let output = run(&args);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("a minibatch is of 33 pictures and not of 100"), "{said}");
    let output = run(&[&args[..], &["--resume"]].concat());
    assert!(output.status.success(), "the same command goes on: {}", text(&output.stderr));
    let output = run(&[&args[..], &["--batch", "50"]].concat());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("a minibatch of 50 is more than the 33 training pictures"), "{said}");
    assert!(said.contains("--batch 33") && !said.contains("judge"), "nothing is judged before: {said}");
}

#[test]
fn a_bright_ground_is_said_and_turned_round_when_asked() {
    let (data, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for i in 0..24u32 {
        let ink = |x: u32, y: u32| if (8..20).contains(&x) && y == i { Luma([0]) } else { Luma([255u8]) };
        GrayImage::from_fn(28, 28, ink).save(data.path().join(format!("{i:02}.png"))).unwrap();
    }
    let out = dir.path().join("gen.onnx");
    let said = text(&train(data.path(), &out, &[]).stderr).to_owned();
    assert!(said.contains("bright ground") && said.contains("--invert"), "{said}");
    let output = train(data.path(), &out, &["--invert", "--transpose"]);
    let said = text(&output.stderr);
    assert!(output.status.success() && !said.contains("bright ground"), "{said}");
}

/// A TIFF of 20 by 20 pixels in tiles of 16 by 16, a plane for each colour: what reads TIFF gives up on it by a panic.
fn planar_tiff() -> Vec<u8> {
    const TILES: u32 = 12;
    let entries: [(u16, u16, u32, Option<u32>); 11] = [
        (256, 4, 1, Some(20)),
        (257, 4, 1, Some(20)),
        // Three numbers of bits, at the end of this directory; offsets and lengths of the tiles follow.
        (258, 3, 3, None),
        (259, 3, 1, Some(1)),
        (262, 3, 1, Some(2)),
        (277, 3, 1, Some(3)),
        (284, 3, 1, Some(2)),
        (322, 3, 1, Some(16)),
        (323, 3, 1, Some(16)),
        (324, 4, TILES, None),
        (325, 4, TILES, None),
    ];
    let mut file = b"II*\0\x08\0\0\0\x0b\0".to_vec();
    let mut place = 8 + 2 + 12 * entries.len() as u32 + 4;
    for (tag, kind, count, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.unwrap_or(place).to_le_bytes());
        place += if value.is_some() { 0 } else { count * if kind == 3 { 2 } else { 4 } };
    }
    file.extend([0, 0, 0, 0, 8, 0, 8, 0, 8, 0]);
    (0..TILES).for_each(|tile| file.extend((place + 256 * tile).to_le_bytes()));
    (0..TILES).for_each(|_| file.extend(256u32.to_le_bytes()));
    file.resize((place + 256 * TILES) as usize, 90);
    file
}

#[test]
fn a_picture_that_its_decoder_panics_on_is_named_in_a_sentence_and_nothing_else() {
    let (data, dir) = (stripes(), tempfile::tempdir().unwrap());
    fs::write(data.path().join("down/planar.tif"), planar_tiff()).unwrap();
    let output = train(data.path(), &dir.path().join("gen.onnx"), &[]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("planar.tif`: its decoder gave up on it; save it as PNG"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn pictures_that_no_gif_can_hold_cost_the_films_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    // 20 pictures of one row: ten stand side by side on a sheet, and a sweep shows each five times as wide.
    let columns = 13_200;
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': (20, 1, {columns}), }}\n");
    let mut array = [&b"\x93NUMPY\x01\0"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
    array.extend((0..20 * columns).map(|i| (i % 251) as u8));
    let data = dir.path().join("stripes.npy");
    fs::write(&data, array).unwrap();
    let out = dir.path().join("gen.onnx");
    let output = train(&data, &out, &[]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    for part in ["there is no `sweep.gif`: ", "there is no `training.gif`: ", "65535 are the most", "wrote "] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(shapes(&out), ([1, 1, columns], (10 * columns as u32, 10)));
    let run = out.with_extension("run");
    assert!(out.is_file() && run.join("report.html").is_file() && !run.join("sweep.gif").exists());
}

#[test]
fn a_run_within_the_folder_of_its_pictures_is_none_of_them() {
    let data = stripes();
    let within = |more: &[&str]| {
        let fixed = ["--data", ".", "--evaluate-every", "0", "--batch", "10", "--resume"];
        let words = [&fixed[..], &SMALL[2..], more].concat();
        process::trainer(&words).current_dir(data.path()).output().unwrap()
    };
    for epochs in ["1", "2"] {
        let output = within(&["--epochs", epochs]);
        let said = text(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("36 pictures") && said.contains("2 classes by folder: across (18), down (18)"), "{said}");
    }
    assert!(text(&within(&[]).stderr).contains("1 model (as `gen.onnx`), 1 run folder of a trainer"));
    // Other pictures are refused, though more epochs are asked for.
    fs::copy(data.path().join("down/00.jpg"), data.path().join("down/99.jpg")).unwrap();
    let output = within(&["--epochs", "3"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--data: pictures of checksum"), "{said}");
}
