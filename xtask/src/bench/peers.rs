//! Measures the same decisions with other policy engines, natively.

use anyhow::Result;

use super::criterion;
use super::measurement::Measurement;
use super::section::{Run, Section};
use super::table::{Ratio, Table};

pub(super) const SECTION: Section = Section {
    name: "peers",
    purpose: "one decision by callgate, Cedar, Rego and a list of tools, natively",
    run: measure,
    tables: &[
        Table {
            name: "refund",
            corner: "engine",
            ratios: &[
                Ratio::Rows { column: "from JSON text", against: "callgate" },
                Ratio::Rows { column: "request prepared", against: "callgate" },
            ],
        },
        Table {
            name: "tools",
            corner: "tool",
            ratios: &[Ratio::Columns {
                heading: "mcpkit-rs-policy against callgate",
                of: "mcpkit-rs-policy",
                against: "callgate",
            }],
        },
    ],
};

fn measure(run: &Run<'_>) -> Result<Vec<Measurement>> {
    criterion::run(run, "peers", &["peers"])
}
