//! Valid policy to image: names become slots, and the rules for them become rows.

mod condition;
mod fields;
mod rows;
mod schema;
mod writer;

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use sha2::{Digest as _, Sha256};
use zerocopy::little_endian::{U32, U64};

use crate::compile::rows::{Rows, RuleNumber};
use crate::compile::writer::{Writer, name_in_image};
use crate::image::index::{StoredOption, TextListOffset};
use crate::image::records::to_u32;
use crate::image::records::{CatalogRecord, FORMAT, HeaderRecord, MAGIC, NONE, Section, Sections, TextRef};
use crate::language::index::Index as _;
use crate::language::operators::SERVER_FIELD;
use crate::language::operators::Source;
use crate::policy::check::ValidPolicy;
use crate::policy::check::catalog::Catalog;
use crate::policy::document::{PolicyDocument, Rule};

/// Compiles a policy. The same text compiles to the same bytes on every machine.
///
/// The order of the statements is the layout of the image. Data that every decision reads comes first, so that it is on
/// few pages regardless of the policy size. Data that is read together is stored together.
#[must_use]
pub fn compile(policy: &ValidPolicy<'_>) -> Vec<u8> {
    let document = &policy.document;
    let mut writer = Writer::new(document.dialect.semantics());
    let version = writer.text(&document.version);
    let roles = writer.names(&policy.roles);
    writer.collect_fields(&document.rules);
    let order = RuleOrder::strictest_first(document);
    let mut rows = Rows::collect(policy, &roles.slots, &order.numbers);
    write_rules(policy, &order, &mut rows, &mut writer);
    let catalogs = writer.catalogs(&policy.catalogs, &rows);
    let [tools, ..] = &catalogs;
    writer.collect_schemas(document.tools.as_deref().unwrap_or_default(), &tools.names.slots);
    let [tool_catalog, ..] = &policy.catalogs;
    let owners = writer.owners(tool_catalog);
    rows.patch(&writer.rule_offsets, &mut writer.bytes);
    let description = writer.text(&document.description);
    let reasons = writer.semantics.reasons.map(|reasons| writer.list(reasons.map(String::from).to_vec()));
    let header = header(policy, &writer, version, description, reasons);
    writer.finish(header, &catalogs, &roles.records, &owners)
}

/// The order of the rules in the image.
struct RuleOrder {
    /// The rules in that order, by their indices in the document.
    rules: Vec<usize>,
    /// The number of each rule, in the order of the document.
    numbers: Vec<RuleNumber>,
}

impl RuleOrder {
    /// The strictest effect first, so that the first rule that applies decides; then by `id`, so that the order of the
    /// rules in the policy does not matter. Rules without an `id` are named by their position, and are in its order.
    fn strictest_first(document: &PolicyDocument<'_>) -> Self {
        let mut rules: Vec<usize> = (0..document.rules.len()).collect();
        let id_of = |rule: &Rule| rule.id.as_ref().map(|id| id.value.clone());
        // The sort is stable.
        rules.sort_by_cached_key(|&at| document.rules.get(at).map(|rule| (Reverse(rule.effect), id_of(rule))));
        let mut numbers = alloc::vec![RuleNumber::from_u32(NONE); rules.len()];
        for (number, &at) in rules.iter().enumerate() {
            if let Some(slot) = numbers.get_mut(at) {
                *slot = RuleNumber::from_u32(to_u32(number));
            }
        }
        Self { rules, numbers }
    }
}

/// Writes the rules, and before each rule the names of the targets that it is the first to match, each with its row.
fn write_rules(policy: &ValidPolicy<'_>, order: &RuleOrder, rows: &mut Rows, writer: &mut Writer) {
    for &at in &order.rules {
        let (Some(rule), Some(targets)) = (policy.document.rules.get(at), policy.rule_targets.get(at)) else {
            continue;
        };
        for &target in targets {
            if rows.row_of(target).is_none() {
                let is_named = |catalog: &&Catalog| target.at.to_u32() < catalog.names.len();
                if let Some(catalog) = policy.catalogs.get(target.kind.index()).filter(is_named) {
                    writer.text(&name_in_image(catalog.owned(target.at)));
                }
                rows.reserve_row(target, &mut writer.bytes);
            }
        }
        let approvers = policy.rule_approvers.get(at).into_iter().flatten();
        let approvers = approvers.filter_map(|role| policy.roles.get(role.to_usize()).cloned());
        writer.rule(rule, approvers.collect());
    }
}

fn header(
    policy: &ValidPolicy<'_>,
    writer: &Writer,
    version: TextRef,
    description: TextRef,
    reasons: Option<TextListOffset>,
) -> HeaderRecord {
    let document = &policy.document;
    let semantics = writer.semantics;
    HeaderRecord {
        magic: MAGIC,
        format: U32::new(FORMAT),
        dialect: document.dialect.code(),
        default_effect: document.default_effect.code(),
        reads_request: u8::from(writer.field_slots.keys().any(|(source, path)| {
            // The server is the only field of the source that the call itself provides.
            *source == Source::Request && path.first().is_some_and(|name| name != SERVER_FIELD)
        })),
        conflicts: semantics.conflicts.code(),
        takes_one_role: u8::from(semantics.takes_one_role),
        takes_tools_only: u8::from(semantics.takes_tools_only),
        reserved: [0; 2],
        reasons: StoredOption::new(reasons),
        policy_digest: hex_digest(document.text),
        policy_bytes: U32::new(to_u32(document.text.len())),
        version,
        description,
        tool_count: U32::new(tool_count(policy)),
        role_count: U32::new(to_u32(policy.roles.len())),
        rule_count: U32::new(to_u32(document.rule_count())),
        field_names: U64::new(writer.field_names),
        catalogs: [NO_CATALOG; 5],
        sections: NO_SECTIONS,
    }
}

/// SHA-256 of a text in hexadecimal digits.
fn hex_digest(text: &str) -> [u8; 64] {
    let mut digits = [0; 64];
    // INVARIANT: a digest has 32 bytes, each of two digits, so they fit.
    let _fitting = base16ct::lower::encode(&Sha256::digest(text.as_bytes()), &mut digits);
    digits
}

/// How many tools can be called, or [`NONE`] if any tool can.
fn tool_count(policy: &ValidPolicy<'_>) -> u32 {
    let [tools, ..] = &policy.catalogs;
    if tools.declared.is_some() { tools.names.len() } else { NONE }
}

const NO_SECTION: Section = Section { start: U32::ZERO, len: U32::ZERO };
const NO_SECTIONS: Sections = Sections {
    roles: NO_SECTION,
    fields: NO_SECTION,
    class_rows: NO_SECTION,
    automata: NO_SECTION,
    transitions: NO_SECTION,
    schemas: NO_SECTION,
    server_tools: NO_SECTION,
    owners: NO_SECTION,
    bytes: NO_SECTION,
};

const NO_CATALOG: CatalogRecord = CatalogRecord {
    names: NO_SECTION,
    automaton: StoredOption::NONE,
    first_class: U32::ZERO,
    is_open: 0,
    reserved: [0; 3],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::PolicyImage;
    use crate::{TargetKind, parse, validate};

    #[test]
    fn rules_with_equal_conditions_share_their_steps() {
        let rule = |id: &str, limit: u32| {
            let check = |field| {
                alloc::format!(
                    r#"{{"NumericCheck":{{"source":"Arguments","field":"{field}","op":"Lte","value":{limit}}}}}"#
                )
            };
            alloc::format!(
                r#"{{"id":"{id}","effect":"Allow","tool_name":"{id}","roles":["r"],"condition":{{"All":[{},{}]}}}}"#,
                check("amount"),
                check("count")
            )
        };
        let rules = [rule("a", 5), rule("b", 6), rule("c", 5)].join(",");
        let text = alloc::format!(r#"{{"version":"callgate-1","roles":{{"r":{{}}}},"rules":[{rules}]}}"#);
        let bytes = compile(&parse(&text).and_then(validate).expect("a valid policy"));
        let image = PolicyImage::open(&bytes).expect("an image");
        let role = image.role("r").expect("a role");
        let conditions = ["a", "b", "c"].map(|tool| {
            let tool = image.target(TargetKind::Tool, tool).expect("a tool");
            let rules = image.rules_of(role, tool).expect("a row");
            image.rule(rules.first().expect("a rule").get()).expect("a rule").condition.get().expect("a condition")
        });
        let [first, second, third] = conditions;
        assert_eq!(first, third);
        assert_ne!(first, second);
        let checks = conditions.map(|at| image.step(at).expect("a step").len.get());
        assert_eq!(checks, [3, 3, 3]);
    }
}
