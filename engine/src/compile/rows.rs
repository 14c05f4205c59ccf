//! What the rules say of each target, as the rows of an image.

use alloc::vec::Vec;
use std::collections::HashMap;

use zerocopy::IntoBytes as _;
use zerocopy::little_endian::U32;

use crate::image::records::to_u32;
use crate::image::records::{CellRecord, NONE, RULE_LIST};
use crate::language::dialect::Dialect;
use crate::policy::check::ValidPolicy;
use crate::policy::check::name_table::to_index;
use crate::policy::check::target::RuleTarget;

/// A row with the numbers of the rules: for each role the rule, or the place of its list.
type Row = Vec<(u32, u32)>;

/// The rows of all targets. What a row says is known before where its rules lie, so it first takes its place, and is filled in
/// when all rules have theirs.
pub(crate) struct Rows {
    dialect: Dialect,
    /// For each target without a place the roles and rules, by their numbers, in the order of the policy.
    pairs: HashMap<RuleTarget, Vec<(u32, u32)>>,
    /// The places of the targets' rows.
    places: HashMap<RuleTarget, u32>,
    /// The places of the rows, each of which many targets may share.
    row_places: HashMap<Row, u32>,
    /// The places of the lists of rules, each of which many pairs may share.
    list_places: HashMap<Vec<u32>, u32>,
}

impl Rows {
    /// Collects what the rules speak of, given the numbers of the roles and of the rules.
    pub(crate) fn collect(policy: &ValidPolicy<'_>, role_numbers: &[u32], rule_numbers: &[u32]) -> Self {
        let mut pairs: HashMap<RuleTarget, Vec<(u32, u32)>> = HashMap::new();
        for ((targets, roles), &rule) in policy.rule_targets.iter().zip(&policy.rule_roles).zip(rule_numbers) {
            for &target in targets.iter().filter(|_| !roles.is_empty()) {
                let numbers = roles.iter().filter_map(|&role| role_numbers.get(to_index(role)));
                pairs.entry(target).or_default().extend(numbers.map(|&role| (role, rule)));
            }
        }
        Self {
            dialect: policy.document.dialect,
            pairs,
            places: HashMap::new(),
            row_places: HashMap::new(),
            list_places: HashMap::new(),
        }
    }

    /// Where the row of a target starts; [`NONE`] where it has not taken a place, as no rule speaks of the target.
    pub(crate) fn place_of(&self, target: RuleTarget) -> u32 {
        self.places.get(&target).copied().unwrap_or(NONE)
    }

    /// Takes a place behind `bytes` for the row of a target, if rules speak of it.
    pub(crate) fn reserve_row(&mut self, target: RuleTarget, bytes: &mut Vec<u8>) {
        let Some(mut pairs) = self.pairs.remove(&target) else { return };
        // The sort is stable: of one role, the last rule stays the last.
        pairs.sort_by_key(|&(role, _)| role);
        let row = pairs.chunk_by(|(a, _), (b, _)| a == b).map(|of_role| {
            let deciding = match self.dialect {
                Dialect::Callgate1 => of_role,
                // In perso the last rule for a tool and a role is the only one.
                Dialect::Perso1 => of_role.last().map(core::slice::from_ref).unwrap_or_default(),
            };
            let mut rules: Vec<u32> = deciding.iter().map(|&(_, rule)| rule).collect();
            rules.sort_unstable();
            rules.dedup();
            let rules = match rules.as_slice() {
                &[rule] => rule,
                _ => {
                    RULE_LIST
                        | *self.list_places.entry(rules).or_insert_with_key(|list| reserve::<U32>(list.len(), bytes))
                }
            };
            (of_role.first().map_or(NONE, |&(role, _)| role), rules)
        });
        let row: Row = row.collect();
        let place = *self.row_places.entry(row).or_insert_with_key(|row| reserve::<CellRecord>(row.len(), bytes));
        self.places.insert(target, place);
    }

    /// Fills in the rows and the lists, given the places of the rules by their numbers.
    pub(crate) fn patch(self, rule_places: &[u32], bytes: &mut [u8]) {
        let place_of = |rule: u32| {
            let is_list = rule & RULE_LIST != 0;
            let place = rule_places.get(to_index(rule)).copied().unwrap_or(NONE);
            U32::new(if is_list { rule } else { place })
        };
        for (row, place) in self.row_places {
            let cells = row.iter().map(|&(role, rules)| CellRecord { role: U32::new(role), rules: place_of(rules) });
            write_at(&cells.collect::<Vec<_>>(), place, bytes);
        }
        for (list, place) in self.list_places {
            write_at(&list.into_iter().map(place_of).collect::<Vec<_>>(), place, bytes);
        }
    }
}

/// Takes a place behind `bytes` for so many records and their number.
fn reserve<T>(count: usize, bytes: &mut Vec<u8>) -> u32 {
    let place = bytes.len();
    let size = size_of::<T>().saturating_mul(count).saturating_add(size_of::<U32>());
    bytes.resize(place.saturating_add(size), 0);
    to_u32(place)
}

/// Writes records and their number to the place that was taken for them.
fn write_at<T: zerocopy::IntoBytes + zerocopy::Immutable>(records: &[T], place: u32, bytes: &mut [u8]) {
    let count = U32::new(to_u32(records.len()));
    let written = [count.as_bytes(), records.as_bytes()].concat();
    let room = usize::try_from(place).ok().and_then(|place| bytes.get_mut(place..)?.get_mut(..written.len()));
    if let Some(room) = room {
        room.copy_from_slice(&written);
    }
}
