//! Turns `assets/`, and what `make bundle` has made of the scripts and the style, into Rust tables: the files, plain and
//! compressed, the template split at its placeholders, and the strings of each locale. An unknown placeholder or invalid
//! JSON fails the build, not a deployment.
//!
//! The template needs no loops or conditions, so splitting it takes the ten lines of `template()`, and the
//! compiler checks each placeholder against an enum. A templating crate would replace only those lines.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use brotli::enc::BrotliEncoderParams;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

type Outcome<T> = Result<T, Box<dyn Error>>;

const TEMPLATE: &str = "index.html";
fn main() -> Outcome<()> {
    let [package, out] = [folder("CARGO_MANIFEST_DIR")?, folder("OUT_DIR")?];
    let [assets, bundle] = [package.join("assets"), package.join("bundle")];
    for watched in [&assets, &bundle] {
        println!("cargo::rerun-if-changed={}", watched.display());
    }
    if digest_of_sources(&assets)? != fs::read_to_string(bundle.join("sources"))?.trim() {
        println!(
            "cargo::warning=the login page is served without the latest changes of its scripts: run `make bundle`"
        );
    }
    let locales = locales(&assets.join("locales"))?;
    let tables = [
        files(&assets, &bundle, &locales, &out)?,
        template(&assets)?,
        inline(&bundle)?,
        of_locales(&locales)?,
        number_formats(&assets)?,
    ];
    Ok(fs::write(out.join("tables.rs"), tables.concat())?)
}

/// A folder from one of cargo's environment variables.
fn folder(variable: &str) -> Outcome<PathBuf> {
    Ok(std::env::var_os(variable).ok_or_else(|| format!("cargo did not set {variable}"))?.into())
}

/// As `make bundle` computes it.
fn digest_of_sources(assets: &Path) -> Outcome<String> {
    let mut digest = Sha256::new();
    for path in listed(assets)? {
        if path.extension().is_some_and(|extension| extension == "js" || extension == "css") {
            let bytes = fs::read(&path)?;
            digest.update(format!("{} {}\n", name_of(&path)?, bytes.len()));
            digest.update(&bytes);
        }
    }
    Ok(hex(&digest.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// A file that browsers request, as the parts that make it up: most of a script is the same in every language.
struct Served {
    name: String,
    media_type: &'static str,
    parts: Vec<(String, Vec<u8>)>,
}

/// The files, and a digest of their names and contents.
fn files(assets: &Path, bundle: &Path, locales: &[Locale], out: &Path) -> Outcome<String> {
    let alone = |name: &str, media_type| -> Outcome<Served> {
        let bytes = fs::read(assets.join(name))?;
        Ok(Served { name: name.to_owned(), media_type, parts: vec![(name.to_owned(), bytes)] })
    };
    let mut all = vec![alone("icon.svg", "image/svg+xml")?, alone("mfa-client.js", JAVASCRIPT)?];
    let [page, later] = ["page.js", "later.js"].map(|name| fs::read_to_string(bundle.join(name)));
    let (page, later) = (page?, later?);
    for locale in locales {
        all.extend(scripts(locale, &page, &later)?);
    }
    table_of(&all, out)
}

/// A language's two scripts: the second one imports from the first.
fn scripts(locale: &Locale, page: &str, later: &str) -> Outcome<[Served; 2]> {
    let tag = &locale.tag;
    let [of_page, of_later] = [Speaker::Page, Speaker::Later].map(|speaker| locale.said_by(speaker));
    let (of_page, of_later) = (of_page?, of_later?);
    // An open page may get its second script from the next deployment.
    let build = hex(&Sha256::digest([page, later, &of_page, &of_later].concat())[..4]);
    let head = |strings: &str| format!("const STRINGS={strings},BUILD={build:?};");
    let served = |name: &str, parts| Served { name: format!("{name}.{tag}.js"), media_type: JAVASCRIPT, parts };

    let mut of_both = vec![(format!("later.{tag}"), head(&of_later))];
    for (index, piece) in later.split(FIRST).enumerate() {
        if index > 0 {
            of_both.push((format!("first.{tag}"), format!("./page.{tag}.js")));
        }
        of_both.push((format!("later.{index}"), piece.to_owned()));
    }
    let first = vec![(format!("page.{tag}"), head(&of_page)), ("page.js".to_owned(), page.to_owned())];
    let [first, second] =
        [first, of_both].map(|parts| parts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect());
    Ok([served("page", first), served("later", second)])
}

/// What the second script's bundle calls the first script.
const FIRST: &str = "./page.js";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

fn table_of(files: &[Served], out: &Path) -> Outcome<String> {
    let mut table = String::new();
    let mut rows = format!("pub(crate) static FILES: [Asset; {}] = [\n", files.len());
    let mut digest = Sha256::new();
    let mut parts = BTreeMap::new();
    for Served { name, media_type, parts: own } in files {
        let bytes = own.iter().map(|(_, bytes)| &bytes[..]).collect::<Vec<_>>().concat();
        digest.update(format!("{name} {}\n", bytes.len()));
        digest.update(&bytes);
        let compressed = written(out, &format!("{name}.br"), &brotli(&bytes)?)?;
        for (part, bytes) in own {
            // Copied, so that an edit during the build can't make the two differ.
            parts.insert(constant(part), written(out, part, bytes)?);
        }
        let names = own.iter().map(|(part, _)| constant(part)).collect::<Vec<_>>().join(", ");
        writeln!(
            rows,
            "Asset {{ name: {name:?}, media_type: {media_type:?}, parts: &[{names}], \
             brotli: include_bytes!({compressed:?}), gzip: OnceLock::new() }},"
        )?;
    }
    for (part, path) in parts {
        writeln!(table, "static {part}: &[u8] = include_bytes!({path:?});")?;
    }
    let digest: [u8; 32] = digest.finalize().into();
    writeln!(table, "{rows}];\npub(crate) static DIGEST: [u8; 32] = {digest:?};")?;
    Ok(table)
}

/// `PAGE_JS` for `page.js`.
fn constant(name: &str) -> String {
    name.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

fn written(out: &Path, name: &str, bytes: &[u8]) -> Outcome<String> {
    let path = out.join(name);
    fs::write(&path, bytes)?;
    Ok(text(&path)?.to_owned())
}

/// What is in the page itself. The style's hash depends on the operator's colour, so it is computed at the start.
fn inline(bundle: &Path) -> Outcome<String> {
    let [start, style] = ["start.js", "page.css"].map(|name| fs::read_to_string(bundle.join(name)));
    let (start, style) = (start?, style?);
    if let Some(end) = ["</", "<!--"].into_iter().find(|end| start.contains(end) || style.contains(end)) {
        return Err(format!("{end} would end the element that it is in").into());
    }
    let digest: [u8; 32] = Sha256::digest(&start).into();
    Ok(format!(
        "pub(crate) static START: &str = {start:?};\npub(crate) static START_DIGEST: [u8; 32] = {digest:?};\n\
         pub(crate) static STYLE: &str = {style:?};\n"
    ))
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

struct Locale {
    tag: String,
    strings: Map<String, Value>,
}

impl Locale {
    fn sentence(&self, key: &str) -> Outcome<&str> {
        Ok(self.strings.get(key).and_then(Value::as_str).ok_or_else(|| format!("{} has no {key}", self.tag))?)
    }

    /// As a JSON object. No sentence is sent twice.
    fn said_by(&self, speaker: Speaker) -> Outcome<String> {
        let said: Map<_, _> = self.strings.clone().into_iter().filter(|(key, _)| Speaker::of(key) == speaker).collect();
        Ok(serde_json::to_string(&said)?)
    }
}

/// Where a sentence is.
#[derive(Clone, Copy, PartialEq)]
enum Speaker {
    Template,
    /// The page itself, which must be able to say this when its script does not load.
    Boot,
    /// The first script: its screens, and what any screen may say while the second script is not there.
    Page,
    Later,
}

impl Speaker {
    fn of(key: &str) -> Self {
        match key.split_once('.') {
            None if matches!(key, "title" | "noscript") => Self::Template,
            Some(("broken" | "unreachable", _) | ("support", "link")) => Self::Boot,
            None
            | Some(
                ("choose" | "channel" | "trouble" | "when", _) | ("number", "ending" | "wrong") | ("lost", "link"),
            ) => Self::Page,
            _ => Self::Later,
        }
    }
}

fn locales(folder: &Path) -> Outcome<Vec<Locale>> {
    let mut locales = Vec::new();
    for path in listed(folder)? {
        let name = name_of(&path)?;
        let tag = name.strip_suffix(".json").ok_or_else(|| format!("{name} is not a JSON file"))?.to_owned();
        let strings = serde_json::from_str(&fs::read_to_string(&path)?).map_err(|error| format!("{name}: {error}"))?;
        locales.push(Locale { tag, strings });
    }
    Ok(locales)
}

fn of_locales(locales: &[Locale]) -> Outcome<String> {
    let mut table = "pub(crate) static LOCALES: &[Locale] = &[\n".to_owned();
    for locale in locales {
        let (tag, title, noscript) = (&locale.tag, locale.sentence("title")?, locale.sentence("noscript")?);
        let strings = locale.said_by(Speaker::Boot)?;
        writeln!(table, "Locale {{ tag: {tag:?}, title: {title:?}, noscript: {noscript:?}, strings: {strings:?} }},")?;
    }
    Ok(table + "];\n")
}

fn number_formats(assets: &Path) -> Outcome<String> {
    let formats: BTreeMap<String, String> = serde_json::from_str(&fs::read_to_string(assets.join("countries.json"))?)?;
    let rows: Vec<_> = formats.iter().collect();
    Ok(format!("pub(crate) static NUMBER_FORMATS: &[(&str, &str)] = &{rows:?};\n"))
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

/// At the highest quality: it is done once, and read by every browser.
fn brotli(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut compressed = Vec::new();
    let size_hint = bytes.len();
    brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &BrotliEncoderParams { size_hint, ..Default::default() })?;
    Ok(compressed)
}
