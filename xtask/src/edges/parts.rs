//! Shows the size of the Worker's functions by module.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;

use anyhow::{Context as _, Result};
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use super::policy::Policy;
use super::worker;
use crate::checkout::Checkout;
use crate::process;
use crate::tools::rust_toolchain::{WORKER_TARGET, cargo};

/// The crates that are split by module; others are shown as a whole.
const OURS: [&str; 3] = ["callgate_engine", "callgate_edge_core", "callgate_edge_cloudflare"];

/// The functions that describe JavaScript types to wasm-bindgen, which removes them afterward.
const DESCRIPTION: &str = "__wbindgen_describe";

/// Builds the Worker with function names and prints the size of each module.
///
/// wasm-bindgen and wasm-opt, which drop the names, run later, and inlined functions count for their callers. So the
/// figures show which modules are large, not their final size.
pub(crate) fn print(checkout: &Checkout) -> Result<()> {
    worker::install_needs(checkout)?;
    // A separate directory, so that the other builds are not invalidated.
    let target = checkout.target().join("parts");
    let mut command = cargo();
    command.current_dir(checkout.root()).env("CARGO_PROFILE_RELEASE_STRIP", "none");
    Policy::Shipped.choose_for(&mut command);
    command.args(["build", "--locked", "--release", "--package", worker::PACKAGE, "--target", WORKER_TARGET]);
    command.arg("--target-dir").arg(&target);
    process::run(command)?;
    let path = target.join(WORKER_TARGET).join("release/callgate_edge_cloudflare.wasm");
    let wasm = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let parts = weigh(&wasm)?;
    let all: usize = parts.values().sum();
    println!("{:<44}{:>10}{:>8}", "module", "bytes", "share");
    let mut parts: Vec<(String, usize)> = parts.into_iter().collect();
    parts.sort_by_key(|(name, bytes)| (usize::MAX.saturating_sub(*bytes), name.clone()));
    for (name, bytes) in parts {
        let percent = bytes.saturating_mul(100).checked_div(all).unwrap_or_default();
        println!("{name:<44}{bytes:>10}{percent:>7}%");
    }
    println!("{:<44}{all:>10}", "code and data");
    Ok(())
}

/// The size of each module's functions, and of the data.
fn weigh(wasm: &[u8]) -> Result<BTreeMap<String, usize>> {
    let mut parts: BTreeMap<String, usize> = BTreeMap::new();
    let mut imported: u32 = 0;
    let mut bodies: Vec<usize> = Vec::new();
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported = imported.saturating_add(u32::from(matches!(import?.ty, TypeRef::Func(_))));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(length(&body.range())?),
            Payload::DataSection(section) => {
                parts.insert(String::from("data"), length(&section.range())?);
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(section) = section.as_known() {
                    for name in section {
                        if let Name::Function(functions) = name? {
                            for naming in functions {
                                let naming = naming?;
                                names.insert(naming.index, module_of(naming.name));
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for (function, bytes) in (imported..).zip(bodies) {
        let module = names.get(&function).cloned().unwrap_or_else(|| String::from("unnamed"));
        if module == DESCRIPTION {
            continue;
        }
        let sum = parts.entry(module).or_default();
        *sum = sum.saturating_add(bytes);
    }
    Ok(parts)
}

fn length(range: &Range<u64>) -> Result<usize> {
    Ok(usize::try_from(range.end.saturating_sub(range.start))?)
}

/// The callgate module of a function; otherwise, its crate.
fn module_of(mangled: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(mangled));
    // A function of another crate for a callgate type counts for callgate, because it only exists for that type.
    for ours in OURS {
        if let Some((_, path)) = name.split_once(&format!("{ours}::")) {
            let module = path.split("::").next().unwrap_or_default();
            let is_module = module.chars().all(|c| c.is_ascii_lowercase() || c == '_') && path.contains("::");
            return if is_module { format!("{ours}::{module}") } else { ours.to_owned() };
        }
    }
    if name.starts_with(DESCRIPTION) {
        return DESCRIPTION.to_owned();
    }
    let start = name.trim_start_matches(['<', '&', ' ']).trim_start_matches("dyn ").trim_start_matches("mut ");
    start.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default().to_owned()
}
