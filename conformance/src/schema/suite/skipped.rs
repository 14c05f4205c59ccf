//! The tests of the suite that callgate is not expected to pass.

/// Tests in the list of those that fail.
pub(super) struct Skipped {
    /// The file, below the folder of a draft.
    pub(super) file: &'static str,
    /// The descriptions of the groups.
    pub(super) groups: &'static [&'static str],
    /// The descriptions of the tests, or an empty list for groups in which others pass by chance.
    pub(super) tests: &'static [&'static str],
    pub(super) reason: &'static str,
}

/// Files with tests that callgate fails, where it passes others by chance.
pub(super) const FILES: &[(&[&str], &str)] = &[
    (
        &[
            "contains.json",
            "dependencies.json",
            "dependentRequired.json",
            "dependentSchemas.json",
            "maxContains.json",
            "minContains.json",
            "optional/content.json",
            "optional/dependencies-compatibility.json",
            "unevaluatedItems.json",
            "unevaluatedProperties.json",
        ],
        "the keyword is ignored",
    ),
    (
        &["anchor.json", "dynamicRef.json", "optional/anchor.json", "optional/dynamicRef.json", "refRemote.json"],
        OTHER_REFERENCES,
    ),
    (
        &[
            "optional/format/duration.json",
            "optional/format/ecmascript-regex.json",
            "optional/format/email.json",
            "optional/format/hostname.json",
            "optional/format/idn-email.json",
            "optional/format/idn-hostname.json",
            "optional/format/iri-reference.json",
            "optional/format/iri.json",
            "optional/format/json-pointer.json",
            "optional/format/regex.json",
            "optional/format/relative-json-pointer.json",
            "optional/format/uri-reference.json",
            "optional/format/uri-template.json",
            "optional/format/uri.json",
        ],
        "the format is ignored",
    ),
    (&["vocabulary.json"], "vocabularies are ignored"),
    (&["optional/ecmascript-regex.json"], "patterns that are not the same in ECMA-262 and the crate are ignored"),
];

const OTHER_REFERENCES: &str = "references that are not JSON pointers into the document are ignored";

/// Groups and tests of other files.
pub(super) const SKIPPED: &[Skipped] = &[
    Skipped {
        file: "ref.json",
        groups: &[
            "$id must be resolved against nearest parent, not just immediate parent",
            "$ref prevents a sibling $id from changing the base uri",
            "Location-independent identifier",
            "Location-independent identifier with base URI change in subschema",
            "Recursive references between schemas",
            "Reference an anchor with a non-relative URI",
            "URN base URI with URN and JSON pointer ref",
            "URN base URI with URN and anchor ref",
            "URN ref with nested pointer ref",
            "order of evaluation: $id and $anchor and $ref",
            "order of evaluation: $id and $ref",
            "ref to else",
            "ref to if",
            "ref to then",
            "ref with absolute-path-reference",
            "refs with relative uris and defs",
            "relative refs with absolute uris and defs",
            "remote ref, containing refs itself",
            "simple URN base URI with $ref via the URN",
        ],
        tests: &[],
        reason: OTHER_REFERENCES,
    },
    Skipped {
        file: "defs.json",
        groups: &["validate definition against metaschema"],
        tests: &["invalid definition schema"],
        reason: OTHER_REFERENCES,
    },
    Skipped {
        file: "definitions.json",
        groups: &["validate definition against metaschema"],
        tests: &["invalid definition schema"],
        reason: OTHER_REFERENCES,
    },
    Skipped {
        file: "optional/cross-draft.json",
        groups: &["refs to future drafts are processed as future drafts"],
        tests: &["missing bar is invalid"],
        reason: OTHER_REFERENCES,
    },
    Skipped {
        file: "optional/id.json",
        groups: &["id inside an enum is not a real identifier", "$id inside an enum is not a real identifier"],
        tests: &["no match on enum or $ref to id", "no match on enum or $ref to $id"],
        reason: OTHER_REFERENCES,
    },
    Skipped {
        file: "optional/unknownKeyword.json",
        groups: &["$id inside an unknown keyword is not a real identifier"],
        tests: &["type matches non-schema in first anyOf", "type matches non-schema in third anyOf"],
        reason: OTHER_REFERENCES,
    },
    Skipped {
        file: "ref.json",
        groups: &["ref creates new scope when adjacent to keywords"],
        tests: &["referenced subschema doesn't see annotations from properties"],
        reason: "`unevaluatedProperties` is ignored",
    },
    Skipped {
        file: "not.json",
        groups: &["collect annotations inside a 'not', even if collection is disabled"],
        tests: &["unevaluated property"],
        reason: "`unevaluatedProperties` is ignored",
    },
    Skipped {
        file: "format.json",
        groups: &["ipv4 format", "ipv6 format", "date format", "date-time format", "time format", "uuid format"],
        tests: &[
            "invalid ipv4 string is only an annotation by default",
            "invalid ipv6 string is only an annotation by default",
            "invalid date string is only an annotation by default",
            "invalid date-time string is only an annotation by default",
            "invalid time string is only an annotation by default",
            "invalid uuid string is only an annotation by default",
        ],
        reason: "callgate asserts this format",
    },
    Skipped {
        file: "optional/format/date-time.json",
        groups: &["validation of date-time strings"],
        tests: &[
            "a valid date-time with a leap second, UTC",
            "a valid date-time with a leap second, with minus offset",
        ],
        reason: LEAP_SECONDS,
    },
    Skipped {
        file: "optional/format/time.json",
        groups: &["validation of time strings"],
        tests: &[
            "a valid time string with leap second, Zulu",
            "valid leap second, zero time-offset",
            "valid leap second, positive time-offset",
            "valid leap second, large positive time-offset",
            "valid leap second, negative time-offset",
            "valid leap second, large negative time-offset",
        ],
        reason: LEAP_SECONDS,
    },
    Skipped {
        file: "optional/float-overflow.json",
        groups: &["all integers are multiples of 0.5, if overflow is handled"],
        tests: &["valid if optional overflow handling is implemented"],
        reason: "multiples beyond 128 bits are unknown",
    },
];

const LEAP_SECONDS: &str = "callgate knows no leap seconds";
