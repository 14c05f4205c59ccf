//! The engine, and all that is between the bytes of a call and those of its answer, natively.

use anyhow::Result;

use super::measurement::Measurement;
use super::table::{ColumnRatio, Ratios, Table};
use super::{Run, Section, criterion};

pub(super) const SECTION: Section = Section {
    name: "native",
    purpose: "the engine alone, bytes to bytes beside a parse of the same bytes, and opening a policy",
    run: measure,
    tables: &[
        Table {
            name: "engine",
            corner: "call",
            ratios: Ratios::Columns(&[ColumnRatio { heading: "growth", of: "100,000 rules", against: "10 rules" }]),
        },
        Table {
            name: "bytes",
            corner: "body",
            ratios: Ratios::Columns(&[
                ColumnRatio { heading: "Value against callgate", of: "serde_json, Value", against: "callgate" },
                ColumnRatio { heading: "RawValue against callgate", of: "serde_json, RawValue", against: "callgate" },
            ]),
        },
        Table {
            name: "reader",
            corner: "body",
            ratios: Ratios::Columns(&[ColumnRatio {
                heading: "RawValue against callgate",
                of: "serde_json, RawValue",
                against: "callgate",
            }]),
        },
        Table {
            name: "open",
            corner: "policy",
            ratios: Ratios::Columns(&[ColumnRatio {
                heading: "rkyv against image",
                of: "rkyv, safe access",
                against: "image",
            }]),
        },
    ],
};

fn measure(run: &Run<'_>) -> Result<Vec<Measurement>> {
    let mut measurements = criterion::run(run, "decide", &[])?;
    measurements.extend(criterion::run(run, "open", &[])?);
    Ok(measurements)
}
