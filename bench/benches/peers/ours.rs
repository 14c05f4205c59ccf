//! callgate, with the default policy.

use callgate_bench::{CRM_POLICY, image};
use callgate_edge_core::{EdgeFacts, answer_call};
use callgate_engine::{Call, Effect, PolicyImage, RequestFacts, evaluate};

pub(crate) struct Ours {
    image: PolicyImage<'static>,
    facts: RequestFacts,
}

impl Ours {
    pub(crate) fn new() -> Self {
        let bytes = image(CRM_POLICY).expect("a valid policy").leak();
        Self { image: PolicyImage::open(bytes).expect("an image"), facts: RequestFacts::default() }
    }

    /// Everything that an edge does between two socket reads: more than the peers, which write no response.
    pub(crate) fn answer(&self, text: &str) -> Vec<u8> {
        answer_call(&self.image, text.as_bytes(), &EdgeFacts::default()).expect("an answer")
    }

    pub(crate) fn decide_text(&self, text: &str) -> bool {
        self.answer(text).starts_with(br#"{"decision":"Allow""#)
    }

    pub(crate) fn read<'c>(&'c self, text: &'c str) -> Call<'c> {
        Call::read(text.as_bytes(), &self.facts, &self.image).expect("a call")
    }

    pub(crate) fn decide(&self, call: &Call<'_>) -> bool {
        evaluate(&self.image, call).effect == Effect::Allow
    }
}
