//! Measures opening a compiled policy: the image itself, and its content as an rkyv archive, whose safe access
//! validates every record.
#![expect(clippy::expect_used, reason = "a benchmark stops if its policy is invalid")]

use std::hint::black_box;

use callgate_bench::{image, policy_text};
use callgate_engine::PolicyImage;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rkyv::{Archive, Serialize, access, rancor};

/// The records of an image that determine its size.
#[derive(Archive, Serialize)]
struct Tables {
    cells: Vec<[u32; 2]>,
    names: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Archive, Serialize)]
struct Rule {
    id: String,
    effect: Effect,
    condition: Option<u32>,
}

#[derive(Archive, Serialize)]
enum Effect {
    Allow,
}

fn archive(rules: u32) -> rkyv::util::AlignedVec {
    let tables = Tables {
        cells: (0..rules).map(|at| [at, at]).collect(),
        names: (0..rules.div_ceil(10)).map(|at| format!("tool_{at}")).collect(),
        rules: (0..rules)
            .map(|at| Rule { id: format!("rule-{at}"), effect: Effect::Allow, condition: Some(at) })
            .collect(),
    };
    rkyv::to_bytes::<rancor::Error>(&tables).expect("an archive")
}

fn open(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("open");
    for (rules, shown) in [(10, "10 rules"), (1_000, "1,000 rules"), (100_000, "100,000 rules")] {
        let bytes = image(&policy_text(usize::try_from(rules).unwrap_or_default())).expect("a valid policy");
        group.bench_function(BenchmarkId::new(shown, "image"), |bencher| {
            bencher.iter(|| PolicyImage::open(black_box(&bytes)).map(|image| image.rule_count()));
        });
        let archive = archive(rules);
        group.bench_function(BenchmarkId::new(shown, "rkyv, safe access"), |bencher| {
            bencher
                .iter(|| access::<ArchivedTables, rancor::Error>(black_box(&archive)).map(|tables| tables.cells.len()));
        });
    }
    group.finish();
}

criterion_group!(benches, open);
criterion_main!(benches);
