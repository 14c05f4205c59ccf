//! Lists of strings in the image.

use crate::image::bytes::ImageBytes;
use crate::image::records::TextRef;

/// A list of strings in the image, in ascending order of their bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'i> {
    bytes: ImageBytes<'i>,
    refs: &'i [TextRef],
}

impl<'i> Texts<'i> {
    pub(crate) fn new(bytes: ImageBytes<'i>, refs: &'i [TextRef]) -> Self {
        Self { bytes, refs }
    }

    /// How many strings there are.
    pub(crate) fn count(self) -> usize {
        self.refs.len()
    }

    /// The strings.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'i str> + Clone {
        self.refs.iter().filter_map(move |&text| self.bytes.text(text))
    }

    pub(crate) fn contains(self, wanted: &str) -> bool {
        let wanted = wanted.as_bytes();
        // Most lists are short, and texts of another length are not compared.
        if self.refs.len() <= 8 {
            return self.refs.iter().any(|&text| self.bytes.bytes(text) == Some(wanted));
        }
        self.refs.binary_search_by(|&text| self.bytes.bytes(text).unwrap_or_default().cmp(wanted)).is_ok()
    }
}
