//! Regular expressions as tables: a deterministic automaton over bytes, which `regex` builds and the image holds.

use zerocopy::little_endian::U16;

use crate::image::PolicyImage;

/// The state from which nothing matches any more.
pub(crate) const DEAD: u16 = 0;
/// The state before the first byte.
pub(crate) const START: u16 = 1;

/// An automaton, borrowed from the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Automaton<'i> {
    /// The class of each byte; the automaton treats the bytes of a class alike.
    pub(crate) classes: &'i [u8],
    /// For each state, the next state for each class.
    pub(crate) next: &'i [U16],
    pub(crate) class_count: usize,
    /// For each state, 1 if a text may end there.
    pub(crate) accepts: &'i [u8],
}

impl Automaton<'_> {
    /// Whether the automaton matches the whole text, in time linear in the text; `None` if the image is damaged.
    pub(crate) fn matches(&self, text: &str) -> Option<bool> {
        let mut state = usize::from(START);
        for &byte in text.as_bytes() {
            let class = usize::from(*self.classes.get(usize::from(byte))?);
            let row = state.checked_mul(self.class_count)?;
            let next = self.next.get(row.checked_add(class)?)?.get();
            if next == DEAD {
                return Some(false);
            }
            state = usize::from(next);
        }
        self.accepts.get(state).map(|&accepts| accepts != 0)
    }
}

/// The automaton `index` of an image, if it is whole.
pub(crate) fn open<'i>(image: &PolicyImage<'i>, index: u32) -> Option<Automaton<'i>> {
    let record = image.automaton(index)?;
    let states = usize::try_from(record.states.get()).ok()?;
    let class_count = usize::try_from(record.class_count.get()).ok()?;
    let first = usize::try_from(record.first.get()).ok()?;
    let start = usize::try_from(record.classes.get()).ok()?;
    let accepts = start.checked_add(256)?;
    Some(Automaton {
        classes: image.bytes(start, accepts)?,
        next: image.transitions(first, first.checked_add(states.checked_mul(class_count)?)?)?,
        class_count,
        accepts: image.bytes(accepts, accepts.checked_add(states)?)?,
    })
}
