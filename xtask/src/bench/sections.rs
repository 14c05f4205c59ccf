//! The sections, in the order of their execution.

use super::section::Section;
use super::{edges, native, peers, v8_peers, wasm, worker_start};

/// To add a section, list it here and add a place for each of its tables to the README.
pub(super) const SECTIONS: [&Section; 6] =
    [&native::SECTION, &peers::SECTION, &wasm::SECTION, &v8_peers::SECTION, &worker_start::SECTION, &edges::SECTION];
