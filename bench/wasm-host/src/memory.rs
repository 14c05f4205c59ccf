//! Linear memory after few calls and after many.

use wasmtime::Result;

use crate::bodies;
use crate::figure::Figure;
use crate::guest::{Compiled, Guest};
use crate::modules::Modules;
use crate::policy::Policy;

/// The maximum length of a body in bytes, and a length that is too long.
const LARGEST: usize = callgate_engine::limits::DEFAULT_MAX_BODY_BYTES;
const TOO_LARGE: usize = LARGEST + 1;

/// Measures linear memory in one instance, in several stages.
pub(crate) fn run(modules: &Modules) -> Result<()> {
    let mut guest = Compiled::new(&modules.read(Policy::Crm)?)?.start()?;
    print(&guest, "at the start")?;
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let mut sizes = std::iter::repeat_with(move || {
        // Short and long bodies are equally frequent: the power of two is random, then the length below it.
        let halvings = random.u32(0..=18);
        random.usize(0..=LARGEST.checked_shr(halvings).unwrap_or_default())
    });
    call(&mut guest, sizes.by_ref().take(1_000))?;
    print(&guest, "after 1,000 calls")?;
    call(&mut guest, sizes.by_ref().take(99_000))?;
    print(&guest, "after 100,000 calls")?;
    call(&mut guest, [LARGEST; 100].into_iter())?;
    print(&guest, "after the largest accepted bodies")?;
    call(&mut guest, [TOO_LARGE; 100].into_iter())?;
    print(&guest, "after bodies that are too large")
}

fn call(guest: &mut Guest, lengths: impl Iterator<Item = usize>) -> Result<()> {
    for (at, length) in lengths.enumerate() {
        let mut body = bodies::refund_of_length(length);
        if at % 4 == 3 {
            // Every fourth body is truncated, which is detected only at its end.
            body.truncate(body.len().saturating_sub(1));
        }
        guest.evaluate(&body)?;
    }
    Ok(())
}

fn print(guest: &Guest, row: &str) -> Result<()> {
    let value = u32::try_from(guest.memory_bytes()).map(f64::from)?;
    Figure { table: "memory", row, column: "wasmtime", value, unit: "B" }.print()
}
