//! Turns `assets/` into Rust tables: the files, plain and gzipped, the template split at its placeholders,
//! and the strings of each locale. An unknown placeholder or invalid JSON fails the build, not a deployment.
//!
//! The template needs no loops or conditions, so splitting it takes the ten lines of `template()`, and the
//! compiler checks each placeholder against an enum. A templating crate would replace only those lines.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

type Outcome<T> = Result<T, Box<dyn Error>>;

const TEMPLATE: &str = "index.html";

fn main() -> Outcome<()> {
    println!("cargo::rerun-if-changed=assets");
    let [assets, out] = [folder("CARGO_MANIFEST_DIR")?.join("assets"), folder("OUT_DIR")?];
    let tables = [files(&assets, &out)?, template(&assets)?, locales(&assets.join("locales"))?];
    Ok(fs::write(out.join("tables.rs"), tables.concat())?)
}

/// A folder from one of cargo's environment variables.
fn folder(variable: &str) -> Outcome<PathBuf> {
    Ok(std::env::var_os(variable).ok_or_else(|| format!("cargo did not set {variable}"))?.into())
}

/// The files, and a digest of their names and contents.
fn files(assets: &Path, out: &Path) -> Outcome<String> {
    let mut table = "pub(crate) static FILES: &[Asset] = &[\n".to_owned();
    let mut digest = Sha256::new();
    for path in listed(assets)? {
        let name = name_of(&path)?;
        if path.is_dir() || name == TEMPLATE {
            continue;
        }
        let bytes = fs::read(&path)?;
        digest.update(format!("{name} {}\n", bytes.len()));
        digest.update(&bytes);
        // Copied, so that an edit during the build can't make the two differ.
        let [identity, compressed] = ["", ".gz"].map(|ending| out.join(format!("{name}{ending}")));
        fs::write(&identity, &bytes)?;
        fs::write(&compressed, gzip(&bytes)?)?;
        let (media_type, identity, gzip) = (media_type(&name)?, text(&identity)?, text(&compressed)?);
        writeln!(
            table,
            "Asset {{ name: {name:?}, media_type: {media_type:?}, \
             identity: include_bytes!({identity:?}), gzip: include_bytes!({gzip:?}) }},"
        )?;
    }
    let digest: [u8; 32] = digest.finalize().into();
    writeln!(table, "];\npub(crate) static DIGEST: [u8; 32] = {digest:?};")?;
    Ok(table)
}

/// The template as pieces of text with a slot between any two.
fn template(assets: &Path) -> Outcome<String> {
    let text = fs::read_to_string(assets.join(TEMPLATE))?;
    let mut pieces = text.split("{{");
    let mut table = format!("pub(crate) static TEMPLATE: &[Part] = &[Part::Text({:?}),\n", pieces.next().unwrap_or(""));
    for piece in pieces {
        let (slot, rest) = piece.split_once("}}").ok_or("a placeholder of the template is not closed")?;
        let slot: String =
            slot.chars().enumerate().map(|(i, c)| if i == 0 { c.to_ascii_uppercase() } else { c }).collect();
        writeln!(table, "Part::Slot(Slot::{slot}), Part::Text({rest:?}),")?;
    }
    Ok(table + "];\n")
}

fn locales(folder: &Path) -> Outcome<String> {
    let mut table = "pub(crate) static LOCALES: &[Locale] = &[\n".to_owned();
    for path in listed(folder)? {
        let name = name_of(&path)?;
        let tag = name.strip_suffix(".json").ok_or_else(|| format!("{name} is not a JSON file"))?;
        let strings: Map<String, Value> =
            serde_json::from_str(&fs::read_to_string(&path)?).map_err(|error| format!("{name}: {error}"))?;
        let sentence = |key| strings.get(key).and_then(Value::as_str).ok_or_else(|| format!("{name} has no {key}"));
        let (title, noscript) = (sentence("title")?, sentence("noscript")?);
        let json = serde_json::to_string(&strings)?;
        writeln!(table, "Locale {{ tag: {tag:?}, title: {title:?}, noscript: {noscript:?}, strings: {json:?} }},")?;
    }
    Ok(table + "];\n")
}

/// A folder's entries, sorted, so that every machine builds the same tables.
fn listed(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Outcome<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> Outcome<String> {
    Ok(text(Path::new(path.file_name().ok_or("a file has no name")?))?.to_owned())
}

fn text(path: &Path) -> Outcome<&str> {
    Ok(path.to_str().ok_or_else(|| format!("{} is not UTF-8", path.display()))?)
}

fn media_type(name: &str) -> Outcome<&'static str> {
    Ok(match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => return Err(format!("{name} has no known media type").into()),
    })
}

fn gzip(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
