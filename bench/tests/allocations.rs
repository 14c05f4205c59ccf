//! The allocations of a call do not grow with its arguments, which are borrowed from the body.
#![expect(clippy::expect_used, reason = "a failed test panics")]

use allocation_counter::{AllocationInfo, measure};
use callgate_bench::{CRM_POLICY, Padding, image, refund_text, unenforced_crm_policy};
use callgate_edge_core::{EdgeFacts, answer_call};
use callgate_engine::{Call, PolicyImage, RequestFacts, evaluate};

/// The allocations for reading a refund, and for responding.
struct Allocations {
    read: AllocationInfo,
    answered: AllocationInfo,
}

fn allocations(policy: &str, padding: Padding) -> Allocations {
    let bytes = image(policy).expect("a valid policy");
    let image = PolicyImage::open(&bytes).expect("an image");
    let body = refund_text(200, padding).into_bytes();
    let facts = RequestFacts::default();
    let read = measure(|| {
        let call = Call::read(&body, &facts, &image).expect("a call");
        assert!(evaluate(&image, &call).rule(&image).is_some());
    });
    let answered = measure(|| drop(answer_call(&image, &body, &EdgeFacts::default()).expect("an answer")));
    Allocations { read, answered }
}

#[track_caller]
fn check(policy: &str, small: Padding, large: Padding) {
    let (small, large) = (allocations(policy, small), allocations(policy, large));
    assert_eq!(small.read, large.read, "reading and judging");
    assert_eq!(small.answered, large.answered, "answering");
}

#[test]
fn one_long_string_takes_no_more_than_none() {
    check(CRM_POLICY, Padding::None, Padding::OneString(250_000));
}

#[test]
fn small_objects_take_no_more_than_none() {
    let open = unenforced_crm_policy().expect("a policy");
    check(&open, Padding::None, Padding::Members(1_000));
}

/// Duplicate names in an object with very many members are detected in constant memory, in several passes.
#[test]
fn room_for_the_names_of_one_object_is_bounded() {
    let open = unenforced_crm_policy().expect("a policy");
    let read = [250_000, 500_000, 1_000_000].map(|bytes| allocations(&open, Padding::Members(bytes)).read);
    let [edge, large, larger] = read;
    assert_eq!(large, larger);
    assert!(
        edge.bytes_total <= large.bytes_total && large.bytes_total <= 163_840 && large.count_total <= 3,
        "{read:?}"
    );
}

#[test]
fn reading_a_call_allocates_nothing() {
    assert_eq!(allocations(CRM_POLICY, Padding::None).read.count_total, 0);
}
