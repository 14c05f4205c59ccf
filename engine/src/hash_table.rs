//! Hash tables as slices of slots with open addressing: filled at build time, looked up in place.

#[cfg(feature = "compile")]
use alloc::vec::Vec;

/// An entry of a table, or the lack of one.
pub(crate) trait Slot: Copy {
    /// A slot without an entry.
    #[cfg_attr(not(feature = "compile"), expect(dead_code, reason = "only what writes an image makes empty slots"))]
    const EMPTY: Self;

    /// Whether the slot has no entry.
    fn is_empty(&self) -> bool;
}

/// The hash of a name. Portable: the build machine and the wasm that looks up must agree on it.
///
/// Every name of every request is hashed, and most are short, where the set-up of XXH64 costs more than its work: two words
/// that overlap hold all of such a name. Both ways multiply 64 bits by 64 bits to 64, which wasm can; hashes that are faster
/// natively take the upper half too, which wasm puts together from many steps.
#[inline]
pub(crate) fn hash_name(name: &[u8]) -> u64 {
    let short = |chunk: &[u8; 4]| u64::from(u32::from_le_bytes(*chunk));
    match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) if name.len() <= 16 => {
            mix(u64::from_le_bytes(*first), u64::from_le_bytes(*last), name.len())
        }
        (Some(_), _) => xxhash_rust::xxh64::xxh64(name, 0),
        (None, _) => match (name.first_chunk(), name.last_chunk()) {
            (Some(first), Some(last)) => mix(short(first), short(last), name.len()),
            _ => mix(name.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)), 0, name.len()),
        },
    }
}

/// Mixes two words and a length, each step of which can be undone: what differs in one of them does not hash alike.
#[inline]
fn mix(first: u64, last: u64, len: usize) -> u64 {
    let len = u64::try_from(len).unwrap_or_default();
    let mut hash = (first ^ len << 56).wrapping_mul(0x9e37_79b1_85eb_ca87);
    hash = (hash ^ hash >> 32 ^ last).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    hash = (hash ^ hash >> 29).wrapping_mul(0x1656_67b1_9e37_79f9);
    hash ^ hash >> 32
}

/// The half of a name's hash that tables keep.
pub(crate) fn short_hash(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The hash of two numbers.
pub(crate) fn hash_pair(a: u32, b: u32) -> u32 {
    // Numbers of names are spread evenly already; a Fibonacci multiplication mixes the two.
    let mixed = (u64::from(a) << 32 | u64::from(b)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let [.., a, b, c, d] = mixed.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The hash of a name, whose own hash is given, within another.
pub(crate) fn hash_within(parent: u32, name: u64) -> u32 {
    short_hash(name) ^ parent.wrapping_mul(0x9e37_79b9)
}

/// The slots in the order in which a look-up visits them.
#[inline]
fn probe(hash: u32, slots: usize) -> impl Iterator<Item = usize> {
    // The hash as a fraction of the table: its number of slots need not be a power of two.
    let scaled = u64::from(hash).wrapping_mul(u64::try_from(slots).unwrap_or(0)) >> 32;
    let start = usize::try_from(scaled).unwrap_or(0);
    (0..slots).map(move |step| {
        let at = start.wrapping_add(step);
        if at < slots { at } else { at.wrapping_sub(slots) }
    })
}

/// The entry with a hash that is the one looked for, and the index of its slot.
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

/// A table without entries, for `len` of them: at most three quarters full, and never full.
#[cfg(feature = "compile")]
pub(crate) fn table<T: Slot>(len: usize) -> Vec<T> {
    alloc::vec![T::EMPTY; len.saturating_mul(4).div_ceil(3).max(len.saturating_add(1))]
}

/// Puts an entry into a free slot, and returns the slot's index; `None` if the table is full.
#[cfg(feature = "compile")]
pub(crate) fn insert<T: Slot>(slots: &mut [T], hash: u32, entry: T) -> Option<u32> {
    let at = probe(hash, slots.len()).find(|&at| slots.get(at).is_some_and(T::is_empty))?;
    *slots.get_mut(at)? = entry;
    u32::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image holds hashes: one that was written elsewhere, or before, must be read the same. Where a hash changes, so
    /// must the format of the image.
    #[test]
    fn hashes_are_the_same_everywhere() {
        assert_eq!(hash_name(b""), 0);
        assert_eq!(hash_name(b"abc"), 0xabfc_c386_b014_5996);
        assert_eq!(hash_name(b"role"), 0x9939_0e3f_b037_23f2);
        assert_eq!(hash_name(b"user_id"), 0x3004_f6e4_f0ac_0964);
        assert_eq!(hash_name(b"order_id"), 0x5d7d_ed49_7881_6dae);
        assert_eq!(hash_name(b"process_refund"), 0xcc0b_5340_6f99_54b3);
        assert_eq!(hash_name(b"customer_country"), 0xe514_eeda_7b65_9828);
        // Longer names have their XXH64.
        assert_eq!(hash_name(b"customer_countries"), xxhash_rust::xxh64::xxh64(b"customer_countries", 0));
        assert_eq!(short_hash(0x44bc_2cf5_ad77_0999), 0xad77_0999);
        assert_eq!(hash_pair(0, 0), 0);
        assert_eq!(hash_pair(3, 5), 0x94f4_d4de);
        assert_eq!(hash_pair(5, 3), 0x571a_d995);
        assert_eq!(hash_within(0, 0x44bc_2cf5_ad77_0999), 0xad77_0999);
        assert_eq!(hash_within(3, 0x44bc_2cf5_ad77_0999), 0x77d1_64b2);
    }

    #[test]
    fn names_that_differ_in_one_place_hash_differently() {
        for len in 1..=20 {
            let name = alloc::vec![b'a'; len];
            let mut hashes = alloc::vec![hash_name(&name)];
            for at in 0..len {
                for byte in b'b'..=b'z' {
                    let mut other = name.clone();
                    other[at] = byte;
                    hashes.push(hash_name(&other));
                }
            }
            hashes.sort_unstable();
            let count = hashes.len();
            hashes.dedup();
            assert_eq!(hashes.len(), count, "among names of {len} bytes");
        }
    }

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
