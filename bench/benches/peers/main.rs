//! Compares callgate and its peers on the refund decision of the support desk, in one run.
//!
//! Peers do all possible work in advance: policies are parsed and compiled, and constant names are created. Before the
//! measurement, each peer must allow the refund of 200 and deny that of 800, like callgate.
#![expect(clippy::expect_used, reason = "a benchmark stops if its policy is invalid")]

mod cedar;
mod ours;
mod rego;
mod tools;

use std::hint::black_box;

use callgate_bench::{Padding, refund_text, without_digest};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// The column of decisions from a host's bytes.
const FROM_TEXT: &str = "from JSON text";
/// The column of decisions from the engine's own types.
const PREPARED: &str = "request prepared";

fn refund(criterion: &mut Criterion) {
    let allowed = refund_text(200, Padding::None);
    let refused = refund_text(800, Padding::None);

    let callgate = ours::Ours::new();
    let cedar = cedar::Cedar::new();
    let interpreter = rego::Interpreter::new();
    let mut machine = rego::Machine::new();
    for (text, expected) in [(&allowed, true), (&refused, false)] {
        assert_eq!(callgate.decide_text(text), expected, "callgate, {text}");
        assert_eq!(cedar.decide_text(text), expected, "Cedar, {text}");
        assert_eq!(interpreter.decide_text(text), expected, "regorus, {text}");
        assert_eq!(machine.decide_text(text), expected, "regorus as bytecode, {text}");
        assert_eq!(callgate.decide(&callgate.read(text)), expected, "callgate, prepared, {text}");
        assert_eq!(cedar.decide(&cedar.read(text)), expected, "Cedar, prepared, {text}");
        assert_eq!(interpreter.decide(rego::read(text)), expected, "regorus, prepared, {text}");
        assert_eq!(machine.decide(rego::read(text)), expected, "regorus as bytecode, prepared, {text}");
    }

    let mut group = criterion.benchmark_group("refund");
    let text = allowed.as_str();
    let id = |row: &str, column: &str| BenchmarkId::new(row, column);

    group.bench_function(id("callgate", FROM_TEXT), |bencher| bencher.iter(|| callgate.answer(black_box(text))));
    let short = without_digest(text);
    group.bench_function(id("callgate, no digest", FROM_TEXT), |bencher| {
        bencher.iter(|| callgate.answer(black_box(&short)));
    });
    let call = callgate.read(text);
    group.bench_function(id("callgate", PREPARED), |bencher| bencher.iter(|| callgate.decide(black_box(&call))));

    group.bench_function(id("cedar-policy", FROM_TEXT), |bencher| bencher.iter(|| cedar.decide_text(black_box(text))));
    let question = cedar.read(text);
    group.bench_function(id("cedar-policy", PREPARED), |bencher| bencher.iter(|| cedar.decide(black_box(&question))));

    // A Rego value is reference-counted, so its copy is cheap.
    let input = rego::read(text);
    group.bench_function(id("regorus, interpreted", FROM_TEXT), |bencher| {
        bencher.iter(|| interpreter.decide_text(black_box(text)));
    });
    group.bench_function(id("regorus, interpreted", PREPARED), |bencher| {
        bencher.iter(|| interpreter.decide(black_box(&input).clone()));
    });
    group.bench_function(id("regorus, bytecode", FROM_TEXT), |bencher| {
        bencher.iter(|| machine.decide_text(black_box(text)));
    });
    group.bench_function(id("regorus, bytecode", PREPARED), |bencher| {
        bencher.iter(|| machine.decide(black_box(&input).clone()));
    });
    group.finish();
}

criterion_group!(benches, refund, tools::tools);
criterion_main!(benches);
