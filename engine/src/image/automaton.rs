//! Regular expressions and patterns as tables: a deterministic automaton over bytes, which the build creates and the
//! image contains.

use zerocopy::little_endian::U16;

/// The state from which no text matches.
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
    /// For each state, the label of a text that ends in it; 0 if such a text does not match.
    pub(crate) labels: &'i [U16],
}

impl Automaton<'_> {
    /// The label of a whole text, in time linear in the text: 0 if it does not match; `None` if the image is damaged.
    pub(crate) fn label(&self, text: &str) -> Option<u16> {
        let mut state = usize::from(START);
        for &byte in text.as_bytes() {
            let class = usize::from(*self.classes.get(usize::from(byte))?);
            let row = state.checked_mul(self.class_count)?;
            let next = self.next.get(row.checked_add(class)?)?.get();
            if next == DEAD {
                return Some(0);
            }
            state = usize::from(next);
        }
        self.labels.get(state).map(|label| label.get())
    }
}
