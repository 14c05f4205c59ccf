//! Measures a decision: in the engine alone, and from bytes to bytes compared with a plain JSON parse of the same body.
#![expect(clippy::expect_used, reason = "a benchmark stops if its policy is invalid")]

use std::hint::black_box;

use callgate_bench::{
    CRM_POLICY, Padding, call_text, image, policy_text, refund_schema, refund_text, unenforced_crm_policy,
    without_digest,
};
use callgate_edge_core::{EdgeFacts, answer_call};
use callgate_engine::{Call, PolicyImage, RequestFacts, evaluate};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The engine alone: the call is already read, and the decision is not written.
fn engine(criterion: &mut Criterion) {
    let policies = [(10, "10 rules"), (1_000, "1,000 rules"), (100_000, "100,000 rules")]
        .map(|(rules, column)| (column, image(&policy_text(rules)).expect("a valid policy")));
    let facts = RequestFacts::default();
    let mut group = criterion.benchmark_group("engine");
    for (row, tool, role) in [
        ("exact tool", "tool_0", "role_0"),
        ("one number", "tool_0", "role_1"),
        ("all of three", "tool_0", "role_2"),
        ("deny by default", "tool_9999999", "role_0"),
    ] {
        let text = call_text(tool, role, 200, 0);
        // Compared operations are measured in direct succession, because the speed of a machine changes.
        for (column, bytes) in &policies {
            let image = PolicyImage::open(bytes).expect("an image");
            let call = Call::read(text.as_bytes(), &facts, &image).expect("a call");
            group.bench_function(BenchmarkId::new(row, *column), |bencher| {
                bencher.iter(|| evaluate(black_box(&image), black_box(&call)));
            });
        }
    }
    group.finish();
}

/// The bodies of refunds, and whether they need a policy with an open schema.
const BODIES: [(Padding, bool); 7] = [
    (Padding::None, false),
    (Padding::OneString(1_000), false),
    (Padding::OneString(100_000), false),
    (Padding::OneString(250_000), false),
    (Padding::Members(1_000), true),
    (Padding::Members(100_000), true),
    (Padding::Members(250_000), true),
];

/// The members of a body: the minimum that a program must parse before it can decide.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the parsed fields are only measured, not read")]
#[serde(rename_all = "camelCase")]
struct RawCall<'b> {
    tool: &'b str,
    #[serde(borrow)]
    args: &'b RawValue,
    role: &'b str,
    #[serde(borrow)]
    agent_attributes: &'b RawValue,
    #[serde(borrow)]
    resource_attributes: &'b RawValue,
}

/// From the bytes of the body to the bytes of the response, compared with two plain parsers: to a tree of values, and
/// to borrowed fields.
fn bytes_to_bytes(criterion: &mut Criterion) {
    let (shipped, open) = images();
    let mut group = criterion.benchmark_group("bytes");
    for (padding, needs_open) in BODIES {
        let image = PolicyImage::open(if needs_open { &open } else { &shipped }).expect("an image");
        let body = refund_text(200, padding).into_bytes();
        let answer = answer_call(&image, &body, &EdgeFacts::default()).expect("an answer");
        assert!(answer.starts_with(br#"{"decision":"Allow""#), "{}", String::from_utf8_lossy(&answer));
        let row = padding.name();
        group.bench_function(BenchmarkId::new(&row, "callgate"), |bencher| {
            bencher.iter(|| answer_call(black_box(&image), black_box(&body), &EdgeFacts::default()));
        });
        let short = without_digest(&refund_text(200, padding)).into_bytes();
        group.bench_function(BenchmarkId::new(&row, "no digest"), |bencher| {
            bencher.iter(|| answer_call(black_box(&image), black_box(&short), &EdgeFacts::default()));
        });
        group.bench_function(BenchmarkId::new(&row, "serde_json, Value"), |bencher| {
            bencher.iter(|| serde_json::from_slice::<Value>(black_box(&body)));
        });
        group.bench_function(BenchmarkId::new(&row, "serde_json, RawValue"), |bencher| {
            bencher.iter(|| serde_json::from_slice::<RawCall<'_>>(black_box(&body)).map(|call| call.args.get().len()));
        });
    }
    group.finish();
}

/// The reader alone, with its throughput in bytes.
fn reader(criterion: &mut Criterion) {
    let (shipped, open) = images();
    let mut group = criterion.benchmark_group("reader");
    for (padding, needs_open) in BODIES {
        let image = PolicyImage::open(if needs_open { &open } else { &shipped }).expect("an image");
        let body = refund_text(200, padding).into_bytes();
        let facts = RequestFacts::default();
        group.throughput(Throughput::Bytes(u64::try_from(body.len()).unwrap_or(u64::MAX)));
        group.bench_function(BenchmarkId::new(padding.name(), "callgate"), |bencher| {
            bencher.iter(|| Call::read(black_box(&body), &facts, black_box(&image)).is_ok());
        });
        group.bench_function(BenchmarkId::new(padding.name(), "serde_json, RawValue"), |bencher| {
            bencher.iter(|| serde_json::from_slice::<RawCall<'_>>(black_box(&body)).is_ok());
        });
    }
    group.finish();
}

/// A refund with its schema enforced and not, and what other programs need for a part of it: `serde_json` to parse the
/// body to a tree, and the crate `jsonschema` to validate the arguments of that tree.
fn schema(criterion: &mut Criterion) {
    let unenforced = unenforced_crm_policy().expect("a policy");
    let (enforced, unenforced) =
        (image(CRM_POLICY).expect("a valid policy"), image(&unenforced).expect("a valid policy"));
    let body = refund_text(200, Padding::None).into_bytes();
    let tree: Value = serde_json::from_slice(&body).expect("JSON");
    let arguments = tree.get("args").expect("arguments");
    let validator = jsonschema::validator_for(&refund_schema().expect("a schema")).expect("a valid schema");
    assert!(validator.is_valid(arguments));
    let mut group = criterion.benchmark_group("schema");
    let facts = RequestFacts::default();
    for (column, bytes) in [("enforced", &enforced), ("not enforced", &unenforced)] {
        let image = PolicyImage::open(bytes).expect("an image");
        group.bench_function(BenchmarkId::new("bytes to bytes", column), |bencher| {
            bencher.iter(|| answer_call(black_box(&image), black_box(&body), &EdgeFacts::default()));
        });
        let call = Call::read(&body, &facts, &image).expect("a call");
        group.bench_function(BenchmarkId::new("decision alone", column), |bencher| {
            bencher.iter(|| evaluate(black_box(&image), black_box(&call)));
        });
    }
    group.bench_function(BenchmarkId::new("bytes to bytes", "serde_json, Value"), |bencher| {
        bencher.iter(|| serde_json::from_slice::<Value>(black_box(&body)));
    });
    group.bench_function(BenchmarkId::new("decision alone", "jsonschema"), |bencher| {
        bencher.iter(|| validator.is_valid(black_box(arguments)));
    });
    // An instance that starts has no validator yet; an image needs none.
    let schema = refund_schema().expect("a schema");
    group.bench_function(BenchmarkId::new("decision alone", "jsonschema, with its validator built"), |bencher| {
        bencher.iter(|| jsonschema::is_valid(black_box(&schema), black_box(arguments)));
    });
    group.finish();
}

fn images() -> (Vec<u8>, Vec<u8>) {
    let open = unenforced_crm_policy().expect("a policy");
    (image(CRM_POLICY).expect("a valid policy"), image(&open).expect("a valid policy"))
}

criterion_group!(benches, engine, bytes_to_bytes, reader, schema);
criterion_main!(benches);
