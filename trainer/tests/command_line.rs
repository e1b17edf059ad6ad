//! The `trainer` binary as a user meets it: real processes, real files, exit codes and messages.
//!
//! `runs` trains a few steps on a small cut of MNIST and looks at what is left; `refusals` gives it everything it must not
//! accept. What interrupts and kills it is in `survival.rs`.

mod process;
mod small_mnist;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use process::{run, run_small, text};
use small_mnist::SmallMnist;

mod runs {
    use super::*;

    #[test]
    fn a_run_leaves_the_model_and_the_run_folder_of_the_contract() {
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let out = dir.path().join("digits.onnx");
        let log = dir.path().join("log.jsonl");
        let output = run_small(&data, &out, &["--epochs", "3", "--log-json", log.to_str().unwrap()]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "on epoch 0\non epoch 1\non epoch 2\n");
        assert!(fs::metadata(&out).unwrap().len() > 1000);
        let run = dir.path().join("digits.run");
        for file in [
            "checkpoint.safetensors",
            "metrics.jsonl",
            "sweep.png",
            "sweep.gif",
            "training.gif",
            "report.html",
            "samples/epoch-000.png",
            "samples/epoch-002.png",
        ] {
            assert!(run.join(file).is_file(), "{file} is missing");
        }
        let events: Vec<serde_json::Value> =
            fs::read_to_string(&log).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
        assert_eq!(names, ["start", "epoch", "epoch", "epoch", "evaluation", "done"]);
        assert_eq!((events[0]["recipe"].as_str(), events[0]["seed"].as_u64()), (Some("stable"), Some(0)));
        assert_eq!((events[1]["epoch"].as_u64(), events[1]["steps"].as_u64()), (Some(0), Some(11)));
        assert!(events[1]["ms_per_step"].as_f64().unwrap() > 0.0);
        assert_eq!(fs::read_to_string(run.join("metrics.jsonl")).unwrap().lines().count(), 4);
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "only the model, the run folder and the log: {left:?}");
    }

    #[test]
    fn models_from_the_way_are_kept_where_asked_for_and_go_with_their_run() {
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let out = dir.path().join("gen.onnx");
        let models = dir.path().join("gen.run/models");
        let output = run_small(&data, &out, &["--epochs", "3", "--keep-models", "1,3"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let read = |epochs: u32| fs::read(models.join(format!("epochs-00{epochs}.onnx"))).unwrap();
        assert!(read(3) == fs::read(&out).unwrap(), "the last is the run's own");
        assert!(read(1) != read(3), "and the first another");
        assert_eq!(fs::read_dir(&models).unwrap().count(), 2);

        assert!(run_small(&data, &out, &["--epochs", "1"]).status.success());
        let aside = dir.path().join("gen.run/earlier-1/models");
        assert_eq!(fs::read_dir(&aside).unwrap().count(), 2, "they go where their run goes");
        assert!(!models.exists(), "they are of another run than this");
        assert!(run_small(&data, &out, &["--epochs", "1", "--keep-models", "1"]).status.success());
        assert!(run_small(&data, &out, &["--epochs", "1", "--overwrite"]).status.success());
        assert!(!models.exists() || fs::read_dir(&models).unwrap().count() == 0, "and are replaced with it");
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let model = |name: &str, recipe: &str, seed: &str| {
            let out = dir.path().join(name);
            let output = run_small(&data, &out, &["--epochs", "2", "--seed", seed, "--recipe", recipe]);
            assert!(output.status.success(), "{}", text(&output.stderr));
            fs::read(out).unwrap()
        };
        for recipe in ["seed", "stable"] {
            let first = model("a.onnx", recipe, "5");
            assert!(first == model("b.onnx", recipe, "5"), "{recipe}: two runs of one seed differ");
            assert!(first != model("c.onnx", recipe, "6"), "{recipe}: two seeds give one model");
        }
    }

    #[test]
    fn quiet_leaves_standard_error_empty() {
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let output = run_small(&data, &dir.path().join("gen.onnx"), &["--epochs", "1", "--quiet"]);
        assert_eq!((text(&output.stdout).as_str(), text(&output.stderr).as_str()), ("on epoch 0\n", ""));
    }

    #[test]
    fn a_finished_run_is_moved_aside_unless_it_is_to_be_overwritten() {
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let out = dir.path().join("gen.onnx");
        let run_folder = dir.path().join("gen.run");
        assert!(run_small(&data, &out, &["--epochs", "1"]).status.success());
        let checkpoint = fs::read(run_folder.join("checkpoint.safetensors")).unwrap();
        let output = run_small(&data, &out, &["--epochs", "1", "--lr", "1e10"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("is kept in `") && said.contains("earlier-1"), "{said}");
        assert!(!said.contains("is kept; try"), "no checkpoint is promised where there is none: {said}");
        let aside = run_folder.join("earlier-1");
        assert!(fs::read(aside.join("checkpoint.safetensors")).unwrap() == checkpoint, "the first run is whole");
        assert!(aside.join("samples/epoch-000.png").exists() && aside.join("report.html").exists());
        for _ in 0..2 {
            assert!(run_small(&data, &out, &["--epochs", "1", "--seed", "3", "--overwrite"]).status.success());
        }
        assert!(!run_folder.join("earlier-2").exists(), "and is not moved aside when it is to be overwritten");
    }

    #[test]
    fn events_have_standard_output_for_themselves_by_a_dash_and_end_with_a_failure() {
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let output = run_small(&data, &dir.path().join("gen.onnx"), &["--epochs", "1", "--log-json", "-"]);
        let stdout = text(&output.stdout);
        let events = |stdout: &str| -> Vec<serde_json::Value> {
            stdout.lines().map(|line| serde_json::from_str(line).expect("JSON alone")).collect()
        };
        let names: Vec<_> = events(&stdout).iter().map(|event| event["event"].to_string()).collect();
        assert_eq!((names[0].as_str(), names.last().unwrap().as_str()), (r#""start""#, r#""done""#), "{stdout}");
        assert!(text(&output.stderr).lines().any(|line| line == "on epoch 0"), "{}", text(&output.stderr));
        let refused: [&[&str]; 3] = [&["--data", "/no/such/folder"], &["--lr", "-1"], &["--lr", "1e10"]];
        for more in refused {
            let output = run_small(
                &data,
                &dir.path().join("failed.onnx"),
                &[&["--epochs", "1", "--log-json", "-"], more].concat(),
            );
            let stdout = text(&output.stdout);
            let events = events(&stdout);
            let last = events.last().unwrap_or_else(|| panic!("{more:?}: {}", text(&output.stderr)));
            let message = last["message"].as_str().unwrap();
            assert_eq!(last["event"], "failed", "{more:?}: {stdout}");
            assert!(!message.is_empty() && text(&output.stderr).contains(message), "{more:?}: {message}");
        }
    }

    #[test]
    fn recipes_are_listed_and_shown_and_a_shown_one_trains() {
        assert_eq!(text(&run(&["recipes"]).stdout), "seed\nstable\nclasses\nfine\ncolour\nconv\n");
        let shown = run(&["recipes", "show", "seed"]);
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let file = dir.path().join("own.toml");
        fs::write(&file, text(&shown.stdout).replace("name = \"seed\"", "name = \"own\"")).unwrap();
        let output =
            run_small(&data, &dir.path().join("gen.onnx"), &["--epochs", "1", "--recipe", file.to_str().unwrap()]);
        assert!(text(&output.stderr).lines().any(|line| line.starts_with("own on ")), "{}", text(&output.stderr));
    }

    #[test]
    fn a_recipe_with_layers_is_shown_as_it_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let layers = "[generator]\nlayers = [{ layer = \"dense\", width = 32 }, { layer = \"leaky-relu\", slope = 0.1 }, \
                      { layer = \"dense\" }, { layer = \"tanh\" }]\n\
                      [discriminator]\nlayers = [{ layer = \"dense\", width = 9 }, { layer = \"leaky-relu\", slope = 0 }, \
                      { layer = \"dense\" }]\n";
        let show = |name: &str, recipe: &str| {
            let file = dir.path().join(name);
            fs::write(&file, recipe).unwrap();
            let output = run(&["recipes", "show", file.to_str().unwrap()]);
            assert!(output.status.success(), "{}", text(&output.stderr));
            text(&output.stdout)
        };
        let shown = show("own.toml", &(text(&run(&["recipes", "show", "stable"]).stdout) + layers));
        let tables: toml::Table = shown.parse().unwrap();
        let expected: toml::Table = layers.replace("slope = 0 ", "slope = 0.0 ").parse().unwrap();
        for network in ["generator", "discriminator"] {
            assert_eq!(tables[network], expected[network]);
        }
        assert_eq!(show("shown.toml", &shown), shown);
    }

    #[test]
    fn help_is_grouped_and_every_flag_has_its_line() {
        let help = text(&run(&["--help"]).stdout);
        let mut at = 0;
        for heading in ["Commands:", "Training:", "Pictures:", "Machine:", "Output:", "Single values of the recipe"] {
            at += help[at..].find(heading).unwrap_or_else(|| panic!("{heading} is not in its place:\n{help}"));
        }
        assert!(help.lines().count() <= 80, "short enough to read: {} lines", help.lines().count());
        assert!(help.lines().all(|line| line.chars().count() <= 112), "{help}");
        let lines = |flag: &str| help.lines().filter(|line| line.trim_start().starts_with(flag)).count();
        for flag in
            ["--epochs <N>", "--size <N|WxH>", "--strict", "--tensorboard <DIR>", "--out <FILE>", "--r1-gamma <X>"]
        {
            assert_eq!(lines(flag), 1, "{flag} in\n{help}");
        }
    }

    #[test]
    fn completions_of_every_shell_and_the_manual_know_the_flags() {
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let script = text(&run(&["completions", shell]).stdout);
            for word in ["r1-gamma", "tensorboard", "compare", "recipes"] {
                assert!(script.contains(word), "{shell} does not complete {word}");
            }
        }
        let manual = text(&run(&["man"]).stdout);
        assert!(manual.contains(".TH trainer 1"), "{manual}");
        for word in ["\\-\\-r1\\-gamma", "\\-\\-tensorboard", "trainer\\-compare", "\\-\\-html"] {
            assert!(manual.contains(word), "{word} in {manual}");
        }
        let output = run(&["completions", "tcsh"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("possible values: bash"), "{}", text(&output.stderr));
    }

    #[test]
    fn bash_accepts_its_completions() {
        let script = text(&run(&["completions", "bash"]).stdout);
        let asked = format!(
            "{script}\nCOMP_WORDS=(trainer --tensorb); COMP_CWORD=1; _trainer trainer --tensorb trainer; \
            echo \"${{COMPREPLY[*]}}\""
        );
        match std::process::Command::new("bash").args(["-c", &asked]).output() {
            Ok(output) => assert_eq!(text(&output.stdout).trim(), "--tensorboard", "{}", text(&output.stderr)),
            Err(error) => println!("skipped: no bash: {error}"),
        }
    }

    #[test]
    fn fashion_mnist_from_a_folder_of_gzip_files_trains() {
        let Some(folder) = std::env::var_os("FORGER_FASHION_MNIST") else {
            assert!(std::env::var_os("FORGER_REQUIRE_ALL").is_none(), "FORGER_FASHION_MNIST must name the folder");
            println!("skipped: FORGER_FASHION_MNIST does not name a folder of idx files");
            return;
        };
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("gen.onnx");
        let data = dir.path().join("fashion-mnist");
        fs::create_dir(&data).unwrap();
        for (name, count) in [("train", 12_000), ("t10k", 2_000)] {
            cut(Path::new(&folder), &data, &format!("{name}-images-idx3-ubyte.gz"), 16, count, 28 * 28);
            cut(Path::new(&folder), &data, &format!("{name}-labels-idx1-ubyte.gz"), 8, count, 1);
        }
        let data = data.to_str().unwrap();
        let args = ["--data", data, "--out", out.to_str().unwrap(), "--epochs", "3", "--batch", "1000"];
        let output = run(&[&args[..], &["--hidden", "16", "--log-json", "-"]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("stable on fashion-mnist"), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        let line = said.lines().find(|line| line.starts_with(r#"{"event":"evaluation""#)).expect("the run is judged");
        let scores: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(scores["fid"].as_f64().unwrap() > 0.0 && scores["samples"] == 2_000, "{line}");
        assert!(dir.path().join("gen.run/judge.safetensors").exists(), "the judge of these pictures is kept");
    }

    /// Writes the first `count` entries, of `size` bytes each, of an idx file with a head of so many bytes: a judge of all of them
    /// takes minutes.
    fn cut(from: &Path, to: &Path, name: &str, head: usize, count: u32, size: usize) {
        let mut bytes = Vec::new();
        let packed = fs::File::open(from.join(name)).unwrap();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
        bytes.truncate(head + count as usize * size);
        bytes[4..8].copy_from_slice(&count.to_be_bytes());
        let mut packed =
            flate2::write::GzEncoder::new(fs::File::create(to.join(name)).unwrap(), flate2::Compression::fast());
        packed.write_all(&bytes).unwrap();
        packed.finish().unwrap();
    }
}

mod refusals {
    use super::*;

    #[test]
    fn bad_requests_are_refused_in_words_with_the_right_exit_code() {
        let dir = tempfile::tempdir().unwrap();
        let recipe = dir.path().join("typo.toml");
        fs::write(&recipe, text(&run(&["recipes", "show", "stable"]).stdout).replace("lr_hold", "lr_hodl")).unwrap();
        let recipe = recipe.to_str().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        let (under_file, no_folder) = (file.join("gen.onnx"), dir.path().join("no/gen.onnx"));
        let good_out = dir.path().join("gen.onnx");
        let out = good_out.to_str().unwrap();
        let empty_folder = dir.path().join("empty");
        fs::create_dir(&empty_folder).unwrap();
        let (empty_folder, file_name) = (empty_folder.to_str().unwrap(), file.to_str().unwrap());
        let cases: [(&[&str], i32, &str); 34] = [
            (&["--epochs", "0"], 2, "'0' for '--epochs <N>'"),
            (&["--epochs", "-3"], 2, "--epochs"),
            (&["--epochs", "1.5"], 2, "--epochs"),
            (&["--lr", "-0.1", "--out", out], 2, "`lr` is -0.1: it must be a number above 0"),
            (&["--lr", "nan", "--out", out], 2, "`lr` is NaN"),
            (&["--batch", "0", "--out", out], 2, "`batch` is 0"),
            (&["--batch", "99999999", "--out", out], 2, "`batch` is 99999999"),
            (&["--recipe", recipe, "--out", out], 2, "unknown key `lr_hodl`: did you mean `lr_hold`?"),
            (&["--recipe", "stabel", "--out", out], 2, "recipe `stabel` is not built in"),
            (&["--loss", "hinge", "--out", out], 2, "hinge"),
            (&["--device", "gpu:99", "--out", out], 1, "there is no `gpu:99`"),
            (&["--engine", "reference", "--device", "gpu", "--out", out], 1, "no GPU backend"),
            (&["--replicas", "0", "--out", out], 2, "--replicas"),
            (&["--replicas", "2", "--device", "cpu", "--out", out], 2, "takes the fused engine on a GPU"),
            (&["--device", "tpu"], 2, "gpu:N"),
            (&["--out", no_folder.to_str().unwrap()], 1, "which does not exist"),
            (&["--out", under_file.to_str().unwrap()], 1, "which does not exist"),
            (&["--data", "/no/such/folder", "--out", out], 1, "is no folder"),
            (&["--data", empty_folder, "--out", out], 1, "is empty: there is no file in it or below"),
            (&["--data", file_name, "--out", out], 1, "is no folder"),
            (&["--data", "", "--out", out], 1, "names nothing"),
            (&["--seed", "-1"], 2, "'-1' for '--seed <N>'"),
            (&["--epochs", "3", "--keep-models", "1,4", "--out", out], 2, "`--keep-models 4` is after no epoch"),
            (&["--keep-models", "0", "--out", out], 2, "`--keep-models 0` is after no epoch"),
            (&["--size", "3"], 2, "--size"),
            (&["--size", "513"], 2, "--size"),
            (&["--size", "-28"], 2, "--size"),
            (&["--size", "28x"], 2, "--size"),
            (&["--tensorboard", file_name, "--out", out], 1, "`--tensorboard"),
            (&["--log-json", no_folder.to_str().unwrap(), "--out", out], 1, "`--log-json"),
            (&["--recipe", file_name, "--out", out], 2, "is not TOML"),
            (&["--recipe", dir.path().to_str().unwrap(), "--out", out], 2, "cannot be read"),
            (&["--threads", "0"], 2, "--threads"),
            (&["--epochs", "ten"], 2, "--epochs"),
        ];
        for (args, code, expected) in cases {
            let output = run(args);
            let message = text(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
            assert!(message.starts_with("error: ") && message.contains(expected), "{args:?}: {message}");
            assert!(!message.contains("panicked") && output.stdout.is_empty(), "{args:?}: {message}");
        }
    }

    /// A device that is always full.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_on_standard_output_is_a_failure() {
        let commands: [&[&str]; 3] = [&["--help"], &["recipes", "show", "stable"], &["man"]];
        for args in commands {
            let full = fs::File::options().write(true).open("/dev/full").unwrap();
            let status = process::trainer(args).stdout(full).stderr(std::process::Stdio::null()).status().unwrap();
            assert_eq!(status.code(), Some(1), "{args:?}");
        }
    }

    /// `stable` with `tables` after it, as a file in `folder`.
    fn stable_with(folder: &Path, tables: &str) -> String {
        let file = folder.join("layers.toml");
        fs::write(&file, text(&run(&["recipes", "show", "stable"]).stdout) + tables).unwrap();
        file.to_str().unwrap().to_owned()
    }

    #[test]
    fn networks_that_cannot_be_are_refused_with_every_fault_and_its_place_before_anything_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let recipe = stable_with(
            dir.path(),
            "[generator]\nlayers = [{ layer = \"dense\" }, { layer = \"leaky-rule\", slope = 0.2 }, { layer = \"dense\" }]\n\
             [discriminator]\nlayers = [{ layer = \"dense\" }, { layer = \"tanh\" }, { layer = \"dense\", width = 3 }]\n",
        );
        let out = dir.path().join("gen.onnx");
        let out = out.to_str().unwrap();
        for args in
            [&["--out", out, "--recipe", &recipe, "--lr", "0"][..], &["bench", "--recipe", &recipe, "--lr", "0"]]
        {
            let output = run(args);
            let message = text(&output.stderr);
            assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{message}");
            let faults: Vec<&str> = message.lines().filter(|line| line.starts_with("  ")).collect();
            let expected = [
                "  `lr` is 0: it must be a number above 0",
                "  `[generator]`: layer 2 is of an unknown kind `leaky-rule`: did you mean `leaky-relu`?",
                "  `[generator]`: it must end in { layer = \"tanh\" }",
                "  `[discriminator]`: layer 1 has no width",
                "  `[discriminator]`: the last dense layer gives 3 numbers and 1 must come out",
                "  `[discriminator]`: layer 2 is not made of straight pieces",
            ];
            assert_eq!(faults.len(), expected.len(), "{message}");
            for (fault, expected) in faults.iter().zip(expected) {
                assert!(fault.starts_with(expected), "{expected} is not where it should be: {message}");
            }
        }
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["layers.toml"]);
    }

    #[test]
    fn networks_that_do_not_meet_the_pictures_are_refused_before_a_judge_is_trained_and_leave_the_earlier_run() {
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let out = dir.path().join("gen.onnx");
        assert!(run_small(&data, &out, &["--epochs", "1", "--evaluate-every", "0"]).status.success());
        let files = || {
            ["gen.onnx", "gen.run/checkpoint.safetensors", "gen.run/metrics.jsonl", "gen.run/report.html"]
                .map(|file| fs::read(dir.path().join(file)).unwrap())
        };
        let before = files();
        let layers = "[generator]\nlayers = [{ layer = \"dense\", width = 100 }, { layer = \"tanh\" }]\n";
        let recipe = stable_with(dir.path(), layers);
        let output = run_small(&data, &out, &["--recipe", &recipe]);
        let message = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{message}");
        let expected = "`[generator]`: the last dense layer gives 100 numbers and 784 must come out";
        assert!(message.contains(expected) && !message.contains("judge"), "{message}");
        assert!(files() == before && !dir.path().join("gen.run/judge.safetensors").exists());
        let plan = dir.path().join("plan.json");
        for args in [&["bench"][..], &["bench", "--counts"], &["gpu-plan", "--out", plan.to_str().unwrap()]] {
            let output = run(&[args, &["--recipe", &recipe]].concat());
            let message = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
            assert!(message.contains(expected), "{args:?}: {message}");
        }
    }

    // Not even root makes files in /proc.
    #[cfg(target_os = "linux")]
    #[test]
    fn an_output_that_cannot_be_written_is_found_out_before_training() {
        let output = run(&["--out", "/proc/gen.onnx"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("cannot be written") && output.stdout.is_empty());
    }

    #[test]
    fn damaged_data_files_are_named_with_what_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("gen.onnx");
        let images = "train-images-idx3-ubyte";
        type Damage = fn(&Path);
        let cases: [(&str, Damage, &str); 5] = [
            ("missing", |path| fs::remove_file(path).unwrap(), "holds no file of training pictures"),
            ("cut short", |path| cut(path, 1000), "is cut short: 188160 bytes expected"),
            ("wrong magic", |path| overwrite(path, 3, 1), "goes on after the 240 bytes"),
            ("wrong count", |path| overwrite(path, 7, 239), "goes on after the"),
            ("a gzip that is none", |path| fs::write(path, [0x1f, 0x8b, 1, 2]).unwrap(), "cut short"),
        ];
        for (name, damage, expected) in cases {
            let data = SmallMnist::new();
            damage(&Path::new(data.path()).join(images));
            let output = run_small(&data, &out, &["--epochs", "1"]);
            let message = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{name}: {message}");
            assert!(message.contains(expected) && message.contains(images), "{name}: {message}");
        }
    }

    fn cut(path: &Path, by: usize) {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() - by]).unwrap();
    }

    fn overwrite(path: &Path, at: usize, byte: u8) {
        let mut bytes = fs::read(path).unwrap();
        bytes[at] = byte;
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn a_loss_that_is_no_number_ends_the_run_with_the_step() {
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let out = dir.path().join("gen.onnx");
        let output = run_small(&data, &out, &["--epochs", "9", "--lr", "1e30", "--lr-final", "1e30"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("training has diverged"), "{}", text(&output.stderr));
        assert!(!out.exists());
    }

    #[test]
    fn a_run_that_diverges_later_keeps_its_last_good_checkpoint() {
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let out = dir.path().join("gen.onnx");
        // Five epochs at a sane rate, then one that nothing survives.
        let output = run_small(&data, &out, &["--epochs", "9", "--lr-hold", "0.6", "--lr-final", "1e30"]);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains("training has diverged at step ") && message.contains("in epoch 5"), "{message}");
        assert!(message.contains("D's loss is ") && message.contains("hint: the checkpoint of the last whole epoch"));
        let bytes = fs::read(dir.path().join("gen.run/checkpoint.safetensors")).unwrap();
        let checkpoint = run::checkpoint::Checkpoint::from_bytes(&bytes).unwrap();
        assert_eq!(checkpoint.epochs_done, 5);
        assert!(checkpoint.state.is_finite() && checkpoint.state.generator.parameters.iter().all(|v| v.abs() < 10.0));
    }
}
