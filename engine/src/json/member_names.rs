//! Finds duplicate member names of an object without keeping the names.

use alloc::vec::Vec;

use crate::json::fault::Fault;
use crate::json::name_hash::name_bit;
use crate::json::{RawValue, Reader};

/// How many name hashes of open objects are kept in place.
const MAX_KEPT: usize = 48;

/// How many name hashes of wide objects are kept in the vector. The limit bounds the cost of a request, regardless of
/// its number of names.
const MAX_WIDE: usize = 8_192;

/// The bits of a hash that select its slot; there are twice [`MAX_WIDE`] slots.
const SLOT_BITS: u32 = 14;
const _: () = assert!(1 << SLOT_BITS == MAX_WIDE * 2);

/// The name hashes of the open objects, innermost last.
pub(crate) struct OpenNames {
    kept: [u64; MAX_KEPT],
    kept_count: usize,
    /// The name hashes of open objects that are too wide to be kept in place.
    wide: Vec<u64>,
}

/// The state of duplicate detection for one object.
pub(crate) struct MemberNames {
    /// Where the kept hashes of its names start.
    first: usize,
    /// One bit for each name, by its hash. In most objects, no two names have the same bit.
    seen: u64,
    /// The bits that several names have.
    repeated: u64,
    wide: Option<Wide>,
}

/// The names of an object that has too many to be kept in place.
#[derive(Clone, Copy)]
struct Wide {
    /// Where their hashes start in the vector.
    first: usize,
    count: usize,
}

impl OpenNames {
    pub(crate) fn new() -> Self {
        Self { kept: [0; MAX_KEPT], kept_count: 0, wide: Vec::new() }
    }

    /// Opens an object inside the open objects.
    #[inline]
    pub(crate) fn open(&self) -> MemberNames {
        MemberNames { first: self.kept_count, seen: 0, repeated: 0, wide: None }
    }

    /// Keeps the hash of a name of the innermost object.
    #[inline]
    pub(crate) fn keep(&mut self, names: &mut MemberNames, hash: u64) {
        let bit = name_bit(hash);
        names.repeated |= names.seen & bit;
        names.seen |= bit;
        match self.kept.get_mut(self.kept_count) {
            Some(kept) if names.wide.is_none() => {
                *kept = hash;
                self.kept_count = self.kept_count.wrapping_add(1);
            }
            _ => match &mut names.wide {
                Some(wide) if self.wide.len() < self.wide.capacity().min(MAX_WIDE) => {
                    self.wide.push(hash);
                    wide.count = wide.count.wrapping_add(1);
                }
                // Only copies are passed, so that the rest stays in registers.
                wide => *wide = Some(self.keep_wide(names.first, *wide, hash)),
            },
        }
    }

    /// Closes the innermost object and returns whether it has a duplicate name; `object` returns its text if that is
    /// needed.
    #[inline]
    pub(crate) fn close<'a>(&mut self, names: &MemberNames, object: impl FnOnce() -> Option<RawValue<'a>>) -> bool {
        if names.repeated != 0 && self.has_duplicate(names.first, names.wide, object()) {
            return true;
        }
        self.kept_count = names.first;
        if let Some(Wide { first, .. }) = names.wide {
            self.wide.truncate(first);
        }
        false
    }

    /// Keeps the hash of a name in the vector. If the object was not `wide` yet, first moves all of its hashes there,
    /// so that nested objects have space in place.
    #[inline(never)]
    fn keep_wide(&mut self, first: usize, wide: Option<Wide>, hash: u64) -> Wide {
        let mut wide = wide.unwrap_or_else(|| {
            self.wide.reserve_exact(MAX_WIDE.saturating_sub(self.wide.len()));
            let start = self.wide.len();
            let kept = self.kept.get(first..self.kept_count).unwrap_or_default();
            let room = MAX_WIDE.saturating_sub(start).min(kept.len());
            self.wide.extend_from_slice(kept.get(..room).unwrap_or_default());
            self.kept_count = first;
            Wide { first: start, count: kept.len() }
        });
        if self.wide.len() < MAX_WIDE {
            self.wide.push(hash);
        }
        wide.count = wide.count.wrapping_add(1);
        wide
    }

    /// Whether the innermost object, whose text is `object`, has a duplicate name.
    ///
    /// Equal hashes count as equal names. Two names whose hashes collide are therefore rejected, which affects only
    /// bodies made for it: with 64 bits, the names of a body do not collide by chance.
    #[inline(never)]
    fn has_duplicate(&mut self, first: usize, wide: Option<Wide>, object: Option<RawValue<'_>>) -> bool {
        let Some(Wide { first, count }) = wide else {
            return self.kept.get_mut(first..self.kept_count).is_none_or(is_repetitive_in_order);
        };
        match self.wide.get_mut(first..) {
            Some(hashes) if hashes.len() == count => is_repetitive(hashes, &mut Vec::new()),
            _ => object.is_none_or(|object| has_duplicate_among_many(count, object)),
        }
    }
}

/// Like [`OpenNames::has_duplicate`], for more hashes than are kept: reads the object several times, for a part of the
/// hashes each time.
#[cold]
fn has_duplicate_among_many(count: usize, object: RawValue<'_>) -> bool {
    // A quarter stays free, because hashes are not distributed evenly.
    let parts = count.div_ceil(MAX_WIDE / 4 * 3);
    let mut hashes = Vec::with_capacity(count.min(MAX_WIDE));
    let mut slots = Vec::new();
    (0..parts).any(|part| {
        hashes.clear();
        let read = Reader::inside(object).object(|reader, name| {
            if usize::try_from(name.hash >> 33).unwrap_or_default().checked_rem(parts) == Some(part) {
                hashes.push(name.hash);
            }
            if hashes.len() > MAX_WIDE { Err(Fault::DuplicateMember) } else { reader.skip() }
        });
        read.is_err() || is_repetitive(&mut hashes, &mut slots)
    })
}

/// Whether `hashes` has a duplicate; may reorder them. `slots` is memory for the search.
fn is_repetitive(hashes: &mut [u64], slots: &mut Vec<u16>) -> bool {
    is_repetitive_in_slots(hashes, slots).unwrap_or_else(|| is_repetitive_in_order(hashes))
}

fn is_repetitive_in_order(hashes: &mut [u64]) -> bool {
    hashes.sort_unstable();
    hashes.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
}

/// Like [`is_repetitive`], and several times faster for many hashes, with a slot for each hash; `None` if the hashes
/// crowd into few slots, which only happens on purpose.
fn is_repetitive_in_slots(hashes: &[u64], slots: &mut Vec<u16>) -> Option<bool> {
    // Each slot contains the position of its hash, counted from 1. Half of the slots stay free.
    slots.clear();
    slots.resize(MAX_WIDE * 2, 0);
    let mut steps = hashes.len().saturating_mul(4);
    for (place, &hash) in (1..).zip(hashes) {
        let mut at = usize::try_from(hash >> (64 - SLOT_BITS)).ok()?;
        loop {
            let slot = slots.get_mut(at)?;
            if *slot == 0 {
                *slot = place;
                break;
            }
            if hashes.get(usize::from(*slot).checked_sub(1)?) == Some(&hash) {
                return Some(true);
            }
            steps = steps.checked_sub(1)?;
            // The first slot follows the last one.
            at = at.wrapping_add(1) & (MAX_WIDE * 2 - 1);
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::name_hash::hash_name;
    use crate::json::read;
    use alloc::format;
    use alloc::string::String;

    /// An object with these names.
    fn object_of(names: impl Iterator<Item = String>) -> String {
        let members: Vec<String> = names.map(|name| format!("\"{name}\":0")).collect();
        format!("{{{}}}", members.join(","))
    }

    #[test]
    fn the_names_of_a_wide_object_are_kept_up_to_a_bound() {
        for (count, expected) in [(MAX_KEPT, 0), (100, 100), (9_000, MAX_WIDE)] {
            let all = || (0..count).map(|n| format!("n{n}"));
            let object = object_of(all());
            let mut open = OpenNames::new();
            let mut names = open.open();
            all().for_each(|name| open.keep(&mut names, hash_name(name.as_bytes())));
            assert_eq!(open.wide.len(), expected, "{count}");
            assert!(!open.close(&names, || Some(RawValue::of_checked(&object))), "{count}");
            assert!(open.wide.is_empty() && open.wide.capacity() <= MAX_WIDE, "{count}");
        }
    }

    #[test]
    fn two_names_are_compared_only_where_their_hashes_have_one_bit() {
        let mut open = OpenNames::new();
        let mut names = open.open();
        for at in 0..64 {
            open.keep(&mut names, at << 56);
            assert_eq!(names.repeated, 0, "{at}");
        }
        open.keep(&mut names, 5 << 56 | 1);
        assert_eq!(names.repeated, 1 << 5);
    }

    #[test]
    fn names_that_crowd_into_one_part_are_refused_before_they_take_more_memory() {
        // More names than are kept, in two parts by their hashes: one part of this size, and the rest.
        let part_of = |name: &String| hash_name(name.as_bytes()) >> 33 & 1;
        let names = |part: u64| (0..).map(|n| format!("n{n}")).filter(move |name| part_of(name) == part);
        let check = |crowded: usize, expected: Result<(), Fault>| {
            let object = object_of(names(0).take(crowded).chain(names(1).take(9_000 - crowded)));
            assert_eq!(read(object.as_bytes(), 32).map(RawValue::text), expected.map(|()| &*object), "{crowded}");
        };
        check(MAX_WIDE, Ok(()));
        check(MAX_WIDE + 1, Err(Fault::DuplicateMember));
    }

    #[test]
    fn a_number_that_stands_twice_is_found_however_the_others_crowd() {
        let spread = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for crowd in [spread, |n| n, |n| u64::MAX - n] {
            let mut hashes: Vec<u64> = (1..=8_000).map(crowd).collect();
            assert!(!is_repetitive(&mut hashes.clone(), &mut Vec::new()));
            hashes.push(crowd(4_000));
            assert!(is_repetitive(&mut hashes, &mut Vec::new()));
        }
    }

    #[test]
    fn crowded_numbers_are_given_up_soon() {
        let crowded: Vec<u64> = (0..8_000).collect();
        assert_eq!(is_repetitive_in_slots(&crowded, &mut Vec::new()), None);
        let spread: Vec<u64> = (0..8_000).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        assert_eq!(is_repetitive_in_slots(&spread, &mut Vec::new()), Some(false));
    }
}
