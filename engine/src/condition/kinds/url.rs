//! `UrlCheck`: a string is a URL with an allowed scheme, host and port.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::call::fields::{Fields, Unknown};
use crate::canonical::url::{self, UrlTarget};
use crate::condition::sentence::{Describe, MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::{FieldSlot, Stored, UrlOffset};
use crate::image::records::StepRecord;
use crate::image::texts::Texts;

#[cfg(feature = "compile")]
pub use build::UrlCheck;

/// The operand of the step.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct UrlOperand {
    url: Stored<UrlOffset>,
    reserved: [u8; 8],
}

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Url<'i> {
    field: FieldSlot,
    schemes: Texts<'i>,
    /// `*.` before a host matches all hosts below it.
    hosts: Texts<'i>,
    /// In digits; none if only the default port of the scheme is allowed.
    ports: Texts<'i>,
}

impl<'i> Url<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        let operand: &UrlOperand = step.operand()?;
        let url = image.url(operand.url.get())?;
        Some(Self {
            field: step.field.get(),
            schemes: image.texts(url.schemes)?,
            hosts: image.texts(url.hosts)?,
            ports: image.texts(url.ports)?,
        })
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let value = fields.value(self.field)?;
        let count =
            [self.schemes, self.hosts, self.ports].map(Texts::count).iter().fold(0, |a: usize, b| a.saturating_add(*b));
        fields.charge(value, count);
        let text = value.as_string().ok_or(Unknown::wrong_type(self.field))?;
        let ambiguous = Unknown::ambiguous(self.field);
        self.allows(&UrlTarget::read(&text).ok_or(ambiguous)?).ok_or(ambiguous)
    }

    /// Whether the target is allowed; `None` if its host is ambiguous.
    fn allows(&self, target: &UrlTarget<'_>) -> Option<bool> {
        // The build checked that the hosts of the policy are unambiguous, but the labels that `*.` matches were not
        // checked.
        let is_plain = |labels: &str| !url::has_punycode(labels);
        let is_host = self.hosts.iter().any(|allowed| wildcard_labels(allowed, target.host).is_some_and(is_plain));
        if !is_host && url::has_punycode(target.host) {
            return None;
        }
        let port = target.effective_port();
        let is_port = |text: &str| port.is_some_and(|port| text.parse() == Ok(port));
        let is_port_allowed = match self.ports.count() {
            0 => target.port.is_none() || target.port == target.default_port(),
            _ => self.ports.iter().any(is_port),
        };
        let mut schemes = self.schemes.iter();
        Some(is_host && is_port_allowed && schemes.any(|scheme| scheme.eq_ignore_ascii_case(target.scheme)))
    }
}

/// The labels of a host that `*.` in `allowed` matches; empty if the host is `allowed` itself; `None` if the host is
/// another.
fn wildcard_labels<'h>(allowed: &str, host: &'h str) -> Option<&'h str> {
    let Some(parent) = allowed.strip_prefix("*.") else { return allowed.eq_ignore_ascii_case(host).then_some("") };
    let (below, end) = host.split_at_checked(host.len().checked_sub(parent.len())?)?;
    let labels = below.strip_suffix('.').filter(|labels| !labels.is_empty())?;
    end.eq_ignore_ascii_case(parent).then_some(labels)
}

impl Describe for Url<'_> {
    fn name(&self) -> &'static str {
        "UrlCheck"
    }

    fn op(&self, asked: bool) -> &'static str {
        if asked { "Allowed" } else { "Other" }
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be a string")
    }

    fn form_requirement(&self) -> &'static str {
        "be an unambiguous absolute URL"
    }

    fn write_requirement(&self, asked: bool, _: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(if asked { "be a URL with scheme " } else { "not be a URL with scheme " });
        out.push_alternatives(self.schemes.iter());
        out.push_str(" and host ");
        out.push_alternatives(self.hosts.iter());
        if self.ports.count() > 0 {
            out.push_str(" and port ");
            out.push_alternatives(self.ports.iter());
        } else {
            out.push_str(" and the default port");
        }
    }

    fn visit_members(&self, _: bool, _: &PolicyImage<'_>, visit: Visit<'_>) {
        visit("schemes", MemberValue::Texts(&mut self.schemes.iter()));
        visit("hosts", MemberValue::Texts(&mut self.hosts.iter()));
        visit("ports", MemberValue::Texts(&mut self.ports.iter()));
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::format;
    use alloc::string::{String, ToString as _};
    use alloc::vec::Vec;
    use core::ops::Range;

    use super::UrlOperand;
    use crate::canonical::url;
    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, read_field};
    use crate::image::index::Stored;
    use crate::image::records::{StepRecord, UrlRecord};
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::diagnostic::{Diagnostic, quoted};
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::spanned::Spanned;
    use crate::policy::text::tree::Node;

    /// A string is a URL with an allowed scheme, host and port.
    #[derive(Clone, Debug, PartialEq)]
    pub struct UrlCheck {
        /// The URL.
        pub field: Field,
        /// The schemes.
        pub schemes: Vec<Spanned<String>>,
        /// The hosts; `*.` before a host matches all hosts below it.
        pub hosts: Vec<Spanned<String>>,
        /// The ports, in digits; without one, the default port of the scheme.
        pub ports: Vec<Spanned<String>>,
    }

    impl UrlCheck {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let check = reader.object(node, "`UrlCheck`", &["source", "field", "schemes", "hosts", "ports"])?;
            let field = read_field(&check, reader, scope);
            let schemes = match check.optional("schemes") {
                Some(node) => reader.strings(node, "`schemes`"),
                None => Some(alloc::vec![Spanned { value: "https".into(), span: node.span.clone() }]),
            };
            let hosts = check.required("hosts", reader).and_then(|node| reader.strings(node, "`hosts`"));
            let ports = match check.optional("ports") {
                Some(node) => read_ports(node, reader),
                None => Some(Vec::new()),
            };
            Some(Self { field: field?, schemes: schemes?, hosts: hosts?, ports: ports? })
        }
    }

    /// Reads ports, which are whole numbers.
    fn read_ports(node: &Node<'_>, reader: &mut NodeReader) -> Option<Vec<Spanned<String>>> {
        let items = reader.list(node, "`ports`")?;
        if items.is_empty() {
            let message = "the list of ports must not be empty";
            let fix = "write a port, or remove `ports` for the default port of the scheme";
            reader.problems.push(Diagnostic::error("empty_list", &node.span, message).with_fix(fix));
            return None;
        }
        let mut ports = Vec::new();
        for item in items {
            let text = reader.number(item, "a port")?;
            if text.parse::<u16>().is_ok_and(|port| port != 0) {
                ports.push(Spanned { value: text, span: item.span.clone() });
            } else {
                let message = "a port must be a whole number from 1 to 65535";
                reader.problems.push(Diagnostic::error("bad_port", &item.span, message));
            }
        }
        (ports.len() == items.len()).then_some(ports)
    }

    impl Check for UrlCheck {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["string"]
        }

        fn validate(&self, span: &Range<usize>, validation: &mut Validation<'_>) {
            validation.check_not_empty(span, &self.schemes, "schemes");
            validation.check_not_empty(span, &self.hosts, "hosts");
            let is_scheme = |scheme: &str| url::UrlTarget::read(&format!("{scheme}://host")).is_some();
            for scheme in self.schemes.iter().filter(|scheme| !is_scheme(&scheme.value)) {
                let message = format!("{} is not a supported URL scheme", quoted(&scheme.value));
                validation.error_with_fix("bad_scheme", &scheme.span, message, "write a scheme such as `https`");
            }
            let is_allowed = |host: &str| is_host(host.strip_prefix("*.").unwrap_or(host));
            for host in self.hosts.iter().filter(|host| !is_allowed(&host.value)) {
                let message = format!("{} is not an unambiguous host", quoted(&host.value));
                let fix = "write a host name such as `api.example.com` (in punycode if it is not ASCII), `*.` and a host name, or an IP address";
                validation.error_with_fix("bad_host", &host.span, message, fix);
            }
        }

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, _: bool) -> bool {
            known.narrow(&self.field, Domain::keep_strings, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let record = UrlRecord {
                schemes: encoder.texts(&self.schemes),
                hosts: encoder.texts(&self.hosts),
                ports: encoder.texts(&self.ports),
            };
            let operand = UrlOperand { url: Stored::new(encoder.url(record)), reserved: [0; 8] };
            StepRecord::new(code::URL, 0, encoder.field(&self.field), &operand)
        }
    }

    /// Whether a host is unambiguous, also according to the Unicode tables.
    fn is_host(host: &str) -> bool {
        url::is_host(host) && ::url::Host::parse(host).is_ok_and(|parsed| parsed.to_string().eq_ignore_ascii_case(host))
    }
}
