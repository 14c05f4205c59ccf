//! Findings as a SARIF 2.1.0 log (OASIS), with the properties that code scanning services require.
//!
//! The types are the small part of the format that a log of findings uses. `serde-sarif` has all of it, and generates
//! its types at build time with crates that nothing else here requires.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use callgate_engine::policy::text::{Diagnostic, Positions, Severity};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::checked::Checked;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const FINDINGS: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/findings.md");

#[derive(Serialize)]
pub(crate) struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    /// Columns count Unicode code points.
    column_kind: &'static str,
    results: Vec<Outcome>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    information_uri: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Message,
    help_uri: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

/// A result of the log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
    #[serde(skip_serializing_if = "Properties::is_empty")]
    properties: Properties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    logical_locations: [LogicalLocation; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    /// The column after the last character.
    end_column: usize,
    byte_offset: usize,
    byte_length: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: String,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    justification: String,
}

/// A fix in SARIF is a change of bytes, so a fix in words is a property.
#[derive(Serialize)]
struct Properties {
    fix: Option<String>,
}

impl Properties {
    fn is_empty(&self) -> bool {
        self.fix.is_none()
    }
}

/// The log of all findings.
pub(crate) fn log(policies: &[Checked]) -> Log {
    let codes: BTreeMap<&'static str, usize> =
        policies.iter().flat_map(|policy| &policy.findings).map(|finding| (finding.code, 0)).collect();
    let codes: BTreeMap<&'static str, usize> = codes.into_keys().zip(0..).collect();
    let results = policies.iter().flat_map(|policy| {
        let positions = Positions::new(&policy.file.text, policy.file.format);
        let uri = uri_of(&policy.file.name);
        let result = |finding| result(finding, &positions, &uri, codes.get(finding.code).copied().unwrap_or_default());
        policy.findings.iter().map(result).collect::<Vec<_>>()
    });
    let results = results.collect();
    let driver = Driver {
        name: "callgate",
        semantic_version: env!("CARGO_PKG_VERSION"),
        information_uri: env!("CARGO_PKG_REPOSITORY"),
        rules: codes.keys().map(|&code| descriptor(code)).collect(),
    };
    let run = Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results };
    Log { schema: SCHEMA, version: "2.1.0", runs: [run] }
}

fn descriptor(code: &'static str) -> Descriptor {
    let words = code.replace('_', " ");
    Descriptor {
        id: code,
        short_description: Message { text: words.clone() },
        full_description: Message { text: format!("a finding of `callgate check`: {words}") },
        help: Message { text: format!("each result states its fix; see {FINDINGS} for the list of findings") },
        help_uri: FINDINGS,
    }
}

fn result(finding: &Diagnostic, positions: &Positions<'_>, uri: &str, rule_index: usize) -> Outcome {
    let span = &finding.span;
    let start = positions.position(span);
    let end = positions.position(&(span.end..span.end));
    let pointer = start.pointer.unwrap_or_default();
    let text = match &finding.fix {
        Some(fix) => format!("{}; fix: {fix}", finding.message),
        None => finding.message.clone(),
    };
    let region = Region {
        start_line: start.line,
        start_column: start.column,
        end_line: end.line,
        end_column: end.column,
        byte_offset: span.start,
        byte_length: span.end.saturating_sub(span.start),
    };
    let fingerprint = fingerprint(&[finding.code, &pointer, &finding.message]);
    let suppression = |reason: &str| Suppression { kind: "inSource", justification: reason.into() };
    Outcome {
        rule_id: finding.code,
        rule_index,
        level: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        message: Message { text },
        locations: [Location {
            physical_location: PhysicalLocation { artifact_location: ArtifactLocation { uri: uri.to_owned() }, region },
            logical_locations: [LogicalLocation { fully_qualified_name: pointer }],
        }],
        partial_fingerprints: BTreeMap::from([("callgateFinding/v1", fingerprint)]),
        suppressions: finding.accepted.as_deref().into_iter().map(suppression).collect(),
        properties: Properties { fix: finding.fix.clone() },
    }
}

/// What stays the same if lines are added before a finding.
fn fingerprint(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\n"));
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// A path as a relative or absolute URI reference (RFC 3986).
fn uri_of(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path).replace('\\', "/");
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
