//! The terms of an approval that a decision requires.

use crate::image::PolicyImage;
use crate::image::texts::Texts;
use crate::judge::decision::Decision;
use crate::language::effect::Effect;

/// Who may approve a call, and how long.
#[derive(Clone, Copy, Debug)]
pub struct ApprovalTerms<'i> {
    approvers: Texts<'i>,
    /// Whether the caller must not approve.
    pub not_self: bool,
    /// The time in which the approval must be given, in seconds; `None` if there is no limit.
    pub expires_seconds: Option<u32>,
}

impl<'i> ApprovalTerms<'i> {
    /// The roles that may approve, with the roles that inherit them; every person if there are none.
    pub fn approvers(&self) -> impl Iterator<Item = &'i str> + Clone + use<'i> {
        self.approvers.iter()
    }
}

impl Decision {
    /// The terms of the approval that the call requires, if the rule that decides states any.
    #[must_use]
    pub fn approval<'i>(&self, image: &PolicyImage<'i>) -> Option<ApprovalTerms<'i>> {
        if self.effect != Effect::RequireApproval {
            return None;
        }
        let record = image.approval(image.rule(self.rule?)?.approval.get()?)?;
        Some(ApprovalTerms {
            approvers: image.texts(record.by)?,
            not_self: record.not_self != 0,
            expires_seconds: Some(record.expires_seconds.get()).filter(|&seconds| seconds > 0),
        })
    }
}
