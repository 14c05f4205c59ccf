//! The manifest: the signed policy, its revision and its validity.

use std::time::SystemTime;

use callgate_engine::Fault;
use callgate_engine::json::{RawValue, read};

use crate::refusal::Refusal;
use crate::time::parse_time;
#[cfg(feature = "sign")]
use crate::time::write_time;

/// The maximum revision: the largest integer that every JSON reader reads exactly (RFC 7493, section 2.2).
pub const MAX_REVISION: u64 = 9_007_199_254_740_991;

/// The signed statement about a policy.
///
/// ```json
/// {
///   "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
///   "revision": 7,
///   "notBefore": "2027-01-01T00:00:00Z",
///   "expires": "2027-06-30T00:00:00Z"
/// }
/// ```
///
/// `notBefore` and `expires` are optional. Unknown and duplicate members are rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The SHA-256 of the bytes of the policy.
    pub sha256: [u8; 32],
    /// The revision of the policy: from 1 to [`MAX_REVISION`].
    pub revision: u64,
    /// The first second in which the policy may be built.
    pub not_before: Option<SystemTime>,
    /// The first second in which the policy may no longer be built.
    pub expires: Option<SystemTime>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`Refusal::ManifestForm`]: the text is not a manifest.
    pub fn read(text: &[u8]) -> Result<Self, Refusal> {
        // A manifest is a flat object; the depth limit rejects anything else early.
        let object = read(text, 1).map_err(|fault| refused(describe(fault).to_owned()))?;
        let mut digest = None;
        let mut revision = None;
        let mut not_before = None;
        let mut expires = None;
        let mut unknown = None;
        let looked = object.for_members(|name, value| {
            match name {
                "sha256" => digest = Some(value),
                "revision" => revision = Some(value),
                "notBefore" => not_before = Some(value),
                "expires" => expires = Some(value),
                _ => unknown = Some(name.to_owned()),
            }
            unknown.is_none()
        });
        looked.ok_or_else(|| refused("must be an object".to_owned()))?;
        if let Some(name) = unknown {
            let members = "`sha256`, `revision`, `notBefore` and `expires`";
            return Err(refused(format!("has an unknown member `{}`; use only {members}", name.escape_debug())));
        }
        let manifest = Self {
            sha256: read_digest(needed(digest, "sha256")?)?,
            revision: read_revision(needed(revision, "revision")?)?,
            not_before: not_before.map(|value| read_time(value, "notBefore")).transpose()?,
            expires: expires.map(|value| read_time(value, "expires")).transpose()?,
        };
        manifest.check()?;
        Ok(manifest)
    }

    /// Checks the revision and the validity period.
    ///
    /// # Errors
    /// [`Refusal::ManifestForm`]: the revision is out of range, or the validity period is empty.
    pub fn check(&self) -> Result<(), Refusal> {
        if !(1..=MAX_REVISION).contains(&self.revision) {
            return Err(refused(format!("must have a `revision` from 1 to {MAX_REVISION}")));
        }
        match (self.not_before, self.expires) {
            (Some(from), Some(to)) if from >= to => {
                Err(refused("must have an `expires` after its `notBefore`".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Writes the text of the manifest file.
    #[cfg(feature = "sign")]
    #[must_use]
    pub fn write(&self) -> String {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Written {
            sha256: String,
            revision: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            not_before: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            expires: Option<String>,
        }
        let written = Written {
            sha256: write_digest(&self.sha256),
            revision: self.revision,
            not_before: self.not_before.map(write_time),
            expires: self.expires.map(write_time),
        };
        // An object of strings and a number can always be written; `verify` would refuse an empty text.
        let mut text = serde_json::to_string_pretty(&written).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// Writes a digest in the format of `sha256sum`.
pub(crate) fn write_digest(digest: &[u8; 32]) -> String {
    let mut hex = [0; 64];
    base16ct::lower::encode_str(digest, &mut hex).unwrap_or_default().to_owned()
}

fn refused(problem: String) -> Refusal {
    Refusal::ManifestForm { problem }
}

fn describe(fault: Fault) -> &'static str {
    match fault {
        Fault::NotUtf8 => "is not UTF-8, or starts with a byte-order mark",
        Fault::Syntax => "is not valid JSON",
        Fault::LoneSurrogate => "has a string with an unpaired surrogate",
        Fault::NumberOutOfRange => "has a number that is too large",
        Fault::DuplicateMember => "has a duplicate member",
        Fault::TooDeep => "must be an object of strings and numbers",
    }
}

fn needed<'m>(value: Option<RawValue<'m>>, name: &str) -> Result<RawValue<'m>, Refusal> {
    value.ok_or_else(|| refused(format!("has no `{name}`")))
}

fn read_digest(value: RawValue<'_>) -> Result<[u8; 32], Refusal> {
    let mut digest = [0; 32];
    let text = value.as_string().unwrap_or_default();
    // The decoder would accept a shorter text.
    let is_read = text.len() == 64 && base16ct::lower::decode(text.as_bytes(), &mut digest).is_ok();
    if is_read {
        Ok(digest)
    } else {
        Err(refused("must have a `sha256` of 64 lower-case hexadecimal digits".to_owned()))
    }
}

fn read_revision(value: RawValue<'_>) -> Result<u64, Refusal> {
    let revision = value.as_number().and_then(|text| text.parse().ok());
    revision.ok_or_else(|| refused("must have an integer `revision`".to_owned()))
}

fn read_time(value: RawValue<'_>, name: &str) -> Result<SystemTime, Refusal> {
    let time = value.as_string().as_deref().and_then(parse_time);
    time.ok_or_else(|| refused(format!("must have `{name}` as a time such as `2027-06-30T00:00:00Z`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[track_caller]
    fn check(text: &str, expected: Result<(u64, Option<&str>, Option<&str>), &str>) {
        let read = Manifest::read(text.replace("DIGEST", DIGEST).as_bytes());
        let times = |manifest: &Manifest| (manifest.not_before.map(write_time), manifest.expires.map(write_time));
        match (&read, expected) {
            (Ok(manifest), Ok((revision, from, to))) => {
                assert_eq!(write_digest(&manifest.sha256), DIGEST, "{text}");
                assert_eq!(manifest.revision, revision, "{text}");
                assert_eq!(times(manifest), (from.map(str::to_owned), to.map(str::to_owned)), "{text}");
                assert_eq!(Manifest::read(manifest.write().as_bytes()).as_ref(), Ok(manifest), "{text}");
            }
            (Err(refusal), Err(message)) => assert_eq!(refusal.to_string(), message, "{text}"),
            _ => panic!("{text}: {read:?}"),
        }
    }

    #[test]
    fn a_manifest_is_written_with_one_member_per_line() {
        let text = format!(
            "{{\n  \"sha256\": \"{DIGEST}\",\n  \"revision\": 7,\n  \"notBefore\": \"2027-01-01T00:00:00Z\",\n  \
             \"expires\": \"2027-06-30T00:00:00Z\"\n}}\n"
        );
        let read = Manifest::read(text.as_bytes()).map(|manifest| manifest.write());
        assert_eq!(read.as_deref(), Ok(&*text));
    }

    #[test]
    fn times_are_optional() {
        check(r#"{"sha256":"DIGEST","revision":1}"#, Ok((1, None, None)));
        let (from, to) = ("2027-01-01T00:00:00Z", "2027-06-30T00:00:00Z");
        check(
            r#"{"expires":"2027-06-30T00:00:00Z","sha256":"DIGEST","revision":9007199254740991}"#,
            Ok((MAX_REVISION, None, Some(to))),
        );
        check(
            r#"{"sha256":"DIGEST","revision":7,"notBefore":"2027-01-01T00:00:00Z","expires":"2027-06-30T00:00:00Z"}"#,
            Ok((7, Some(from), Some(to))),
        );
    }

    #[test]
    fn a_text_that_is_not_a_manifest_is_refused() {
        let digest = "the manifest must have a `sha256` of 64 lower-case hexadecimal digits";
        let revision = "the manifest must have an integer `revision`";
        let range = "the manifest must have a `revision` from 1 to 9007199254740991";
        let time = "the manifest must have `expires` as a time such as `2027-06-30T00:00:00Z`";
        for (text, message) in [
            ("", "the manifest is not valid JSON"),
            ("[]", "the manifest must be an object"),
            ("{}", "the manifest has no `sha256`"),
            (r#"{"sha256":"DIGEST"}"#, "the manifest has no `revision`"),
            (r#"{"sha256":"DIGEST","revision":1}x"#, "the manifest is not valid JSON"),
            ("\u{feff}{}", "the manifest is not UTF-8, or starts with a byte-order mark"),
            (r#"{"sha256":"DIGEST","revision":1,"revision":2}"#, "the manifest has a duplicate member"),
            (r#"{"sha256":"DIGEST","revision":[[]]}"#, "the manifest must be an object of strings and numbers"),
            (
                r#"{"sha256":"DIGEST","revision":1,"Expires":"2027-06-30T00:00:00Z"}"#,
                "the manifest has an unknown member `Expires`; use only `sha256`, `revision`, `notBefore` and `expires`",
            ),
            (r#"{"sha256":"00","revision":1}"#, digest),
            (r#"{"sha256":"DIGEST00","revision":1}"#, digest),
            (r#"{"sha256":"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855","revision":1}"#, digest),
            (r#"{"sha256":null,"revision":1}"#, digest),
            (r#"{"sha256":"DIGEST","revision":"1"}"#, revision),
            (r#"{"sha256":"DIGEST","revision":1.0}"#, revision),
            (r#"{"sha256":"DIGEST","revision":1e3}"#, revision),
            (r#"{"sha256":"DIGEST","revision":-1}"#, revision),
            (r#"{"sha256":"DIGEST","revision":0}"#, range),
            (r#"{"sha256":"DIGEST","revision":9007199254740992}"#, range),
            (r#"{"sha256":"DIGEST","revision":1,"expires":null}"#, time),
            (r#"{"sha256":"DIGEST","revision":1,"expires":"2027-06-30"}"#, time),
            (
                r#"{"sha256":"DIGEST","revision":1,"notBefore":"2027-01-01T00:00:00Z","expires":"2027-01-01T00:00:00Z"}"#,
                "the manifest must have an `expires` after its `notBefore`",
            ),
        ] {
            check(text, Err(message));
        }
    }
}
