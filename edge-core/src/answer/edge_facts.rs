//! Facts that an edge adds to a request.

use callgate_engine::{PolicyImage, RequestFacts};

/// Facts that an edge adds to a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct EdgeFacts<'a> {
    /// The decision's ID, so it must not repeat.
    pub random: [u8; 16],
    /// The time, in seconds since the start of 1970 in UTC. Required if the policy reads the source `Request`.
    pub unix_time: Option<i64>,
    /// The caller's IP address, if the platform provides it.
    pub ip: Option<&'a str>,
    /// The caller's two-letter country code, if the platform provides it.
    pub country: Option<&'a str>,
}

impl EdgeFacts<'_> {
    pub(crate) fn facts(&self, image: &PolicyImage<'_>) -> RequestFacts {
        if image.reads_request() {
            RequestFacts::new(self.unix_time, self.ip, self.country)
        } else {
            RequestFacts::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use callgate_test_support::image_of;
    use serde_json::Value;

    use super::*;
    use crate::answer::decision::answer_call;

    #[test]
    fn what_an_edge_adds_is_what_a_condition_on_the_request_reads() {
        let text = r#"{"version":"callgate-1","tools":["t"],"roles":{"r":{}},"rules":[
            {"effect":"Allow","tool_name":"t","roles":["r"],"condition":
                {"StringCheck":{"source":"Request","field":"ip","op":"In","value":["192.0.2.7"]}}}]}"#;
        let bytes = image_of(text);
        let image = PolicyImage::open(&bytes).expect("an image");
        let code = |ip: Option<&str>| {
            let facts = EdgeFacts { ip, ..EdgeFacts::default() };
            let answer = answer_call(&image, br#"{"tool":"t","role":"r"}"#, &facts).expect("a call");
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            format!("{} {}", answer["decision"], answer["code"])
        };
        assert_eq!(code(Some("192.0.2.7")), r#""Allow" "allowed""#);
        assert_eq!(code(Some("192.0.2.8")), r#""Deny" "condition_failed""#);
        assert_eq!(code(None), r#""Deny" "condition_unknown""#);
    }
}
