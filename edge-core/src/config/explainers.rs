//! The callers that may ask for explanations.

use alloc::string::String;
use alloc::vec::Vec;

use crate::auth::Caller;
use crate::config::section::{ConfigError, Section};

/// The callers that may ask for explanations, from the section `explain` of the configuration; by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explainers {
    /// The names of API keys.
    pub keys: Vec<String>,
    /// The subjects of tokens.
    pub subjects: Vec<String>,
}

impl Explainers {
    /// Reads the section `explain` of a configuration.
    pub(crate) fn read(config: &Section<'_>) -> Result<Self, ConfigError> {
        let section = config.section("explain", &["keys", "subjects"])?;
        let names = |key| {
            let names: Vec<String> = section.texts(key)?.into_iter().map(Into::into).collect();
            // A key without a name, or a token without a subject, has no principal.
            if names.iter().any(String::is_empty) {
                return Err(section.error_at(key, "must not contain an empty name"));
            }
            Ok(names)
        };
        Ok(Self { keys: names("keys")?, subjects: names("subjects")? })
    }

    /// Whether a caller may ask for an explanation.
    ///
    /// A key and a subject of the same name are different callers.
    pub(crate) fn may_ask(&self, caller: &Caller) -> bool {
        let names = if caller.token.is_some() { &self.subjects } else { &self.keys };
        caller.principal.as_ref().is_some_and(|principal| names.iter().any(|name| **name == **principal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use callgate_engine::CallerFacts;

    #[test]
    fn a_key_and_a_subject_of_one_name_are_different_callers() {
        let caller = |principal: Option<&str>, has_token: bool| Caller {
            principal: principal.map(Into::into),
            token: has_token.then(|| CallerFacts { roles: Vec::new(), attributes: String::from("{}") }),
            single_use: None,
        };
        let explainers = |text| Config::read(text).expect("a configuration").explainers;
        let both = explainers(r#"{"explain":{"keys":["k"],"subjects":["s"]}}"#);
        assert!(both.may_ask(&caller(Some("k"), false)) && both.may_ask(&caller(Some("s"), true)));
        assert!(!both.may_ask(&caller(Some("k"), true)) && !both.may_ask(&caller(Some("s"), false)));
        for text in ["{}", r#"{"explain":{}}"#, r#"{"explain":{"keys":[],"subjects":[]}}"#] {
            assert!(!explainers(text).may_ask(&caller(Some("k"), false)), "{text}");
            assert!(!explainers(text).may_ask(&caller(None, false)), "{text}");
        }
        // A caller without a name cannot be listed.
        let error = Config::read(r#"{"explain":{"keys":[""]}}"#).expect_err("an error");
        assert_eq!(error.message(), "/explain/keys must not contain an empty name");
        assert!(!both.may_ask(&caller(None, false)) && !both.may_ask(&caller(None, true)));
    }
}
