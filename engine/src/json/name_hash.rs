//! The hash of names. The reader hashes the members of a call as it reads them, and tables are indexed by the hash.

/// The hash of a name. It is portable, because the build machine and the wasm that looks names up must agree on it.
///
/// It combines the words of the name: eight bytes each, as little-endian numbers; the last word has the remaining
/// bytes, at most seven. A hash from a crate is faster for long texts, but names are short, and the lexer already has
/// their words.
#[inline]
pub(crate) fn hash_name(name: &[u8]) -> u64 {
    let (words, rest) = name.as_chunks();
    let hash = words.iter().fold(0, |hash, word| hash_word(hash, u64::from_le_bytes(*word)));
    let last = match (name.last_chunk(), rest.first_chunk(), rest.last_chunk::<4>()) {
        // Shifts out those of the last eight bytes that are part of the previous words.
        (Some(last), ..) => u64::from_le_bytes(*last).checked_shr(bits(8_usize.wrapping_sub(rest.len()))).unwrap_or(0),
        (None, Some(first), Some(last)) => {
            let word = |half: &[u8; 4]| u64::from(u32::from_le_bytes(*half));
            word(first) | word(last) << bits(rest.len().wrapping_sub(4))
        }
        _ => rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    hash_end(hash_word(hash, last), name.len())
}

fn bits(bytes: usize) -> u32 {
    u32::try_from(bytes.wrapping_mul(8)).unwrap_or_default()
}

/// Mixes the next word of a name into the hash of the previous words, which is 0 before the first word.
///
/// Each step is invertible, so names that differ in one word have different hashes. The steps multiply 64 bits by 64
/// bits to 64 bits, which is one instruction in wasm; natively faster hashes also need the upper half, which takes many
/// instructions in wasm. One multiplication would not be enough: it moves no bits down, so a difference at the top of
/// one word and in two places of the next could cancel out.
#[inline]
pub(crate) fn hash_word(hash: u64, word: u64) -> u64 {
    let hash = (hash ^ word).wrapping_mul(0x9e37_79b1_85eb_ca87);
    (hash ^ hash >> 32).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
}

/// Finishes the hash of a name of this length, whose words were mixed.
#[inline]
pub(crate) fn hash_end(hash: u64, len: usize) -> u64 {
    let hash = hash ^ u64::try_from(len).unwrap_or_default();
    hash ^ hash >> 32
}

/// Whether two names are equal. Most names are short, and comparing them inline is faster than a call to a comparison
/// function.
#[inline]
pub(crate) fn is_same(a: &[u8], b: &[u8]) -> bool {
    fn ends<const N: usize>(name: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
        name.first_chunk().zip(name.last_chunk())
    }
    // The first and the last bytes overlap in the middle.
    a.len() == b.len()
        && match a.len() {
            4..8 => ends::<4>(a) == ends::<4>(b),
            8..=16 => ends::<8>(a) == ends::<8>(b),
            _ => a == b,
        }
}

/// One of 64 bits for a name, by its hash. Few names mostly have different bits.
///
/// With these six bits of the hash, all members of a call have different bits.
#[inline]
pub(crate) fn name_bit(hash: u64) -> u64 {
    1 << (hash >> 56 & 63)
}

/// The half of a hash that tables keep.
pub(crate) fn short_hash(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The hash of a name, whose own hash is given, inside its parent.
pub(crate) fn hash_within(parent: u32, name: u64) -> u32 {
    short_hash(name) ^ parent.wrapping_mul(0x9e37_79b9)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// An image contains hashes, so another machine or an earlier build must compute the same ones. If a hash changes,
    /// the format of the image must change too.
    #[test]
    fn hashes_are_the_same_everywhere() {
        assert_eq!(hash_name(b""), 0);
        assert_eq!(hash_name(b"abc"), 0x94d0_104d_7b15_bc3e);
        assert_eq!(hash_name(b"role"), 0x64da_a550_2506_4abb);
        assert_eq!(hash_name(b"user_id"), 0x9218_23da_2434_b585);
        assert_eq!(hash_name(b"order_id"), 0x6b88_3015_c25b_c98f);
        assert_eq!(hash_name(b"process_refund"), 0xb5b7_0636_eb20_dfa6);
        assert_eq!(hash_name(b"customer_country"), 0xbe8b_7308_4360_ae40);
        assert_eq!(hash_name(b"customer_countries"), 0x38d7_30fe_3bd3_5e37);
        assert_eq!(short_hash(0x44bc_2cf5_ad77_0999), 0xad77_0999);
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
    fn names_that_differ_in_several_words_hash_differently() {
        let digits = || (b'0'..=b'9').chain(b'a'..=b'f').map(char::from);
        let mut hashes = Vec::new();
        for (a, b, c) in digits().flat_map(|a| digits().flat_map(move |b| digits().map(move |c| (a, b, c)))) {
            hashes.push(hash_name(alloc::format!("field_x{a}abc{b}abc{c}").as_bytes()));
        }
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 16 * 16 * 16);
    }

    #[test]
    fn the_members_of_a_call_have_bits_of_their_own() {
        let names = "tool toolName prompt resource operation role roles args agentAttributes resourceAttributes server \
            argsDigest traceId";
        let bits = names.split_ascii_whitespace().map(|name| name_bit(hash_name(name.as_bytes())));
        assert_eq!(bits.clone().fold(0, |all, bit| all | bit).count_ones(), u32::try_from(bits.count()).unwrap());
    }
}
