//! The sections, in the order in which they run.

use super::section::Section;
use super::{edges, native, peers, v8_peers, wasm, worker_start};

/// A section that is added here, with a place for each of its tables in the README, is complete.
pub(super) const SECTIONS: [&Section; 6] =
    [&native::SECTION, &peers::SECTION, &wasm::SECTION, &v8_peers::SECTION, &worker_start::SECTION, &edges::SECTION];
