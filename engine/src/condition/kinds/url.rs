//! `UrlCheck`: a string is a URL with an allowed scheme, host and port.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::call::fields::{Fields, Unknown};
use crate::canonical::glob::matches_path;
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
    /// Patterns; none if every path is allowed.
    paths: Texts<'i>,
    /// The networks and names that are not [`PUBLIC`].
    local: Texts<'i>,
}

/// The scheme and the port that match all.
const ANY: &str = "*";
/// The host that matches all names and addresses except local and special ones.
const PUBLIC: &str = "public";

impl<'i> Url<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        let operand: &UrlOperand = step.operand()?;
        let url = image.url(operand.url.get())?;
        Some(Self {
            field: step.field.get(),
            schemes: image.texts(url.schemes)?,
            hosts: image.texts(url.hosts)?,
            ports: image.texts(url.ports)?,
            paths: image.texts(url.paths)?,
            local: image.texts(url.local)?,
        })
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let value = fields.value(self.field)?;
        let lists = [self.schemes, self.hosts, self.ports, self.local].map(Texts::count);
        // A path is read once for each segment of a pattern.
        let segments = self.paths.iter().map(|pattern| pattern.split('/').count());
        fields.charge(value, lists.into_iter().chain(segments).fold(0, usize::saturating_add));
        let text = value.as_string().ok_or(Unknown::wrong_type(self.field))?;
        let ambiguous = Unknown::ambiguous(self.field);
        let is_target = self.allows(&UrlTarget::read(&text).ok_or(ambiguous)?).ok_or(ambiguous)?;
        if is_target && self.paths.count() > 0 { self.allows_path(&text).ok_or(ambiguous) } else { Ok(is_target) }
    }

    /// Whether the path is allowed; `None` if it is ambiguous. Some servers drop a slash at the end, so a path is
    /// ambiguous if that changes the result.
    fn allows_path(&self, url: &str) -> Option<bool> {
        let path = url::plain_path(url)?;
        let is_allowed = |path: &str| {
            self.paths.iter().any(|pattern| matches_path(pattern.strip_prefix('/').unwrap_or(pattern), path))
        };
        let result = is_allowed(path);
        path.strip_suffix('/').is_none_or(|path| is_allowed(path) == result).then_some(result)
    }

    /// Whether the target is allowed; `None` if its host is ambiguous.
    fn allows(&self, target: &UrlTarget<'_>) -> Option<bool> {
        // The build checked that the hosts of the policy are unambiguous, but the labels that `*.` matches were not
        // checked.
        let is_plain = |labels: &str| !url::has_punycode(labels);
        let is_host = self.hosts.iter().any(|allowed| match allowed {
            PUBLIC => url::is_public(target.host, self.local.iter()),
            allowed => url::wildcard_labels(allowed, target.host).is_some_and(is_plain),
        });
        if !is_host && url::has_punycode(target.host) {
            return None;
        }
        let port = target.effective_port();
        let is_port = |text: &str| text == ANY || port.is_some_and(|port| text.parse() == Ok(port));
        let is_port_allowed = match self.ports.count() {
            0 => target.port.is_none() || target.port == target.default_port(),
            _ => self.ports.iter().any(is_port),
        };
        let mut schemes = self.schemes.iter();
        Some(
            is_host
                && is_port_allowed
                && schemes.any(|scheme| scheme == ANY || scheme.eq_ignore_ascii_case(target.scheme)),
        )
    }
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
        if self.paths.count() > 0 {
            out.push_str(" and path ");
            out.push_alternatives(self.paths.iter());
        }
    }

    fn visit_members(&self, _: bool, _: &PolicyImage<'_>, visit: Visit<'_>) {
        visit("schemes", MemberValue::Texts(&mut self.schemes.iter()));
        visit("hosts", MemberValue::Texts(&mut self.hosts.iter()));
        visit("ports", MemberValue::Texts(&mut self.ports.iter()));
        if self.paths.count() > 0 {
            visit("paths", MemberValue::Texts(&mut self.paths.iter()));
        }
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::format;
    use alloc::string::{String, ToString as _};
    use alloc::vec::Vec;
    use core::ops::Range;

    use super::{ANY, PUBLIC, UrlOperand};
    use crate::canonical::segments::are_segments;
    use crate::canonical::{special, url};
    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, read_field};
    use crate::condition::lists::fold_all;
    use crate::image::index::Stored;
    use crate::image::records::{StepRecord, UrlRecord};
    use crate::language::case::Case;
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::diagnostic::{Diagnostic, quoted};
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::spanned::Spanned;
    use crate::policy::text::tree::{Node, Value};

    /// A string is a URL with an allowed scheme, host and port.
    #[derive(Clone, Debug, PartialEq)]
    pub struct UrlCheck {
        /// The URL.
        pub field: Field,
        /// The schemes; `*` matches every scheme, and without one, `https` is allowed.
        pub schemes: Vec<Spanned<String>>,
        /// The hosts; `*.` before a host matches all hosts below it, and `public` all public hosts.
        pub hosts: Vec<Spanned<String>>,
        /// The ports, in digits; `*` matches every port, and without one, the default port of the scheme is allowed.
        pub ports: Vec<Spanned<String>>,
        /// The patterns of paths; without one, every path is allowed.
        pub paths: Vec<Spanned<String>>,
    }

    impl UrlCheck {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let check =
                reader.object(node, "`UrlCheck`", &["source", "field", "schemes", "hosts", "ports", "paths"])?;
            let field = read_field(&check, reader, scope);
            let schemes = match check.optional("schemes") {
                Some(node) => any_of(node)
                    .or_else(|| reader.strings(node, "`schemes`"))
                    .filter(|schemes| is_list(schemes, "schemes", node, reader)),
                None => Some(Vec::new()),
            };
            let hosts = check.required("hosts", reader).and_then(|node| reader.strings(node, "`hosts`"));
            let ports = match check.optional("ports") {
                Some(node) => any_of(node).or_else(|| read_ports(node, reader)),
                None => Some(Vec::new()),
            };
            let paths = match check.optional("paths") {
                Some(node) => reader.strings(node, "`paths`").filter(|paths| is_list(paths, "paths", node, reader)),
                None => Some(Vec::new()),
            };
            Some(Self { field: field?, schemes: schemes?, hosts: hosts?, ports: ports?, paths: paths? })
        }
    }

    /// The list that matches all, which a policy writes as `"*"` or as `["*"]`.
    fn any_of(node: &Node<'_>) -> Option<Vec<Spanned<String>>> {
        let item = match &node.value {
            Value::Array(items) => items.first().filter(|_| items.len() == 1)?,
            _ => node,
        };
        let is_any = matches!(&item.value, Value::String(text) if text == ANY);
        is_any.then(|| alloc::vec![Spanned { value: ANY.into(), span: item.span.clone() }])
    }

    /// Reports an empty list; a list that is left out has a meaning, and an empty one would look like it.
    fn is_list(list: &[Spanned<String>], what: &str, node: &Node<'_>, reader: &mut NodeReader) -> bool {
        if list.is_empty() {
            let message = format!("the list of {what} must not be empty");
            let fix = format!("write an entry, or remove `{what}`");
            reader.problems.push(Diagnostic::error("empty_list", &node.span, message).with_fix(fix));
        }
        !list.is_empty()
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
            validation.check_not_empty(span, &self.hosts, "hosts");
            let is_scheme = |scheme: &str| url::UrlTarget::read(&format!("{scheme}://host")).is_some();
            for scheme in self.schemes.iter().filter(|scheme| scheme.value != ANY && !is_scheme(&scheme.value)) {
                let message = format!("{} is not a supported URL scheme", quoted(&scheme.value));
                validation.error_with_fix("bad_scheme", &scheme.span, message, "write a scheme such as `https`");
            }
            if self.schemes.len() > 1 && self.schemes.iter().any(|scheme| scheme.value == ANY) {
                let message = "`*` matches every scheme, so `schemes` must not have other entries";
                validation.error_with_fix("bad_scheme", span, message.to_string(), "write `\"schemes\": \"*\"`");
            }
            for path in self.paths.iter().filter(|path| !is_path_pattern(&path.value)) {
                let message = format!("{} is not an unambiguous pattern of paths", quoted(&path.value));
                let fix = "start with `/`, use `*` inside a segment and `**` as a segment, without dot segments, empty segments, a slash at the end, `;`, `?` or needless percent-encoding";
                validation.error_with_fix("bad_path", &path.span, message, fix);
            }
            // `PUBLIC` would be the name of a host and look like the word.
            let is_name =
                |host: &str| !host.eq_ignore_ascii_case(PUBLIC) && is_host(host.strip_prefix("*.").unwrap_or(host));
            let is_allowed = |host: &str| host == PUBLIC || is_name(host);
            for host in self.hosts.iter().filter(|host| !is_allowed(&host.value)) {
                let message = format!("{} is not an unambiguous host", quoted(&host.value));
                let fix = "write a host name such as `api.example.com` (in punycode if it is not ASCII), `*.` and a host name, an IP address, or `public`";
                validation.error_with_fix("bad_host", &host.span, message, fix);
            }
        }

        fn validate_denial(&self, span: &Range<usize>, validation: &mut Validation<'_>) {
            let (covered, fix) = match (self.schemes.is_empty(), self.ports.is_empty()) {
                (false, false) => return,
                (true, true) => ("the scheme `https` at port 443", "add `\"schemes\": \"*\", \"ports\": \"*\"`"),
                (true, false) => ("the scheme `https`", "add `\"schemes\": \"*\"`"),
                (false, true) => ("the default port of each scheme", "add `\"ports\": \"*\"`"),
            };
            let message = format!("this `UrlCheck` denies only URLs with {covered}");
            validation.error_with_fix("narrow_deny", span, message, fix);
        }

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, _: bool) -> bool {
            known.narrow(&self.field, Domain::keep_strings, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let is_public = self.hosts.iter().any(|host| host.value == PUBLIC);
            let local = special::all_networks().chain(special::LOCAL_NAMES).filter(|_| is_public);
            let schemes = match self.schemes.as_slice() {
                [] => encoder.texts(alloc::vec!["https".to_string()]),
                schemes => encoder.texts(fold_all(schemes, Case::Exact)),
            };
            let record = UrlRecord {
                schemes,
                hosts: encoder.texts(fold_all(&self.hosts, Case::Exact)),
                ports: encoder.texts(fold_all(&self.ports, Case::Exact)),
                paths: encoder.texts(fold_all(&self.paths, Case::Exact)),
                local: encoder.texts(local.map(String::from).collect()),
            };
            let operand = UrlOperand { url: Stored::new(encoder.url(record)), reserved: [0; 8] };
            StepRecord::new(code::URL, 0, encoder.field(&self.field), &operand)
        }
    }

    /// Whether a pattern of paths is unambiguous: the paths of URLs in normal form, with `*` inside of segments.
    fn is_path_pattern(pattern: &str) -> bool {
        let Some(path) = pattern.strip_prefix('/') else { return false };
        let is_segment = |segment: &str| segment == "**" || !segment.contains("**");
        path.is_empty() || (!path.ends_with('/') && path.split('/').all(is_segment) && are_segments(path))
    }

    /// Whether a host is unambiguous, also according to the Unicode tables.
    fn is_host(host: &str) -> bool {
        url::is_host(host) && ::url::Host::parse(host).is_ok_and(|parsed| parsed.to_string().eq_ignore_ascii_case(host))
    }
}
