//! The keywords that contain schemas, and the references between schemas.

use std::ptr;

use percent_encoding::percent_decode_str;

use crate::json::Json;
use crate::schema::document::{Draft, Schema};
use crate::schema::keyword;
use crate::truth::{Truth, all, any, not};

impl Schema {
    /// Whether a value conforms; `None` if that is unknown.
    #[must_use]
    pub fn truth(&self, value: &Json) -> Truth {
        Position { schema: self, open: None }.truth(&self.root, value)
    }

    /// Whether the root allows only the members that it declares, and does not declare this one.
    #[must_use]
    pub fn forbids_member(&self, name: &str) -> bool {
        let root = &self.root;
        // In draft 7, `$ref` hides all keywords next to it.
        let is_hidden = self.draft == Draft::Seven && reference(self, root).is_some();
        let is_closed = root.child("additionalProperties") == Some(&Json::Bool(false));
        is_closed && !is_hidden && !declares(self, root, name)
    }
}

/// The schema that `$ref` of a schema names; `None` if there is no such schema in the same document.
pub(super) fn reference<'s>(schema: &'s Schema, at: &Json) -> Option<&'s Json> {
    let Some(Json::String(text)) = at.child("$ref") else { return None };
    let fragment = percent_decode_str(text.strip_prefix('#')?).decode_utf8().ok()?;
    let target = match fragment.strip_prefix('/') {
        None if fragment.is_empty() => Some(&schema.root),
        None => None,
        Some(pointer) => pointer
            .split('/')
            .map(|token| token.replace("~1", "/").replace("~0", "~"))
            .try_fold(&schema.root, |value, token| value.child(&token)),
    };
    target.filter(|target| is_schema(target))
}

/// Whether `properties` or `patternProperties` of a schema is about a member.
fn declares(schema: &Schema, at: &Json, name: &str) -> bool {
    schemas_by_name(at, "properties").iter().any(|(known, _)| known == name)
        || schemas_by_name(at, "patternProperties").iter().any(|(pattern, _)| has_match(schema, pattern, name))
}

fn has_match(schema: &Schema, pattern: &str, name: &str) -> bool {
    schema.patterns.get(pattern).is_some_and(|regex| regex.is_match(name))
}

fn is_schema(value: &Json) -> bool {
    matches!(value, Json::Bool(_) | Json::Object(_))
}

/// The schema of a keyword.
fn schema_of<'s>(at: &'s Json, name: &str) -> Option<&'s Json> {
    at.child(name).filter(|argument| is_schema(argument))
}

/// The schemas of a keyword whose value is a list of schemas.
fn schemas_of<'s>(at: &'s Json, name: &str) -> Option<&'s [Json]> {
    match at.child(name) {
        Some(Json::Array(schemas)) if schemas.iter().all(is_schema) => Some(schemas),
        _ => None,
    }
}

/// The schemas of a keyword whose value is an object of schemas.
fn schemas_by_name<'s>(at: &'s Json, name: &str) -> &'s [(String, Json)] {
    match at.child(name) {
        Some(Json::Object(schemas)) if schemas.iter().all(|(_, schema)| is_schema(schema)) => schemas,
        _ => &[],
    }
}

/// A schema that is applied to a value, and those around it.
#[derive(Clone, Copy)]
struct Open<'o> {
    schema: &'o Json,
    value: &'o Json,
    around: Option<&'o Open<'o>>,
}

#[derive(Clone, Copy)]
struct Position<'o> {
    schema: &'o Schema,
    open: Option<&'o Open<'o>>,
}

impl Position<'_> {
    fn truth(self, at: &Json, value: &Json) -> Truth {
        let Json::Object(keywords) = at else { return Some(*at != Json::Bool(false)) };
        let mut around = self.open;
        while let Some(open) = around {
            // A schema that leads to itself for the same value states nothing.
            if ptr::eq(open.schema, at) && ptr::eq(open.value, value) {
                return None;
            }
            around = open.around;
        }
        let open = Open { schema: at, value, around: self.open };
        let inside = Position { schema: self.schema, open: Some(&open) };
        let target = reference(self.schema, at);
        if let (Draft::Seven, Some(target)) = (self.schema.draft, target) {
            return inside.truth(target, value);
        }
        let target = target.map(|target| inside.truth(target, value));
        all(keywords.iter().map(|(name, argument)| inside.keyword(at, name, argument, value)).chain(target))
    }

    /// Whether a value fulfills one keyword of a schema, with the keywords next to it that belong to it.
    fn keyword(self, at: &Json, name: &str, argument: &Json, value: &Json) -> Truth {
        let each = |schema: &Json| self.truth(schema, value);
        let list = || schemas_of(at, name).filter(|schemas| !schemas.is_empty());
        match (name, value) {
            ("allOf", _) => list().map_or(Some(true), |schemas| all(schemas.iter().map(each))),
            ("anyOf", _) => list().map_or(Some(true), |schemas| any(schemas.iter().map(each))),
            ("oneOf", _) => list().map_or(Some(true), |schemas| exactly_one(schemas.iter().map(each).collect())),
            ("not", _) => schema_of(at, name).map_or(Some(true), |schema| not(each(schema))),
            ("if", _) => {
                let Some(condition) = schema_of(at, "if") else { return Some(true) };
                let branch = |name: &str| schema_of(at, name).map_or(Some(true), each);
                match each(condition) {
                    Some(true) => branch("then"),
                    Some(false) => branch("else"),
                    None => branch("then").filter(|&truth| branch("else") == Some(truth)),
                }
            }
            ("items" | "prefixItems" | "additionalItems", Json::Array(items)) => self.items(at, name, items),
            ("properties", Json::Object(_)) => all(schemas_by_name(at, name)
                .iter()
                .filter_map(|(name, schema)| Some(self.truth(schema, value.child(name)?)))),
            ("patternProperties", Json::Object(members)) => {
                all(schemas_by_name(at, name).iter().flat_map(|(pattern, schema)| {
                    let matching = members.iter().filter(|(name, _)| has_match(self.schema, pattern, name));
                    matching.map(|(_, member)| self.truth(schema, member)).collect::<Vec<_>>()
                }))
            }
            ("additionalProperties", Json::Object(members)) => {
                let Some(schema) = schema_of(at, name) else { return Some(true) };
                let others = members.iter().filter(|(name, _)| !declares(self.schema, at, name));
                all(others.map(|(_, member)| self.truth(schema, member)))
            }
            ("propertyNames", Json::Object(members)) => {
                let Some(schema) = schema_of(at, name) else { return Some(true) };
                all(members.iter().map(|(name, _)| self.truth(schema, &Json::String(name.clone()))))
            }
            _ => keyword::truth(name, argument, value, &self.schema.patterns),
        }
    }

    /// Whether the items of a list fulfill a keyword.
    fn items(self, at: &Json, name: &str, items: &[Json]) -> Truth {
        let tuple = |name: &str| schemas_of(at, name);
        let prefix = || if self.schema.draft == Draft::Latest { tuple("prefixItems") } else { None };
        let one_by_one =
            |schemas: &[Json]| all(schemas.iter().zip(items).map(|(schema, item)| self.truth(schema, item)));
        let rest = |before: &[Json]| {
            let schema = schema_of(at, name);
            schema
                .map_or(Some(true), |schema| all(items.iter().skip(before.len()).map(|item| self.truth(schema, item))))
        };
        match name {
            "prefixItems" => prefix().map_or(Some(true), one_by_one),
            "additionalItems" => tuple("items").map_or(Some(true), rest),
            _ => tuple("items").map_or_else(|| rest(prefix().unwrap_or_default()), one_by_one),
        }
    }
}

/// Whether exactly one is true: two true ones cannot be undone by one that is unknown.
fn exactly_one(truths: Vec<Truth>) -> Truth {
    let count = truths.iter().filter(|truth| **truth == Some(true)).count();
    match count {
        2.. => Some(false),
        _ if truths.contains(&None) => None,
        _ => Some(count == 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schema: &str, value: &str, expected: Truth) {
        let read = |text: &str| Json::read(text).expect("a JSON text");
        assert_eq!(Schema::new(read(schema)).truth(&read(value)), expected, "{schema} {value}");
    }

    const SEVEN: &str = r#""$schema": "http://json-schema.org/draft-07/schema#""#;
    /// A schema that is unknown for every number that rounds to 500, but is not 500.
    const UNKNOWN: &str = r#"{"const": 500}"#;
    const NEAR: &str = "500.00000000000000001";

    #[test]
    fn combinators_have_three_truth_values() {
        check(&format!(r#"{{"allOf": [{UNKNOWN}, true]}}"#), NEAR, None);
        check(&format!(r#"{{"allOf": [{UNKNOWN}, false]}}"#), NEAR, Some(false));
        check(&format!(r#"{{"anyOf": [{UNKNOWN}, true]}}"#), NEAR, Some(true));
        check(&format!(r#"{{"anyOf": [{UNKNOWN}, false]}}"#), NEAR, None);
        check(&format!(r#"{{"not": {UNKNOWN}}}"#), NEAR, None);
        check(&format!(r#"{{"oneOf": [{UNKNOWN}, true, true]}}"#), NEAR, Some(false));
        check(&format!(r#"{{"oneOf": [{UNKNOWN}, true]}}"#), NEAR, None);
        check(&format!(r#"{{"oneOf": [{UNKNOWN}, true]}}"#), "1", Some(true));
        check(&format!(r#"{{"oneOf": [{UNKNOWN}, false]}}"#), "1", Some(false));
        check(r#"{"not": {"type": "string"}}"#, "1", Some(true));
        check(r#"{"not": {"type": "string"}}"#, r#""a""#, Some(false));
    }

    #[test]
    fn an_unknown_condition_leads_to_what_both_branches_share() {
        check(&format!(r#"{{"if": {UNKNOWN}, "then": true, "else": false}}"#), NEAR, None);
        check(&format!(r#"{{"if": {UNKNOWN}, "then": true}}"#), NEAR, Some(true));
        check(&format!(r#"{{"if": {UNKNOWN}, "then": false, "else": false}}"#), NEAR, Some(false));
        check(&format!(r#"{{"if": {UNKNOWN}, "then": false, "else": true}}"#), "500", Some(false));
        check(&format!(r#"{{"if": {UNKNOWN}, "then": false, "else": true}}"#), "501", Some(true));
        check(r#"{"then": false, "else": false}"#, "1", Some(true));
    }

    #[test]
    fn members_are_declared_by_name_or_pattern() {
        let schema = r#"{"properties": {"a": {"type": "string"}}, "patternProperties": {"^a|^x": {"minLength": 2}},
            "additionalProperties": {"type": "null"}}"#;
        check(schema, r#"{"a": "ab", "x": 1, "b": null}"#, Some(true));
        check(schema, r#"{"a": "a"}"#, Some(false));
        check(schema, r#"{"a": 1}"#, Some(false));
        check(schema, r#"{"b": 1}"#, Some(false));
        check(schema, "[1]", Some(true));
        check(r#"{"propertyNames": {"maxLength": 1}}"#, r#"{"a": 1}"#, Some(true));
        check(r#"{"propertyNames": {"maxLength": 1}}"#, r#"{"ab": 1}"#, Some(false));
    }

    #[test]
    fn items_follow_the_draft() {
        let tuple = |keywords: &str| format!(r#"{{{SEVEN}, {keywords}}}"#);
        let texts = r#""prefixItems": [{"type": "string"}], "items": {"type": "null"}"#;
        check(&format!("{{{texts}}}"), r#"["a", null]"#, Some(true));
        check(&format!("{{{texts}}}"), r#"["a", "b"]"#, Some(false));
        check(&tuple(texts), r#"["a", null]"#, Some(false));
        let old = r#""items": [{"type": "string"}], "additionalItems": {"type": "null"}"#;
        for schema in [format!("{{{old}}}"), tuple(old)] {
            check(&schema, r#"["a", null]"#, Some(true));
            check(&schema, r#"["a", "b"]"#, Some(false));
            check(&schema, "[1]", Some(false));
        }
        check(r#"{"items": {"type": "string"}, "additionalItems": false}"#, r#"["a", "b"]"#, Some(true));
    }

    #[test]
    fn a_reference_hides_other_keywords_only_in_draft_7() {
        let schema = r##""$ref": "#/$defs/a", "type": "string", "$defs": {"a": {"maxLength": 1}}"##;
        check(&format!("{{{schema}}}"), "1", Some(false));
        check(&format!("{{{SEVEN}, {schema}}}"), "1", Some(true));
        check(&format!("{{{schema}}}"), r#""ab""#, Some(false));
        check(&format!("{{{SEVEN}, {schema}}}"), r#""ab""#, Some(false));
    }

    #[test]
    fn a_reference_is_an_encoded_pointer() {
        let schema = r##"{"$ref": "#/$defs/a~1b~0c%25%C3%A9/0", "$defs": {"a/b~c%é": [{"type": "null"}]}}"##;
        check(schema, "null", Some(true));
        check(schema, "1", Some(false));
        let tree = r##"{"type": "object", "properties": {"next": {"$ref": "#"}}}"##;
        check(tree, r#"{"next": {"next": {}}}"#, Some(true));
        check(tree, r#"{"next": {"next": 1}}"#, Some(false));
    }

    #[test]
    fn a_reference_to_no_schema_of_the_document_is_ignored() {
        for reference in ["#/$defs/b", "#a", "other.json", "http://json-schema.org/draft-07/schema#", "#/type"] {
            check(&format!(r##"{{"$ref": "{reference}", "type": "null"}}"##), "null", Some(true));
            check(&format!(r##"{{"$ref": "{reference}", "type": "null"}}"##), "1", Some(false));
        }
    }

    #[test]
    fn a_schema_that_leads_to_itself_is_unknown() {
        check(r##"{"$ref": "#"}"##, "1", None);
        check(r##"{"$ref": "#", "type": "null"}"##, "1", Some(false));
        check(r##"{"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}}"##, "1", None);
    }

    #[test]
    fn a_keyword_with_something_that_is_not_a_schema_is_ignored() {
        check(r#"{"allOf": []}"#, "1", Some(true));
        check(r#"{"oneOf": [{"type": "null"}, 1]}"#, "1", Some(true));
        check(r#"{"properties": {"a": 1}, "additionalProperties": false}"#, r#"{"a": 1}"#, Some(false));
    }

    #[test]
    fn the_root_forbids_what_it_does_not_declare() {
        let closed = r#""properties": {"a": true}, "patternProperties": {"^x": true}, "additionalProperties": false"#;
        let schema = |text: &str| Schema::new(Json::read(text).expect("a JSON text"));
        for name in ["a", "x1"] {
            assert!(!schema(&format!("{{{closed}}}")).forbids_member(name), "{name}");
        }
        assert!(schema(&format!("{{{closed}}}")).forbids_member("b"));
        let hidden = format!(r##"{{{SEVEN}, "$ref": "#/$defs/a", "$defs": {{"a": true}}, {closed}}}"##);
        assert!(!schema(&hidden).forbids_member("b"));
        assert!(!schema(r#"{"allOf": [{"additionalProperties": false}]}"#).forbids_member("b"));
    }
}
