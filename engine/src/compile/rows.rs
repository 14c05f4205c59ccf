//! The rules for each target, as the rows of an image.

use alloc::vec::Vec;

use hashbrown::HashMap;
use zerocopy::IntoBytes as _;
use zerocopy::little_endian::U32;

use crate::image::index::{RoleSlot, RowOffset, RuleListOffset, RuleOffset, Stored};
use crate::image::records::{CellRecord, NONE, to_u32};
use crate::language::conflicts::Conflicts;
use crate::language::index::{Index, define_index};
use crate::policy::check::ValidPolicy;
use crate::policy::check::target::RuleTarget;

define_index! {
    /// A rule's number in the order of the image: the strictest effect first.
    RuleNumber;
}

/// The rules of a cell, before the offsets of the rules are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum CellRules {
    One(RuleNumber),
    Many(RuleListOffset),
}

/// A row with the numbers of the rules: for each role, its rules.
type Row = Vec<(RoleSlot, CellRules)>;

/// The rows of all targets.
///
/// The contents of a row are known before the offsets of its rules. A row is therefore reserved first, and patched
/// after all rules are written.
pub(crate) struct Rows {
    conflicts: Conflicts,
    /// For each target without a row the roles and rules, in the order of the policy.
    pairs: HashMap<RuleTarget, Vec<(RoleSlot, RuleNumber)>>,
    /// Where the targets' rows start.
    targets: HashMap<RuleTarget, RowOffset>,
    /// Where each row starts. Many targets may share one.
    rows: HashMap<Row, RowOffset>,
    /// Where each list of rules starts. Many cells may share one.
    lists: HashMap<Vec<RuleNumber>, RuleListOffset>,
}

impl Rows {
    /// Collects what the rules match, given the slots of the roles and the numbers of the rules.
    pub(crate) fn collect(policy: &ValidPolicy<'_>, role_slots: &[RoleSlot], rule_numbers: &[RuleNumber]) -> Self {
        let mut pairs: HashMap<RuleTarget, Vec<(RoleSlot, RuleNumber)>> = HashMap::new();
        for ((targets, roles), &rule) in policy.rule_targets.iter().zip(&policy.rule_roles).zip(rule_numbers) {
            for &target in targets.iter().filter(|_| !roles.is_empty()) {
                let slots = roles.iter().filter_map(|role| role_slots.get(role.to_usize()));
                pairs.entry(target).or_default().extend(slots.map(|&role| (role, rule)));
            }
        }
        Self {
            conflicts: policy.document.dialect.semantics().conflicts,
            pairs,
            targets: HashMap::new(),
            rows: HashMap::new(),
            lists: HashMap::new(),
        }
    }

    /// Where the row of a target starts, if it is reserved.
    pub(crate) fn row_of(&self, target: RuleTarget) -> Option<RowOffset> {
        self.targets.get(&target).copied()
    }

    /// Reserves the row of a target at the end of `bytes`, if rules match the target.
    pub(crate) fn reserve_row(&mut self, target: RuleTarget, bytes: &mut Vec<u8>) {
        let Some(mut pairs) = self.pairs.remove(&target) else { return };
        // The sort is stable, so the last rule of a role stays the last.
        pairs.sort_by_key(|&(role, _)| role);
        let mut row = Row::new();
        for of_role in pairs.chunk_by(|(a, _), (b, _)| a == b) {
            let deciding = match self.conflicts {
                Conflicts::Strictest => of_role,
                Conflicts::Last => of_role.last().map(core::slice::from_ref).unwrap_or_default(),
            };
            let mut rules: Vec<RuleNumber> = deciding.iter().map(|&(_, rule)| rule).collect();
            rules.sort_unstable();
            rules.dedup();
            let rules = match rules.as_slice() {
                &[rule] => CellRules::One(rule),
                _ => CellRules::Many(
                    *self.lists.entry(rules).or_insert_with_key(|list| reserve::<U32, _>(list.len(), bytes)),
                ),
            };
            row.extend(of_role.first().map(|&(role, _)| (role, rules)));
        }
        let offset = *self.rows.entry(row).or_insert_with_key(|row| reserve::<CellRecord, _>(row.len(), bytes));
        self.targets.insert(target, offset);
    }

    /// Writes the rows and the lists, given the offsets of the rules by their numbers.
    pub(crate) fn patch(self, rule_offsets: &[RuleOffset], bytes: &mut [u8]) {
        let offset_of =
            |rule: RuleNumber| rule_offsets.get(rule.to_usize()).copied().unwrap_or(RuleOffset::from_u32(NONE));
        for (row, at) in self.rows {
            let cells = row.iter().map(|&(role, rules)| match rules {
                CellRules::One(rule) => CellRecord::of_one(role, offset_of(rule)),
                CellRules::Many(list) => CellRecord::of_many(role, list),
            });
            write_at(at, &cells.collect::<Vec<_>>(), bytes);
        }
        for (list, at) in self.lists {
            write_at(at, &list.into_iter().map(|rule| Stored::new(offset_of(rule))).collect::<Vec<_>>(), bytes);
        }
    }
}

/// Reserves space at the end of `bytes` for `count` records and their number.
fn reserve<T, I: Index>(count: usize, bytes: &mut Vec<u8>) -> I {
    let offset = bytes.len();
    let size = size_of::<T>().saturating_mul(count).saturating_add(size_of::<U32>());
    bytes.resize(offset.saturating_add(size), 0);
    I::from_u32(to_u32(offset))
}

/// Writes records and their number to the space that was reserved for them.
fn write_at<T: zerocopy::IntoBytes + zerocopy::Immutable>(offset: impl Index, records: &[T], bytes: &mut [u8]) {
    let count = U32::new(to_u32(records.len()));
    let written = [count.as_bytes(), records.as_bytes()].concat();
    let space = bytes.get_mut(offset.to_usize()..).and_then(|bytes| bytes.get_mut(..written.len()));
    if let Some(space) = space {
        space.copy_from_slice(&written);
    }
}
