//! The description of a predicate in a decision: a part of a sentence for people, and the members of a response for
//! programs.

use alloc::string::String;

use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::language::operators::{NumericOp, Source};

/// The output of a sentence.
pub(crate) struct Sentence<'o> {
    pub(crate) out: &'o mut String,
    /// Appends a text of the policy or the call, which may need to be escaped.
    pub(crate) write_text: fn(&str, &mut String),
}

impl Sentence<'_> {
    /// Appends words of the engine, which need no escape.
    pub(crate) fn push_str(&mut self, words: &str) {
        self.out.push_str(words);
    }

    /// Appends a text of the policy or the call.
    pub(crate) fn push_text(&mut self, text: &str) {
        (self.write_text)(text, self.out);
    }

    /// Appends a text in backticks.
    pub(crate) fn push_quoted(&mut self, text: &str) {
        self.push_str("`");
        self.push_text(text);
        self.push_str("`");
    }

    /// Appends texts with `or` between them.
    pub(crate) fn push_alternatives<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        for (at, text) in texts.enumerate() {
            self.push_str(if at > 0 { " or " } else { "" });
            self.push_quoted(text);
        }
    }

    /// Appends `not`, the verb and the comparison of `op`, up to the other number.
    pub(crate) fn push_comparison(&mut self, verb: &str, op: NumericOp) {
        self.push_str(if op == NumericOp::Ne { "not " } else { "" });
        self.push_str(verb);
        self.push_str(match op {
            NumericOp::Eq | NumericOp::Ne => "",
            NumericOp::Lt => "less than ",
            NumericOp::Lte => "at most ",
            NumericOp::Gt => "more than ",
            NumericOp::Gte => "at least ",
        });
    }

    /// Appends the name of another field and its source.
    pub(crate) fn push_field(&mut self, field: FieldSlot, image: &PolicyImage<'_>) {
        match image.field_name(field) {
            None => {}
            Some((Source::Item, "")) => self.push_str("the item"),
            Some((source, name)) => {
                self.push_quoted(name);
                self.push_source(source);
            }
        }
    }

    /// Appends the problem of a field that has no value, and the source in which the value is expected.
    pub(crate) fn push_place(&mut self, problem: &str, preposition: &str, source: Source) {
        self.push_str(problem);
        let place = match source {
            Source::Arguments => "the arguments",
            Source::AgentAttributes => "the agent attributes",
            Source::ResourceAttributes => "the resource attributes",
            Source::Request => "the request",
            // The field is named with the item.
            Source::Item => return,
        };
        self.push_str(preposition);
        self.push_str(place);
    }

    /// Appends the source of a field, after the name of the field.
    pub(crate) fn push_source(&mut self, source: Source) {
        self.push_str(match source {
            Source::Arguments => " of the arguments",
            Source::AgentAttributes => " of the agent",
            Source::ResourceAttributes => " of the resource",
            Source::Item => " of the item",
            Source::Request => " of the request",
        });
    }
}

/// The value of a member that describes what a predicate compares its field with.
pub enum MemberValue<'m, 't> {
    /// A boolean.
    Bool(bool),
    /// The text of a number, as the policy spells it.
    Number(&'t str),
    /// A JSON text of the policy.
    Json(&'t str),
    /// A string.
    Text(&'t str),
    /// A list of strings.
    Texts(&'m mut dyn Iterator<Item = &'t str>),
    /// Another field: its source and its name.
    Field(Source, &'t str),
}

/// Receives the members of a predicate, one after the other.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&str, MemberValue<'_, '_>);

/// The description of a predicate in decisions. Inside `Not`, its opposite is required, and `asked` is `false`.
pub(crate) trait Describe {
    /// The name of the condition.
    fn name(&self) -> &'static str;

    /// The name of the operator in responses.
    fn op(&self, asked: bool) -> &'static str;

    /// The field that the predicate reads.
    fn field(&self) -> FieldSlot;

    /// The field that the predicate compares its field with, if it compares two.
    fn other(&self) -> Option<FieldSlot> {
        None
    }

    /// The requirement for a field of a wrong type; `None` if the normal requirement includes the type.
    fn type_requirement(&self) -> Option<&'static str>;

    /// The requirement for an ambiguous field.
    fn form_requirement(&self) -> &'static str {
        "be an unambiguous absolute path"
    }

    /// Appends the requirement for the field, after `must`.
    fn write_requirement(&self, asked: bool, image: &PolicyImage<'_>, out: &mut Sentence<'_>);

    /// Visits what the field is compared with.
    fn visit_members(&self, asked: bool, image: &PolicyImage<'_>, visit: Visit<'_>);
}

/// Visits another field as the member `other`.
pub(crate) fn visit_other(field: FieldSlot, image: &PolicyImage<'_>, visit: Visit<'_>) {
    if let Some((source, name)) = image.field_name(field) {
        visit("other", MemberValue::Field(source, name));
    }
}
