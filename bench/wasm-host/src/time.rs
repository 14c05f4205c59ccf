//! Measures the duration of a call, from the host's bytes to the response bytes in the host.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use callgate_bench::{Padding, refund_text, without_digest};
use serde_json::Value;
use wasmtime::error::Context as _;
use wasmtime::{Result, ensure};

use crate::bodies;
use crate::figure::{Figure, median};
use crate::guest::{Compiled, Guest};
use crate::modules::Modules;
use crate::perso::Perso;

/// Turns of each candidate; the median counts.
const TURNS: usize = 15;
const QUICK_TURNS: usize = 3;
/// The duration of a turn.
const TURN: Duration = Duration::from_millis(40);

/// Measures all refunds, with perso too if its module is given.
pub(crate) fn run(modules: &Modules, perso: Option<&Path>, root: &Path, is_quick: bool) -> Result<()> {
    let mut perso = perso.map(|path| start_perso(path, root)).transpose()?;
    for padding in bodies::REFUNDS {
        let mut guest = Compiled::new(&modules.read(bodies::policy_of(padding))?)?.start()?;
        let times = measure(&mut guest, perso.as_mut(), padding, if is_quick { QUICK_TURNS } else { TURNS })?;
        let row = padding.name();
        for (column, turns) in ["callgate, wasmtime", "no digest, wasmtime", "perso, wasmtime"].into_iter().zip(times) {
            if !turns.is_empty() {
                Figure { table: "wasm", row: &row, column, value: median(turns), unit: "ns" }.print()?;
            }
        }
    }
    Ok(())
}

fn start_perso(module: &Path, root: &Path) -> Result<Perso> {
    let wasm = fs::read(module).with_context(|| format!("cannot read `{}`", module.display()))?;
    let policy = root.join("policies/crm-perso.json");
    let policy = fs::read_to_string(&policy).with_context(|| format!("cannot read `{}`", policy.display()))?;
    Perso::start(&wasm, &policy)
}

/// Nanoseconds per call of callgate, of callgate without the argument digest, and of perso, which computes none. They
/// run in turns.
fn measure(guest: &mut Guest, mut perso: Option<&mut Perso>, padding: Padding, turns: usize) -> Result<[Vec<f64>; 3]> {
    let text = refund_text(200, padding);
    let short = without_digest(&text);
    let call: Value = serde_json::from_str(&text)?;
    let member = |name: &str| call.get(name).map(Value::to_string).unwrap_or_default();
    let (arguments, role, agent) = (member("args"), member("role"), member("agentAttributes"));
    let context = format!(r#"{{ "role": {role}, "agent_attrs": {agent}, "resource_attrs": {{}} }}"#);
    let mut times = [const { Vec::new() }; 3];
    let [ours, ours_short, theirs] = &mut times;
    for _ in 0..turns {
        ours.push(turn(|| is_allowed(guest.evaluate(text.as_bytes())?))?);
        ours_short.push(turn(|| is_allowed(guest.evaluate(short.as_bytes())?))?);
        if let Some(perso) = perso.as_deref_mut() {
            theirs.push(turn(|| {
                is_allowed(perso.evaluate(b"process_refund", arguments.as_bytes(), context.as_bytes())?)
            })?);
        }
    }
    Ok(times)
}

/// Nanoseconds per call over one turn.
fn turn(mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    // The clock is read only once for so many calls, so that its cost is negligible.
    const ROUND: u32 = 16;
    let started = Instant::now();
    let mut calls = 0_u32;
    while started.elapsed() < TURN {
        for _ in 0..ROUND {
            call()?;
        }
        calls = calls.saturating_add(ROUND);
    }
    Ok(started.elapsed().as_secs_f64() * 1e9 / f64::from(calls))
}

/// An engine with a wrong decision could be fast for the wrong reason.
fn is_allowed(answer: &[u8]) -> Result<()> {
    ensure!(answer.starts_with(b"{\"decision\":\"Allow\""), "not allowed: {}", String::from_utf8_lossy(answer));
    Ok(())
}
