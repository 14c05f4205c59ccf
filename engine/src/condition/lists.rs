//! The lists of checks that do not compare with the texts as the policy spells them: a comparison may ignore case, and a
//! name may stand for several networks.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::image::PolicyImage;
use crate::image::index::{ListsOffset, Stored};
use crate::image::records::StepRecord;
use crate::image::texts::Texts;
use crate::language::case::Case;

/// The operand of the step.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct ListsOperand {
    lists: Stored<ListsOffset>,
    /// The code of a [`Case`].
    case: u8,
    reserved: [u8; 7],
}

/// The lists in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lists<'i> {
    /// The texts as the policy spells them.
    pub(crate) shown: Texts<'i>,
    /// The texts to compare with.
    pub(crate) compared: Texts<'i>,
    /// What else the check needs: the networks that are not public, or the base directory of paths.
    pub(crate) extra: Texts<'i>,
    /// How the comparison treats case; `compared` is folded so.
    pub(crate) case: Case,
}

impl<'i> Lists<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        let operand: &ListsOperand = step.operand()?;
        let record = image.lists(operand.lists.get())?;
        Some(Self {
            shown: image.texts(record.shown)?,
            compared: image.texts(record.compared)?,
            extra: image.texts(record.extra)?,
            case: Case::from_code(operand.case)?,
        })
    }
}

#[cfg(feature = "compile")]
pub(crate) use build::{encode_folded, encode_lists, fold_all, read_case};

#[cfg(feature = "compile")]
mod build {
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::ListsOperand;
    use crate::condition::check::Encoder;
    use crate::condition::field::Field;
    use crate::image::index::Stored;
    use crate::image::records::{ListsRecord, StepRecord};
    use crate::language::case::Case;
    use crate::policy::text::node_reader::{NodeReader, Object};
    use crate::policy::text::spanned::Spanned;

    /// Reads the member `ignoreCase` of a check.
    pub(crate) fn read_case(check: &Object<'_, '_>, reader: &mut NodeReader) -> Option<Case> {
        let Some(node) = check.optional("ignoreCase") else { return Some(Case::Exact) };
        reader.word(node, "a value of `ignoreCase`", "unknown_case", Case::IGNORED.map(|case| (case.name(), case)))
    }

    /// The texts in the form in which they are compared.
    pub(crate) fn fold_all(texts: &[Spanned<String>], case: Case) -> Vec<String> {
        texts.iter().map(|text| case.fold(text.value.as_str().into()).into_owned()).collect()
    }

    /// A step that compares with texts in a way that treats case as given.
    pub(crate) fn encode_folded(
        encoder: &mut dyn Encoder,
        (code, op): (u8, u8),
        field: &Field,
        texts: &[Spanned<String>],
        case: Case,
    ) -> StepRecord {
        encode_lists(
            encoder,
            (code, op),
            field,
            [fold_all(texts, Case::Exact), fold_all(texts, case), Vec::new()],
            case,
        )
    }

    /// A step with lists: what descriptions show, what values are compared with, and what else the check needs.
    pub(crate) fn encode_lists(
        encoder: &mut dyn Encoder,
        (code, op): (u8, u8),
        field: &Field,
        lists: [Vec<String>; 3],
        case: Case,
    ) -> StepRecord {
        let [shown, compared, extra] = lists.map(|list| encoder.texts(list));
        let lists = Stored::new(encoder.lists(ListsRecord { shown, compared, extra }));
        let operand = ListsOperand { lists, case: case.code(), reserved: [0; 7] };
        StepRecord::new(code, op, encoder.field(field), &operand)
    }
}
