//! Hash tables as slices of slots with open addressing: filled at build time, searched in place.

#[cfg(feature = "compile")]
use alloc::vec::Vec;

/// The largest number of entries of a small table. A small table is less full, which costs a few kilobytes.
#[cfg(feature = "compile")]
const MAX_SMALL: usize = 1_000;

/// An entry of a table, or an empty slot.
pub(crate) trait Slot: Copy {
    /// A slot without an entry.
    #[cfg_attr(not(feature = "compile"), expect(dead_code, reason = "only the compiler creates empty slots"))]
    const EMPTY: Self;

    /// Whether the slot has no entry.
    fn is_empty(&self) -> bool;
}

/// The slots in the order in which a lookup visits them.
#[inline]
fn probe(hash: u32, slots: usize) -> impl Iterator<Item = usize> {
    // The hash is scaled to the table, so that the number of slots need not be a power of two.
    let scaled = u64::from(hash).wrapping_mul(u64::try_from(slots).unwrap_or(0)) >> 32;
    let start = usize::try_from(scaled).unwrap_or(0);
    (0..slots).map(move |step| {
        let at = start.wrapping_add(step);
        if at < slots { at } else { at.wrapping_sub(slots) }
    })
}

/// The entry with this hash for which `is_it` is true, and the index of its slot.
#[inline]
pub(crate) fn find<T: Slot>(slots: &[T], hash: u32, is_it: impl Fn(&T) -> bool) -> Option<(u32, &T)> {
    for at in probe(hash, slots.len()) {
        let slot = slots.get(at).filter(|slot| !slot.is_empty())?;
        if is_it(slot) {
            return Some((u32::try_from(at).ok()?, slot));
        }
    }
    None
}

/// An empty table for `len` entries. A full large table uses three quarters of its slots; a small one less than half,
/// so that a lookup visits fewer slots. At least one slot always stays empty and ends the search for a missing entry.
#[cfg(feature = "compile")]
pub(crate) fn table<T: Slot>(len: usize) -> Vec<T> {
    let slots = if len <= MAX_SMALL { len.saturating_mul(2) } else { len.saturating_mul(4).div_ceil(3) };
    alloc::vec![T::EMPTY; slots.saturating_add(1)]
}

/// Stores an entry in a free slot, and returns the slot's index; `None` if the table is full.
#[cfg(feature = "compile")]
pub(crate) fn insert<T: Slot>(slots: &mut [T], hash: u32, entry: T) -> Option<u32> {
    let at = probe(hash, slots.len()).find(|&at| slots.get(at).is_some_and(T::is_empty))?;
    *slots.get_mut(at)? = entry;
    u32::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_up_visits_each_slot_once_from_the_place_of_its_hash_on() {
        let visits = |hash: u32, slots: usize| probe(hash, slots).collect::<Vec<_>>();
        assert_eq!(visits(0, 4), [0, 1, 2, 3]);
        assert_eq!(visits(u32::MAX, 4), [3, 0, 1, 2]);
        assert_eq!(visits(1 << 31, 4), [2, 3, 0, 1]);
        assert_eq!(visits(1 << 31, 5), [2, 3, 4, 0, 1]);
        assert_eq!(visits(7, 0), [0_usize; 0]);
    }
}
