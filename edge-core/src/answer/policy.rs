//! The response to `GET /policy`: the policy that decides, and its build facts.

use alloc::string::{String, ToString as _};

use callgate_engine::PolicyImage;

use crate::answer::build_facts::Facts;
use crate::http::json_text::{write_hex_digest, write_member, write_text};

/// The build facts that are true of the policy in `image`.
#[cfg(feature = "embed")]
pub(crate) fn facts_of(image: &PolicyImage<'_>) -> Facts {
    use crate::answer::embedded::{FACTS, policy_image};
    facts_if_embedded(FACTS, policy_image().ok().as_ref(), image)
}

/// What is true of `built` if the policy of `image` decides: only the embedded policy was verified.
#[cfg(feature = "embed")]
fn facts_if_embedded(built: Facts, embedded: Option<&PolicyImage<'_>>, image: &PolicyImage<'_>) -> Facts {
    let is_embedded = embedded.is_some_and(|embedded| embedded.policy_digest() == image.policy_digest());
    Facts { revision: built.revision.filter(|_| is_embedded), commit: built.commit }
}

/// A build without an embedded policy has no facts about it.
#[cfg(not(feature = "embed"))]
pub(crate) fn facts_of(_: &PolicyImage<'_>) -> Facts {
    Facts::default()
}

/// Writes the response.
pub(crate) fn describe_policy(image: &PolicyImage<'_>, facts: &Facts) -> String {
    let mut out = String::with_capacity(768);
    out.push_str("{\"version\":");
    write_text(image.version(), &mut out);
    write_member("dialect", image.dialect().name(), &mut out);
    write_member("description", image.description(), &mut out);
    out.push_str(",\"digest\":");
    write_hex_digest(image.policy_digest(), &mut out);
    if let Some(revision) = facts.revision {
        out.push_str(",\"revision\":");
        out.push_str(revision);
    }
    out.push_str(",\"counts\":{\"tools\":");
    match image.tool_count() {
        Some(count) => write_count(count, &mut out),
        None => out.push_str("null"),
    }
    out.push_str(",\"roles\":");
    write_count(image.role_count(), &mut out);
    out.push_str(",\"rules\":");
    write_count(image.rule_count(), &mut out);
    out.push_str("},\"build\":{\"callgate\":");
    write_text(env!("CARGO_PKG_VERSION"), &mut out);
    if let Some(commit) = facts.commit {
        write_member("commit", commit.id, &mut out);
        if let Some(author) = commit.author {
            write_member("author", author, &mut out);
        }
        write_member("commitTime", commit.time, &mut out);
        out.push_str(if commit.is_dirty { ",\"dirty\":true" } else { ",\"dirty\":false" });
    }
    out.push_str("}}");
    out
}

fn write_count(count: u32, out: &mut String) {
    out.push_str(&count.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::build_facts::CommitFacts;
    use alloc::format;
    use callgate_test_support::image_of;
    use serde_json::Value;

    const POLICY: &str = r#"{"version":"callgate-1","tools":["t"],"roles":{"r":{}},
        "rules":[{"effect":"Allow","tool_name":"t","roles":["r"]}]}"#;
    const COMMIT: CommitFacts = CommitFacts {
        id: "0123456789abcdef0123456789abcdef01234567",
        author: Some("Ada \"A\" Lovelace"),
        time: "2027-03-01T12:00:00Z",
        is_dirty: false,
    };

    #[track_caller]
    fn check(facts: Facts, revision: &str, build: &str) {
        let bytes = image_of(POLICY);
        let image = PolicyImage::open(&bytes).expect("an image");
        let answer: Value = serde_json::from_str(&describe_policy(&image, &facts)).expect("JSON");
        assert_eq!(answer.get("revision").map_or_else(String::new, Value::to_string), revision);
        let version = env!("CARGO_PKG_VERSION");
        let expected: Value = serde_json::from_str(&format!("{{\"callgate\":\"{version}\"{build}}}")).expect("JSON");
        assert_eq!(answer.get("build"), Some(&expected));
        let counts: Value = serde_json::from_str(r#"{"tools":1,"roles":1,"rules":1}"#).expect("JSON");
        assert_eq!(answer.get("counts"), Some(&counts));
    }

    #[test]
    fn what_the_build_did_not_know_is_left_out() {
        check(Facts::default(), "", "");
    }

    #[test]
    fn the_revision_is_a_number() {
        check(Facts { revision: Some("9007199254740991"), commit: None }, "9007199254740991", "");
    }

    #[test]
    fn the_commit_is_told_with_its_author_and_its_time() {
        let commit = r#","commit":"0123456789abcdef0123456789abcdef01234567","commitTime":"2027-03-01T12:00:00Z""#;
        let author = r#","author":"Ada \"A\" Lovelace""#;
        let told = |commit| Facts { revision: None, commit: Some(commit) };
        check(told(COMMIT), "", &format!(r#"{commit}{author},"dirty":false"#));
        check(told(CommitFacts { is_dirty: true, ..COMMIT }), "", &format!(r#"{commit}{author},"dirty":true"#));
        check(told(CommitFacts { author: None, ..COMMIT }), "", &format!(r#"{commit},"dirty":false"#));
    }

    #[cfg(feature = "embed")]
    #[test]
    fn a_policy_that_is_not_the_embedded_one_has_no_revision() {
        let bytes = image_of(POLICY);
        let facts = facts_of(&PolicyImage::open(&bytes).expect("an image"));
        assert_eq!(facts.revision, None);
        let embedded = crate::answer::embedded::policy_image().expect("an image");
        assert_eq!(facts_of(&embedded).revision, crate::answer::embedded::FACTS.revision);
    }

    #[cfg(feature = "embed")]
    #[test]
    fn a_revision_is_that_of_the_embedded_policy_alone() {
        let (ours, theirs) = (image_of(POLICY), image_of(POLICY.replace("\"t\"", "\"u\"")));
        let [ours, theirs] = [&ours, &theirs].map(|bytes| PolicyImage::open(bytes).expect("an image"));
        let built = Facts { revision: Some("7"), commit: Some(COMMIT) };
        let revision = |embedded, image| {
            let facts = facts_if_embedded(built, embedded, image);
            assert_eq!(facts.commit.map(|commit| commit.id), Some(COMMIT.id));
            facts.revision
        };
        assert_eq!(revision(Some(&ours), &ours), Some("7"));
        assert_eq!(revision(Some(&ours), &theirs), None);
        assert_eq!(revision(None, &ours), None);
    }
}
