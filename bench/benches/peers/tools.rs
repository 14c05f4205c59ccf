//! Decisions by tool name only, which is all that mcpkit-rs-policy checks: both use the same lists of names and
//! patterns.

use std::hint::black_box;

use callgate_bench::image;
use callgate_engine::{Call, Effect, PolicyImage, RequestFacts, evaluate};
use criterion::{BenchmarkId, Criterion};
use mcpkit_rs_policy::{CompiledPolicy, Policy};
use serde::Deserialize;
use serde_json::{Value, json};

/// The number of tools that are allowed by name.
const NAMES: usize = 100;
/// The number of additional servers whose tools are all allowed.
const PATTERNS: usize = 10;

/// A call that is decided by its tool; the rest is ignored.
#[derive(Deserialize)]
struct Named<'t> {
    tool: &'t str,
}

pub(crate) fn tools(criterion: &mut Criterion) {
    let allowed: Vec<String> =
        (0..NAMES).map(|at| format!("tool_{at}")).chain((0..PATTERNS).map(|at| format!("server{at}_*"))).collect();
    let bytes = image(&our_policy(&allowed)).expect("a valid policy");
    let image = PolicyImage::open(&bytes).expect("an image");
    let theirs = Policy::from_json(&json!({ "version": "1.0", "tools": { "allow": allowed } }).to_string());
    let theirs = CompiledPolicy::compile(&theirs.expect("a policy")).expect("a policy");

    let facts = RequestFacts::default();
    let mut group = criterion.benchmark_group("tools");
    for (row, tool, expected) in
        [("exact name", "tool_42", true), ("pattern", "server7_view", true), ("not listed", "delete_all", false)]
    {
        let text = json!({ "tool": tool, "args": { "order_id": "ORD-8821" }, "role": "agent" }).to_string();
        let call = Call::read(text.as_bytes(), &facts, &image).expect("a call");
        assert_eq!(evaluate(&image, &call).effect == Effect::Allow, expected, "callgate, {tool}");
        assert_eq!(theirs.is_tool_allowed(tool), expected, "mcpkit-rs-policy, {tool}");

        group.bench_function(BenchmarkId::new(row, "callgate"), |bencher| {
            bencher.iter(|| evaluate(black_box(&image), black_box(&call)).effect);
        });
        group.bench_function(BenchmarkId::new(row, "mcpkit-rs-policy"), |bencher| {
            bencher.iter(|| black_box(&theirs).is_tool_allowed(black_box(tool)));
        });
        let row = format!("{row}, from JSON text");
        group.bench_function(BenchmarkId::new(&row, "callgate"), |bencher| {
            bencher.iter(|| {
                let call = Call::read(black_box(text.as_bytes()), &facts, black_box(&image)).expect("a call");
                evaluate(&image, &call).effect
            });
        });
        group.bench_function(BenchmarkId::new(&row, "mcpkit-rs-policy"), |bencher| {
            bencher.iter(|| {
                let named: Named<'_> = serde_json::from_str(black_box(&text)).expect("a call");
                black_box(&theirs).is_tool_allowed(named.tool)
            });
        });
    }
    group.finish();
}

fn our_policy(allowed: &[String]) -> String {
    let rules: Vec<Value> = allowed
        .iter()
        .map(|name| json!({ "id": name.replace('*', "all"), "effect": "Allow", "tool_name": name, "roles": ["agent"] }))
        .collect();
    json!({ "version": "callgate-1", "roles": { "agent": {} }, "rules": rules }).to_string()
}
