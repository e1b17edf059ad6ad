//! A static file server for this machine alone: enough HTTP for a browser to load the page.
//!
//! It answers GET and HEAD, closes each connection after one answer, and lets browsers keep nothing, so that a rebuilt
//! site is seen at once. What is asked for is resolved to a real path, which must lie in the folder served.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use failure::{Failure, Result};

use crate::folder::failed;

/// Tried first when no port is asked for, since an address one remembers is worth a try.
const USUAL_PORT: u16 = 8000;
/// Requests of browsers are well below this.
const LONGEST_REQUEST: u64 = 64 * 1024;
/// A peer that says nothing is hung up on.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens a port of this machine: the one asked for, else the usual one, else any that is free.
///
/// # Errors
/// If the port asked for can't be had.
pub fn listen(port: Option<u16>) -> Result<TcpListener> {
    let open = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    match port {
        Some(port) => open(port).map_err(|error| {
            Failure::usage(format!("port {port} cannot be used: {error}")).hint("leave `--port` out to take a free one")
        }),
        None => open(USUAL_PORT).or_else(|_| open(0)).map_err(failed("no port of this machine can be used")),
    }
}

/// Serves a folder until the program is stopped.
///
/// # Errors
/// If the folder isn't there or the port is lost.
pub fn serve(listener: &TcpListener, folder: &Path) -> Result<()> {
    let folder = folder.canonicalize().map_err(failed(format_args!("cannot read `{}`", folder.display())))?;
    let address = listener.local_addr().map_err(failed("the port is lost"))?;
    println!("http://{address}/");
    eprintln!("serving it at that address; Ctrl-C stops");
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let folder = folder.clone();
        // A browser that goes away in the middle of an answer is its own business.
        std::thread::spawn(move || drop(talk(&stream, &folder)));
    }
    Ok(())
}

fn talk(stream: &TcpStream, folder: &Path) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.take(LONGEST_REQUEST)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // The rest of the head is read, though not needed: closing on unread bytes would reset the connection.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    send(stream, &request, answer(folder, &request))
}

/// What a request gets.
#[derive(Debug, PartialEq)]
enum Answer {
    File(PathBuf),
    /// The folder's name lacked its slash, without which its page's relative addresses would go astray.
    Moved(String),
    NotFound,
    NotAllowed,
    Malformed,
}

fn answer(folder: &Path, request: &str) -> Answer {
    let mut words = request.split(' ');
    let (Some(method), Some(target), Some("HTTP/1.0" | "HTTP/1.1"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Answer::Malformed;
    };
    if method != "GET" && method != "HEAD" {
        return Answer::NotAllowed;
    }
    let address = target.split(['?', '#']).next().unwrap_or_default();
    let Some(path) = address.strip_prefix('/').and_then(percent_decoded) else { return Answer::Malformed };
    // `..` and links are followed first, and then judged by where they lead.
    let Ok(found) = folder.join(path.trim_start_matches('/')).canonicalize() else { return Answer::NotFound };
    if !found.starts_with(folder) {
        return Answer::NotFound;
    }
    if found.is_dir() {
        return match found.join("index.html") {
            index if !index.is_file() => Answer::NotFound,
            _ if !address.ends_with('/') => Answer::Moved(format!("/{}/", address.trim_matches('/'))),
            index => Answer::File(index),
        };
    }
    if address.ends_with('/') { Answer::NotFound } else { Answer::File(found) }
}

fn send(mut stream: &TcpStream, request: &str, answer: Answer) -> io::Result<()> {
    let (status, extra, text) = match answer {
        Answer::File(path) => match File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file))) {
            Ok((length, mut file)) => {
                write_head(stream, "200 OK", content_type(&path), length, "")?;
                if !request.starts_with("HEAD ") {
                    io::copy(&mut file, &mut stream)?;
                }
                return Ok(());
            }
            Err(_) => ("404 Not Found", String::new(), "there is no such file here"),
        },
        Answer::Moved(to) => ("301 Moved Permanently", format!("Location: {to}\r\n"), "this is a folder"),
        Answer::NotFound => ("404 Not Found", String::new(), "there is no such file here"),
        Answer::NotAllowed => ("405 Method Not Allowed", "Allow: GET, HEAD\r\n".into(), "files can only be read here"),
        Answer::Malformed => ("400 Bad Request", String::new(), "this is not a request for a file"),
    };
    write_head(stream, status, "text/plain; charset=utf-8", text.len() as u64, &extra)?;
    if request.starts_with("HEAD ") { Ok(()) } else { stream.write_all(text.as_bytes()) }
}

fn write_head(mut stream: &TcpStream, status: &str, kind: &str, length: u64, extra: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n{extra}\r\n"
    );
    stream.write_all(head.as_bytes())
}

/// The media type by a file's extension. `application/wasm` is what lets a browser compile while it downloads.
fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "ts" | "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

/// `None` if an escape is broken, or what comes out is no text or holds a zero byte.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = rest.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok().filter(|decoded| !decoded.contains('\0'))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// `site/` with a page, a module and a folder, and beside it a file that isn't for visitors.
    fn site() -> (tempfile::TempDir, PathBuf) {
        let room = tempfile::tempdir().unwrap();
        for file in ["secret.txt", "site/index.html", "site/a b.js", "site/deep/index.html", "site/bare/x.wasm"] {
            let path = room.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let site = room.path().join("site").canonicalize().unwrap();
        (room, site)
    }

    #[test]
    fn requests_get_files_of_the_folder_and_nothing_else() {
        let (_room, site) = site();
        let file = |name: &str| Answer::File(site.join(name));
        for (request, expected) in [
            ("GET / HTTP/1.1", file("index.html")),
            ("HEAD /index.html?v=1 HTTP/1.1", file("index.html")),
            ("GET /a%20b.js HTTP/1.0", file("a b.js")),
            ("GET /deep/ HTTP/1.1", file("deep/index.html")),
            ("GET /deep/../index.html HTTP/1.1", file("index.html")),
            ("GET /deep HTTP/1.1", Answer::Moved("/deep/".into())),
            ("GET //deep HTTP/1.1", Answer::Moved("/deep/".into())),
            ("GET /bare/ HTTP/1.1", Answer::NotFound),
            ("GET /index.html/ HTTP/1.1", Answer::NotFound),
            ("GET /none.js HTTP/1.1", Answer::NotFound),
            ("GET /../secret.txt HTTP/1.1", Answer::NotFound),
            ("GET /%2e%2e/secret.txt HTTP/1.1", Answer::NotFound),
            ("GET /deep/%2e%2e%2f..%2fsecret.txt HTTP/1.1", Answer::NotFound),
            ("GET //etc/passwd HTTP/1.1", Answer::NotFound),
            ("GET /%2fetc/passwd HTTP/1.1", Answer::NotFound),
            ("GET /x%00 HTTP/1.1", Answer::Malformed),
            ("GET /%zz HTTP/1.1", Answer::Malformed),
            ("GET /%+1 HTTP/1.1", Answer::Malformed),
            ("GET /%e HTTP/1.1", Answer::Malformed),
            ("GET index.html HTTP/1.1", Answer::Malformed),
            ("POST / HTTP/1.1", Answer::NotAllowed),
            ("GET /", Answer::Malformed),
            ("", Answer::Malformed),
        ] {
            assert_eq!(answer(&site, request), expected, "{request}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_leads_nowhere() {
        let (room, site) = site();
        std::os::unix::fs::symlink(room.path().join("secret.txt"), site.join("link.txt")).unwrap();
        assert_eq!(answer(&site, "GET /link.txt HTTP/1.1"), Answer::NotFound);
    }

    #[test]
    fn a_browser_gets_head_and_body() {
        let (_room, site) = site();
        let listener = listen(Some(0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || serve(&listener, &site));
        let ask = |request: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "{request} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).unwrap();
            said
        };
        let module = ask("GET /bare/x.wasm");
        assert!(module.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/wasm\r\nContent-Length: 16\r\n"));
        assert!(module.ends_with("\r\n\r\nsite/bare/x.wasm"), "{module}");
        let head = ask("HEAD /bare/x.wasm");
        assert!(head.contains("Content-Length: 16\r\n") && head.ends_with("\r\n\r\n"), "{head}");
        assert!(ask("GET /none").starts_with("HTTP/1.1 404 "));
        assert!(ask("DELETE /index.html").starts_with("HTTP/1.1 405 "));
        assert!(ask("GET /deep").contains("\r\nLocation: /deep/\r\n"));
    }

    #[test]
    fn a_busy_port_is_told_with_the_way_out() {
        let busy = listen(Some(0)).unwrap();
        let error = listen(Some(busy.local_addr().unwrap().port())).unwrap_err().to_string();
        assert!(error.contains("cannot be used") && error.contains("`--port`"), "{error}");
    }
}
