//! `CidrCheck`: a string is an IP address in one of several networks, or in none of them.

use crate::call::fields::{Fields, Unknown};
use crate::canonical::address;
use crate::condition::lists::Lists;
use crate::condition::sentence::{Describe, MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::StepRecord;
use crate::language::operators::StringOp;

#[cfg(feature = "compile")]
pub use build::CidrCheck;

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cidr<'i> {
    field: FieldSlot,
    /// Whether the address must be in a network, not outside all of them.
    inside: bool,
    networks: Lists<'i>,
}

impl<'i> Cidr<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        let inside = StringOp::from_code(step.op)? == StringOp::In;
        Some(Self { field: step.field.get(), inside, networks: Lists::decode(image, step)? })
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let value = fields.value(self.field)?;
        // Parsing a network costs as much as reading the address.
        let Lists { compared, extra: local, .. } = self.networks;
        fields.charge(value, compared.count().saturating_add(local.count()));
        let text = value.as_string().ok_or(Unknown::wrong_type(self.field))?;
        let address = address::read(&text).ok_or(Unknown::ambiguous(self.field))?;
        let is_public = local.count() > 0 && !address::is_in_one_of(local.iter(), &address);
        Ok((is_public || address::is_in_one_of(compared.iter(), &address)) == self.inside)
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
        out.push_alternatives(self.networks.shown.iter());
    }

    fn visit_members(&self, _: bool, _: &PolicyImage<'_>, visit: Visit<'_>) {
        visit("value", MemberValue::Texts(&mut self.networks.shown.iter()));
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::ops::Range;

    use ipnet::IpNet;

    use crate::canonical::special;
    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, read_field};
    use crate::condition::lists::encode_lists;
    use crate::image::records::StepRecord;
    use crate::language::case::Case;
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
        /// The networks in CIDR notation, and the names of sets of networks.
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
            for network in self.networks.iter().filter(|network| !is_set(&network.value)) {
                let shown = quoted(&network.value);
                let (problem, fix) = match network.value.parse::<IpNet>() {
                    Err(_) => (
                        format!("{shown} is not a network in CIDR notation"),
                        format!("write a network such as `10.0.0.0/8`, or one of {}", names_of_sets()),
                    ),
                    Ok(parsed) if parsed.trunc() != parsed => {
                        (format!("{shown} has host bits after its prefix"), format!("write `{}`", parsed.trunc()))
                    }
                    Ok(_) => continue,
                };
                validation.error_with_fix("bad_network", &network.span, problem, &fix);
            }
        }

        fn validate_denial(&self, span: &Range<usize>, validation: &mut Validation<'_>) {
            if self.op == StringOp::In {
                self.check_families(span, validation);
            }
        }

        fn validate_permission(&self, span: &Range<usize>, validation: &mut Validation<'_>) {
            if self.op == StringOp::NotIn {
                self.check_families(span, validation);
            }
        }

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, _: bool) -> bool {
            known.narrow(&self.field, Domain::keep_strings, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let shown = self.networks.iter().map(|network| network.value.clone()).collect();
            let compared = self.expanded().filter(|network| *network != special::PUBLIC).map(String::from).collect();
            let is_public = self.networks.iter().any(|network| network.value == special::PUBLIC);
            let local = if is_public { special::all_networks().map(String::from).collect() } else { Vec::new() };
            let step = (code::CIDR, self.op.code());
            encode_lists(encoder, step, &self.field, [shown, compared, local], Case::Exact)
        }
    }

    impl CidrCheck {
        /// The networks, with those of a set instead of its name.
        fn expanded(&self) -> impl Iterator<Item = &str> {
            self.networks.iter().flat_map(|network| {
                let set = special::networks_of(&network.value);
                let own = if set.is_none() { Some(network.value.as_str()) } else { None };
                set.into_iter().flatten().copied().chain(own)
            })
        }

        /// Warns if the list has no network of one kind of address, so that all such addresses pass.
        fn check_families(&self, span: &Range<usize>, validation: &mut Validation<'_>) {
            let has = |wanted: fn(&IpNet) -> bool| {
                self.expanded()
                    .any(|network| network == special::PUBLIC || network.parse().is_ok_and(|network| wanted(&network)))
            };
            let (has_v4, has_v6) =
                (has(|network| matches!(network, IpNet::V4(_))), has(|network| matches!(network, IpNet::V6(_))));
            let (missing, all) = match (has_v4, has_v6) {
                (true, false) => ("IPv6", "::/0"),
                (false, true) => ("IPv4", "0.0.0.0/0"),
                _ => return,
            };
            let message = format!("the list has no {missing} network, so this check denies no {missing} address");
            let fix = format!("add the {missing} networks to deny, or `{all}` for all {missing} addresses");
            validation.warning_with_fix("address_family", span, message, &fix);
        }
    }

    fn is_set(name: &str) -> bool {
        name == special::PUBLIC || special::networks_of(name).is_some()
    }

    /// The names of all sets, as a message lists them.
    fn names_of_sets() -> String {
        let names = special::NETWORK_SETS.iter().map(|set| set.name).chain([special::PUBLIC]);
        names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }
}
