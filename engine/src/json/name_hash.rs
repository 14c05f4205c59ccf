//! The hash of names: the reader hashes the members of a call as it reads them, and tables look them up by it.

/// The hash of a name. Portable: the build machine and the wasm that looks up must agree on it.
///
/// It is made of the name's words: its bytes by eights, as little-endian numbers, of which the last has the seven or fewer
/// that are left. A library's hash is faster for long texts, but names are short, and what reads a name has its words at hand.
#[inline]
pub(crate) fn hash_name(name: &[u8]) -> u64 {
    let (words, rest) = name.as_chunks();
    let hash = words.iter().fold(0, |hash, word| hash_word(hash, u64::from_le_bytes(*word)));
    let last = match (name.last_chunk(), rest.first_chunk(), rest.last_chunk::<4>()) {
        // Of the last eight bytes, those that the words have are shifted out.
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

/// Mixes the next word of a name into the hash of those before it, which is 0 before the first.
///
/// Each step can be undone, so that names which differ in one word do not hash alike. All multiply 64 bits by 64 bits to 64,
/// which wasm can; hashes that are faster natively take the upper half too, which wasm puts together from many steps. One
/// multiplication would be too few: it moves nothing down, and what differs at the top of one word and in two places of the
/// next would often be taken for the same.
#[inline]
pub(crate) fn hash_word(hash: u64, word: u64) -> u64 {
    let hash = (hash ^ word).wrapping_mul(0x9e37_79b1_85eb_ca87);
    (hash ^ hash >> 32).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
}

/// Ends the hash of a name of so many bytes, whose words were mixed.
#[inline]
pub(crate) fn hash_end(hash: u64, len: usize) -> u64 {
    let hash = hash ^ u64::try_from(len).unwrap_or_default();
    hash ^ hash >> 32
}

/// Whether two names are the same. Most are short, where a call that compares them takes as long as to compare them.
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

/// One of 64 bits that stands for a name, by its hash: of few names, most have bits of their own.
///
/// By these six bits of the hash, all members of a call do.
#[inline]
pub(crate) fn name_bit(hash: u64) -> u64 {
    1 << (hash >> 56 & 63)
}

/// The half of a name's hash that tables keep.
pub(crate) fn short_hash(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The hash of a name, whose own hash is given, within another.
pub(crate) fn hash_within(parent: u32, name: u64) -> u32 {
    short_hash(name) ^ parent.wrapping_mul(0x9e37_79b9)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// An image holds hashes: one that was written elsewhere, or before, must be read the same. Where a hash changes, so
    /// must the format of the image.
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
