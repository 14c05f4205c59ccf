//! What a decision costs: the engine alone, and from bytes to bytes beside a plain JSON parse of the same body.
#![expect(clippy::expect_used, reason = "a benchmark stops where its policy is broken")]

use std::hint::black_box;

use callgate_bench::{call_text, image, policy_text};
use callgate_edge_core::{Arrival, answer_call};
use callgate_engine::{Call, PolicyImage, RequestFacts, evaluate};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// The engine alone: the call is read before, the decision is not written.
fn engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine");
    for rules in [10, 1_000, 100_000] {
        let bytes = image(&policy_text(rules)).expect("a valid policy");
        let image = PolicyImage::open(&bytes).expect("an image");
        for (name, tool, role) in [
            ("exact tool", "tool_0", "role_0"),
            ("one number", "tool_0", "role_1"),
            ("all of three", "tool_0", "role_2"),
            ("deny by default", "tool_9999999", "role_0"),
        ] {
            let text = call_text(tool, role, 200, 0);
            let facts = RequestFacts::default();
            let call = Call::read(text.as_bytes(), &facts, &image).expect("a call");
            group.bench_function(BenchmarkId::new(name, rules), |bencher| {
                bencher.iter(|| evaluate(black_box(&image), black_box(&call)));
            });
        }
    }
    group.finish();
}

/// From the bytes of the body to the bytes of the answer, against parsing the same body to a tree of values.
fn bytes_to_bytes(criterion: &mut Criterion) {
    let bytes = image(include_str!("../../policies/crm.json")).expect("a valid policy");
    let image = PolicyImage::open(&bytes).expect("an image");
    let mut group = criterion.benchmark_group("bytes to bytes");
    for padding in [0, 1_000, 100_000, 250_000] {
        let body = call_text("process_refund", "agent", 200, padding).into_bytes();
        group.throughput(Throughput::Bytes(u64::try_from(body.len()).unwrap_or(u64::MAX)));
        group.bench_function(BenchmarkId::new("callgate", padding), |bencher| {
            bencher.iter(|| answer_call(black_box(&image), black_box(&body), &Arrival::default()));
        });
        group.bench_function(BenchmarkId::new("serde_json to Value, no decision", padding), |bencher| {
            bencher.iter(|| serde_json::from_slice::<serde_json::Value>(black_box(&body)));
        });
    }
    group.finish();
}

criterion_group!(benches, engine, bytes_to_bytes);
criterion_main!(benches);
