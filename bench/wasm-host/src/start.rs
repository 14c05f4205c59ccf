//! Measures the time from a compiled module to its first decision, with policies of every size.

use std::time::Instant;

use wasmtime::{Result, ensure};

use crate::bodies;
use crate::figure::{Figure, median};
use crate::guest::Compiled;
use crate::modules::Modules;
use crate::policy::{Policy, SIZES};

/// Starts per size. The sizes run in turns, so that temporary slowdowns affect all of them.
const TURNS: usize = 300;
const QUICK_TURNS: usize = 30;

/// Measures the time from the creation of an instance to its first response.
pub(crate) fn run(modules: &Modules, is_quick: bool) -> Result<()> {
    let sizes = SIZES
        .into_iter()
        .map(|rules| Ok((rules, Compiled::new(&modules.read(Policy::Rules(rules))?)?)))
        .collect::<Result<Vec<_>>>()?;
    let body = bodies::exact_tool();
    let mut times = vec![Vec::new(); sizes.len()];
    for _ in 0..if is_quick { QUICK_TURNS } else { TURNS } {
        for ((_, compiled), times) in sizes.iter().zip(&mut times) {
            let started = Instant::now();
            let mut guest = compiled.start()?;
            let is_allowed = guest.evaluate(&body)?.starts_with(b"{\"decision\":\"Allow\"");
            times.push(started.elapsed().as_secs_f64() * 1e9);
            ensure!(is_allowed, "the first call is not allowed");
        }
    }
    for ((rules, _), times) in sizes.iter().zip(times) {
        let row = format!("{} rules", thousands(*rules));
        Figure { table: "start", row: &row, column: "wasmtime", value: median(times), unit: "ns" }.print()?;
    }
    Ok(())
}

/// A number of rules, as in the tables.
fn thousands(rules: usize) -> String {
    let (above, below) = (rules / 1_000, rules % 1_000);
    if above == 0 { below.to_string() } else { format!("{above},{below:03}") }
}
