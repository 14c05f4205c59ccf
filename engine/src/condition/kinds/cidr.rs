//! `CidrCheck`: a string is an IP address in one of several networks, or in none of them.

use ipnet::IpNet;

use crate::call::fields::{Fields, Unknown};
use crate::canonical::address;
use crate::condition::kinds::path::TextsOperand;
use crate::condition::sentence::{Describe, MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::StepRecord;
use crate::image::texts::Texts;
use crate::language::operators::StringOp;

#[cfg(feature = "compile")]
pub use build::CidrCheck;

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cidr<'i> {
    field: FieldSlot,
    /// Whether the address must be in a network, not outside all of them.
    inside: bool,
    networks: Texts<'i>,
}

impl<'i> Cidr<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        let operand: &TextsOperand = step.operand()?;
        let inside = StringOp::from_code(step.op)? == StringOp::In;
        Some(Self { field: step.field.get(), inside, networks: image.texts(operand.texts)? })
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let value = fields.value(self.field)?;
        // Parsing a network costs as much as reading the address.
        fields.charge(value, self.networks.count());
        let text = value.as_string().ok_or(Unknown::wrong_type(self.field))?;
        let address = address::read(&text).ok_or(Unknown::ambiguous(self.field))?;
        let mut networks = self.networks.iter().filter_map(|network| network.parse::<IpNet>().ok());
        Ok(networks.any(|network| network.contains(&address)) == self.inside)
    }
}

impl Describe for Cidr<'_> {
    fn name(&self) -> &'static str {
        "CidrCheck"
    }

    fn op(&self, asked: bool) -> &'static str {
        if asked == self.inside { StringOp::In.name() } else { StringOp::NotIn.name() }
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be a string")
    }

    fn form_requirement(&self) -> &'static str {
        "be an unambiguous IP address"
    }

    fn write_requirement(&self, asked: bool, _: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(if asked == self.inside { "be an address in " } else { "not be an address in " });
        out.push_alternatives(self.networks.iter());
    }

    fn visit_members(&self, _: bool, _: &PolicyImage<'_>, visit: Visit<'_>) {
        visit("value", MemberValue::Texts(&mut self.networks.iter()));
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::format;
    use alloc::string::{String, ToString as _};
    use alloc::vec::Vec;
    use core::ops::Range;

    use ipnet::IpNet;

    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, read_field};
    use crate::condition::kinds::path::TextsOperand;
    use crate::image::records::StepRecord;
    use crate::language::operators::StringOp;
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::diagnostic::quoted;
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::spanned::Spanned;
    use crate::policy::text::tree::Node;

    /// A string is an IP address in one of several networks, or in none of them.
    #[derive(Clone, Debug, PartialEq)]
    pub struct CidrCheck {
        /// The address.
        pub field: Field,
        /// `In` or `NotIn`.
        pub op: StringOp,
        /// The networks, in CIDR notation.
        pub networks: Vec<Spanned<String>>,
    }

    impl CidrCheck {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let check = reader.object(node, "`CidrCheck`", &["source", "field", "op", "value"])?;
            let field = read_field(&check, reader, scope);
            let ops = [StringOp::In, StringOp::NotIn].map(|op| (op.name(), op));
            let op = check
                .required("op", reader)
                .and_then(|node| reader.word(node, "an operator of `CidrCheck`", "unknown_op", ops));
            let networks = check.required("value", reader).and_then(|node| reader.strings(node, "`value`"));
            Some(Self { field: field?, op: op?, networks: networks? })
        }
    }

    impl Check for CidrCheck {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["string"]
        }

        fn validate(&self, span: &Range<usize>, validation: &mut Validation<'_>) {
            validation.check_not_empty(span, &self.networks, "networks");
            for network in &self.networks {
                let shown = quoted(&network.value);
                let (problem, fix) = match network.value.parse::<IpNet>() {
                    Err(_) => (
                        format!("{shown} is not a network in CIDR notation"),
                        "write a network such as `10.0.0.0/8`".to_string(),
                    ),
                    Ok(parsed) if parsed.trunc() != parsed => {
                        (format!("{shown} has host bits after its prefix"), format!("write `{}`", parsed.trunc()))
                    }
                    Ok(_) => continue,
                };
                validation.error_with_fix("bad_network", &network.span, problem, &fix);
            }
        }

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, _: bool) -> bool {
            known.narrow(&self.field, Domain::keep_strings, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let operand = TextsOperand { texts: encoder.texts(&self.networks), reserved: [0; 4] };
            StepRecord::new(code::CIDR, self.op.code(), encoder.field(&self.field), &operand)
        }
    }
}
