//! The same decisions by the engines that other projects would take, natively.

use anyhow::Result;

use super::measurement::Measurement;
use super::table::{ColumnRatio, Ratios, Table};
use super::{Run, Section, criterion};

pub(super) const SECTION: Section = Section {
    name: "peers",
    purpose: "one decision by callgate, Cedar, Rego and a list of tools, natively",
    run: measure,
    tables: &[
        Table {
            name: "refund",
            corner: "engine",
            ratios: Ratios::Rows { against: "callgate", columns: &["from JSON text", "request prepared"] },
        },
        Table {
            name: "tools",
            corner: "tool",
            ratios: Ratios::Columns(&[ColumnRatio {
                heading: "mcpkit-rs-policy against callgate",
                of: "mcpkit-rs-policy",
                against: "callgate",
            }]),
        },
    ],
};

fn measure(run: &Run<'_>) -> Result<Vec<Measurement>> {
    criterion::run(run, "peers", &["peers"])
}
