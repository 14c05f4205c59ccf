//! The sections, in the order in which they run.

use super::{Section, native, peers, v8_peers};

/// A section that is added here, with a place for each of its tables in the README, is complete.
pub(super) const SECTIONS: [&Section; 3] = [&native::SECTION, &peers::SECTION, &v8_peers::SECTION];
