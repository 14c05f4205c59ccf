//! Measures the engine, and the whole path from the bytes of a call to those of its response, natively.

use anyhow::Result;

use super::criterion;
use super::measurement::{Measurement, measurements_of};
use super::section::{Run, Section};
use super::table::{Ratio, Table};
use crate::tools::rust_toolchain::cargo;

pub(super) const SECTION: Section = Section {
    name: "native",
    purpose: "the engine alone, bytes to bytes compared with a parse of the same bytes, and opening a policy",
    run: measure,
    tables: &[
        Table {
            name: "engine",
            corner: "call",
            ratios: &[Ratio::Columns { heading: "growth", of: "100,000 rules", against: "10 rules" }],
        },
        Table {
            name: "bytes",
            corner: "body",
            ratios: &[
                Ratio::Columns { heading: "Value against callgate", of: "serde_json, Value", against: "callgate" },
                Ratio::Columns { heading: "Value against no digest", of: "serde_json, Value", against: "no digest" },
                Ratio::Columns {
                    heading: "RawValue against callgate",
                    of: "serde_json, RawValue",
                    against: "callgate",
                },
            ],
        },
        Table {
            name: "reader",
            corner: "body",
            ratios: &[Ratio::Columns {
                heading: "RawValue against callgate",
                of: "serde_json, RawValue",
                against: "callgate",
            }],
        },
        Table {
            name: "schema",
            corner: "refund",
            ratios: &[
                Ratio::Columns { heading: "enforced against not", of: "enforced", against: "not enforced" },
                Ratio::Columns { heading: "Value against enforced", of: "serde_json, Value", against: "enforced" },
            ],
        },
        Table {
            name: "open",
            corner: "policy",
            ratios: &[Ratio::Columns { heading: "rkyv against image", of: "rkyv, safe access", against: "image" }],
        },
        Table { name: "image", corner: "policy of 100,000 (role, tool) pairs", ratios: &[] },
    ],
};

fn measure(run: &Run<'_>) -> Result<Vec<Measurement>> {
    let mut measurements = criterion::run(run, "decide", &[])?;
    measurements.extend(criterion::run(run, "open", &[])?);
    let mut command = cargo();
    // The profile of the benchmarks, so that nothing is built twice.
    command.args([
        "run",
        "--quiet",
        "--locked",
        "--profile",
        "bench",
        "--package",
        "callgate-bench",
        "--bin",
        "image_size",
    ]);
    command.current_dir(run.checkout.root());
    measurements.extend(measurements_of(command)?);
    Ok(measurements)
}
