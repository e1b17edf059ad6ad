//! `trainer page` as a user meets it: a program with the ready page beside it, in a folder of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder as a download leaves it: the program, and parts of a page that hold their own names.
struct Download {
    room: tempfile::TempDir,
}

impl Download {
    fn new() -> Download {
        let download = Download { room: tempfile::tempdir().unwrap() };
        // A link would be followed to where the page is not.
        fs::hard_link(env!("CARGO_BIN_EXE_trainer"), download.program())
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_trainer"), download.program()).map(drop))
            .unwrap();
        let index = "<link rel=\"modulepreload\" href=\"app.js\">\n<meta property=\"og:image\" content=\"card.png\">\n\
                     <meta name=\"glimpse\" content=\"glimpse.safetensors\">\n";
        for (file, text) in [
            ("web/index.html", index),
            ("web/app.js", "app"),
            ("web/service-worker.js", "worker"),
            ("runtime/runtime_bg.wasm", "small"),
            ("runtime/full_bg.wasm", "full"),
            ("judges/mnist.safetensors", "judge"),
            ("pictures/mnist-test-images.gzip", "pictures"),
        ] {
            download.put(&format!("share/forger/page/{file}"), text.as_bytes());
        }
        download
    }

    fn program(&self) -> PathBuf {
        self.path(&format!("trainer{}", std::env::consts::EXE_SUFFIX))
    }

    fn path(&self, file: &str) -> PathBuf {
        self.room.path().join(file)
    }

    fn put(&self, file: &str, bytes: &[u8]) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// A model that was trained a little by the program itself.
    fn train(&self) {
        let flags = ["--epochs", "1", "--batch", "100", "--hidden", "8", "--latent", "4", "--evaluate-every", "0"];
        let output = self.run(&[&flags[..], &["--engine", "fused", "--device", "cpu", "--out", "gen.onnx"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// With an empty environment, as where nothing else is installed.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.program());
        command.args(args).current_dir(self.room.path()).stdin(Stdio::null());
        // Windows finds its sockets by the environment.
        if cfg!(unix) {
            command.env_clear();
        }
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn refused(&self, args: &[&str]) -> (i32, String) {
        let output = self.run(args);
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn the_site_of_a_model_is_written_and_served() {
    let download = Download::new();
    download.train();
    let mut serving = download
        .command(&["page", "gen.onnx", "--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let host = address.trim().strip_prefix("http://").and_then(|rest| rest.strip_suffix('/')).unwrap().to_owned();
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(stream, "GET /models.json HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"stable-1\""), "{answer}");

    let site = download.path("site");
    assert!(fs::read(site.join("gen.onnx")).unwrap() == fs::read(download.path("gen.onnx")).unwrap());
    for file in [
        "app.js",
        "runtime/full_bg.wasm",
        "judges/mnist.safetensors",
        "pictures/mnist-test-images.gzip",
        "precache.js",
        "gen.onnx.gz",
    ] {
        assert!(site.join(file).is_file(), "{file}");
    }
    let page = fs::read_to_string(site.join("index.html")).unwrap();
    assert!(page.contains("card.png") && page.contains("glimpse.safetensors"), "{page}");
    let card = image::open(site.join("card.png")).unwrap();
    assert_eq!((card.width(), card.height(), card.color()), (1200, 630, image::ColorType::Rgb8));
    let glimpse = fs::read(site.join("glimpse.safetensors")).unwrap();
    assert!(String::from_utf8_lossy(&glimpse).contains("imageShape"));

    // Again, over what is there, and elsewhere.
    for out in ["site", "deep/other"] {
        // Where a folder is named, it is written and that is all.
        let output = download.run(&["page", "gen.onnx", "--out", out]);
        assert!(output.status.success() && output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(download.path(out).join("site.json").is_file(), "{out}");
    }
}

#[test]
fn what_cannot_be_shown_is_refused_before_anything_is_written() {
    let download = Download::new();
    download.train();
    download.put("mine/letter.txt", b"dear");
    download.put("page.html", b"<!DOCTYPE html>");
    download.put("netD.pth", b"PK\x03\x04archive/data.pkl");
    let model = fs::read(download.path("gen.onnx")).unwrap();
    download.put("cut.onnx", &model[..model.len() / 2]);
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = busy.local_addr().unwrap().port().to_string();
    for (args, code, expected) in [
        (&["page"][..], 2, "MODEL"),
        (&["page", "none.onnx"], 2, "there is no model at `none.onnx`\n\nhint: train one"),
        (&["page", "page.html"], 2, "`page.html` cannot be shown: this is not an ONNX model"),
        (&["page", "netD.pth"], 2, "`netD.pth` cannot be shown: this is not an ONNX model"),
        (&["page", "cut.onnx"], 2, "`cut.onnx` cannot be shown: the model file is cut short"),
        (&["page", "gen.onnx", "none.onnx"], 2, "there is no model at `none.onnx`"),
        (&["page", "."], 1, "cannot read `.`"),
        (&["page", "gen.onnx", "--out", "mine"], 2, "`mine` holds `letter.txt`, which is no part of a site"),
        (&["page", "gen.onnx", "--out", "gen.onnx"], 2, "`gen.onnx` is not a folder"),
        (&["page", "gen.onnx", "--port", &port], 2, "cannot be used"),
        (&["page", "gen.onnx", "--port", "70000"], 2, "--port"),
        (&["page", "gen.onnx", "--port", "1", "--no-serve"], 2, "--no-serve"),
        (&["page", "gen.onnx", "--url", "me.example"], 2, "`--url me.example` is not the address of a site"),
    ] {
        let (found, said) = download.refused(args);
        assert!(found == code && said.contains(expected), "{args:?}: {found}: {said}");
        assert!(!download.path("site").exists(), "{args:?}");
    }
}

#[test]
fn a_program_without_its_page_says_where_to_get_one() {
    let download = Download::new();
    fs::remove_dir_all(download.path("share/forger/page/runtime")).unwrap();
    let (code, said) = download.refused(&["page", "gen.onnx"]);
    assert!(code == 1 && said.contains("is not whole") && said.contains("hint: unpack"), "{code}: {said}");
    fs::remove_dir_all(download.path("share")).unwrap();
    let (code, said) = download.refused(&["page", "gen.onnx"]);
    let place = Path::new("share/forger/page").display().to_string();
    assert!(code == 1 && said.contains(&place) && said.contains("cargo xtask site"), "{code}: {said}");
}
