//! Whether an object names a member twice, found without keeping its names.

use alloc::vec::Vec;

use crate::json::{Fault, RawValue, Reader};

/// How many hashes of the names of open objects are kept in place.
const MAX_KEPT: usize = 48;

/// How many hashes of the names of wide objects are kept beside them: what a request costs is bounded, however many names
/// it has.
const MAX_WIDE: usize = 8_192;

/// The hashes of the names of the objects that are open, innermost last.
pub(crate) struct OpenNames {
    kept: [u64; MAX_KEPT],
    kept_count: usize,
    /// The hashes of the names of open objects that are too wide to be kept in place.
    wide: Vec<u64>,
}

/// The names of one object, as far as it takes to see that it names no member twice.
pub(crate) struct MemberNames {
    count: usize,
    /// Where the kept hashes of its names start.
    first: usize,
    /// Where they start beside those in place, once the object is too wide for that.
    first_wide: Option<usize>,
    /// A bit for each name, by its hash: most objects have no two names with one bit.
    seen: u64,
    /// Whether two names have one bit.
    may_repeat: bool,
}

impl OpenNames {
    pub(crate) fn new() -> Self {
        Self { kept: [0; MAX_KEPT], kept_count: 0, wide: Vec::new() }
    }

    /// Opens an object within those that are open.
    #[inline]
    pub(crate) fn open(&self) -> MemberNames {
        MemberNames { count: 0, first: self.kept_count, first_wide: None, seen: 0, may_repeat: false }
    }

    /// Keeps the hash of a name of the innermost object.
    #[inline]
    pub(crate) fn keep(&mut self, names: &mut MemberNames, hash: u64) {
        let bit = 1 << (hash >> 58);
        names.may_repeat |= names.seen & bit != 0;
        names.seen |= bit;
        names.count = names.count.wrapping_add(1);
        if names.first_wide.is_some() {
            return self.keep_wide(hash);
        }
        match self.kept.get_mut(self.kept_count) {
            Some(kept) => {
                *kept = hash;
                self.kept_count = self.kept_count.wrapping_add(1);
            }
            None => self.widen(names, hash),
        }
    }

    /// Closes the innermost object, and says whether it names a member twice; `object` gives its text, once it is needed.
    #[inline]
    pub(crate) fn close<'a>(&mut self, names: &MemberNames, object: impl FnOnce() -> Option<RawValue<'a>>) -> bool {
        if names.may_repeat && self.has_duplicate(names, object()) {
            return true;
        }
        self.kept_count = names.first;
        if let Some(first) = names.first_wide {
            self.wide.truncate(first);
        }
        false
    }

    /// Keeps the hashes of an object's names elsewhere, so that those within it have room.
    #[cold]
    fn widen(&mut self, names: &mut MemberNames, hash: u64) {
        names.first_wide = Some(self.wide.len());
        self.wide.reserve_exact(MAX_WIDE.saturating_sub(self.wide.len()));
        for at in names.first..self.kept_count {
            self.keep_wide(self.kept.get(at).copied().unwrap_or_default());
        }
        self.kept_count = names.first;
        self.keep_wide(hash);
    }

    fn keep_wide(&mut self, hash: u64) {
        if self.wide.len() < MAX_WIDE {
            self.wide.push(hash);
        }
    }

    /// Whether the innermost object, whose text is `object`, names a member twice.
    ///
    /// Equal hashes are taken for equal names. Two that only hash alike are refused too, which denies no call that was
    /// not made for it: of 64 bits, a body has too few names to meet by chance.
    #[inline(never)]
    fn has_duplicate(&mut self, names: &MemberNames, object: Option<RawValue<'_>>) -> bool {
        let hashes = match names.first_wide {
            Some(first) => self.wide.get_mut(first..),
            None => self.kept.get_mut(names.first..self.kept_count),
        };
        match hashes {
            Some(hashes) if hashes.len() == names.count => is_repetitive(hashes),
            _ => object.is_none_or(|object| has_duplicate_among_many(names.count, object)),
        }
    }
}

/// As [`OpenNames::has_duplicate`], where the hashes are too many to be kept: goes through the object again and again, for
/// a part of them each time.
#[cold]
fn has_duplicate_among_many(count: usize, object: RawValue<'_>) -> bool {
    // A quarter stays free, as hashes don't spread evenly.
    let parts = count.div_ceil(MAX_WIDE / 4 * 3);
    let mut hashes = Vec::with_capacity(count.min(MAX_WIDE));
    (0..parts).any(|part| {
        hashes.clear();
        let read = Reader::inside(object).object(|reader, name| {
            if usize::try_from(name.hash >> 33).unwrap_or_default().checked_rem(parts) == Some(part) {
                hashes.push(name.hash);
            }
            if hashes.len() > MAX_WIDE { Err(Fault::DuplicateMember) } else { reader.skip() }
        });
        read.is_err() || is_repetitive(&mut hashes)
    })
}

/// Whether a number stands twice among `hashes`. Puts them in another order.
fn is_repetitive(hashes: &mut [u64]) -> bool {
    hashes.sort_unstable();
    hashes.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash_table::hash_name;
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
            open.keep(&mut names, at << 58);
            assert!(!names.may_repeat, "{at}");
        }
        open.keep(&mut names, 5 << 58 | 1);
        assert!(names.may_repeat);
    }

    #[test]
    fn names_that_crowd_into_one_part_are_refused_before_they_take_more_memory() {
        // More names than are kept, in two parts by their hashes: one of so many, and the rest.
        let part_of = |name: &String| hash_name(name.as_bytes()) >> 33 & 1;
        let names = |part: u64| (0..).map(|n| format!("n{n}")).filter(move |name| part_of(name) == part);
        let check = |crowded: usize, expected: Result<(), Fault>| {
            let object = object_of(names(0).take(crowded).chain(names(1).take(9_000 - crowded)));
            assert_eq!(read(object.as_bytes(), 32).map(RawValue::text), expected.map(|()| &*object), "{crowded}");
        };
        check(MAX_WIDE, Ok(()));
        check(MAX_WIDE + 1, Err(Fault::DuplicateMember));
    }
}
