//! Tables of measurements, with ratios that are meaningful on any machine.

use anyhow::{Result, bail};

use super::figure::{figure, number};
use super::measurement::Measurement;

/// One table, with rows and columns in the order of their measurement.
pub(crate) struct Table {
    /// The name in measurements and in the README's markers.
    pub(crate) name: &'static str,
    /// The meaning of the rows.
    pub(crate) corner: &'static str,
    /// The ratios, one additional column for each.
    pub(crate) ratios: &'static [Ratio],
}

/// A column of ratios.
pub(crate) enum Ratio {
    /// One column divided by another.
    Columns { heading: &'static str, of: &'static str, against: &'static str },
    /// The figures of a column divided by its figure in the row with this name.
    Rows { column: &'static str, against: &'static str },
}

impl Table {
    /// The table in Markdown with aligned columns, so that it is also readable as plain text.
    pub(crate) fn render(&self, measurements: &[Measurement]) -> Result<String> {
        let own: Vec<&Measurement> = measurements.iter().filter(|found| found.table == self.name).collect();
        if own.is_empty() {
            bail!("nothing was measured for the table `{}`", self.name);
        }
        let rows = in_order(own.iter().map(|found| found.row.as_str()));
        let columns = in_order(own.iter().map(|found| found.column.as_str()));
        let cell = |row: &str, column: &str| own.iter().find(|found| found.row == row && found.column == column);
        let ratio = |of: (&str, &str), against: (&str, &str)| match (cell(of.0, of.1), cell(against.0, against.1)) {
            (Some(of), Some(against)) => number(of.value / against.value),
            // A peer may not have a measurement for every row.
            _ => String::new(),
        };
        let mut lines = vec![self.headings(&columns)];
        for row in rows {
            let mut line = vec![row.to_owned()];
            for column in &columns {
                line.push(cell(row, column).map_or_else(String::new, |found| figure(found.value, &found.unit)));
            }
            line.extend(self.ratios.iter().map(|shown| match *shown {
                Ratio::Columns { of, against, .. } => ratio((row, of), (row, against)),
                Ratio::Rows { column, against } => ratio((row, column), (against, column)),
            }));
            lines.push(line);
        }
        Ok(markdown(&lines))
    }

    fn headings(&self, columns: &[&str]) -> Vec<String> {
        let mut headings = vec![self.corner.to_owned()];
        headings.extend(columns.iter().map(|&column| column.to_owned()));
        headings.extend(self.ratios.iter().map(|ratio| match *ratio {
            Ratio::Columns { heading, .. } => heading.to_owned(),
            Ratio::Rows { column, against } => format!("{column}, against {against}"),
        }));
        headings
    }
}

/// The names without duplicates.
fn in_order<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut seen = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

/// The lines of the table, headings first: names are left-aligned, figures right-aligned.
fn markdown(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0).max(4)
        })
        .collect();
    let mut text = String::new();
    for (line_at, line) in lines.iter().enumerate() {
        for (at, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            text.push_str(&if at == 0 { format!("| {cell:<width$} |") } else { format!(" {cell:>width$} |") });
        }
        text.push('\n');
        if line_at == 0 {
            for (at, &width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width.saturating_sub(1));
                text.push_str(&if at == 0 { format!("| {dashes}- |") } else { format!(" {dashes}: |") });
            }
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(row: &str, column: &str, value: f64) -> Measurement {
        Measurement {
            table: "calls".to_owned(),
            row: row.to_owned(),
            column: column.to_owned(),
            value,
            unit: "ns".to_owned(),
        }
    }

    #[track_caller]
    fn check(ratios: &'static [Ratio], measurements: &[Measurement], expected: &str) {
        let table = Table { name: "calls", corner: "call", ratios };
        assert_eq!(table.render(measurements).expect("a table"), expected);
    }

    #[test]
    fn columns_are_compared_within_a_row() {
        check(
            &[Ratio::Columns { heading: "growth", of: "1,000", against: "10" }],
            &[measured("exact tool", "10", 20.0), measured("exact tool", "1,000", 25.0), measured("none", "10", 9.0)],
            "\
| call       |      10 |   1,000 | growth |
| ---------- | ------: | ------: | -----: |
| exact tool | 20.0 ns | 25.0 ns |   1.25 |
| none       | 9.00 ns |         |        |
",
        );
    }

    #[test]
    fn rows_are_compared_with_a_named_one() {
        check(
            &[Ratio::Rows { column: "text", against: "callgate" }],
            &[measured("callgate", "text", 100.0), measured("peer", "text", 25_000.0), measured("peer", "built", 8.5)],
            "\
| call     |    text |   built | text, against callgate |
| -------- | ------: | ------: | ---------------------: |
| callgate |  100 ns |         |                   1.00 |
| peer     | 25.0 µs | 8.50 ns |                    250 |
",
        );
    }

    #[test]
    fn tables_without_a_measurement_are_a_mistake() {
        let table = Table { name: "other", corner: "call", ratios: &[] };
        assert!(table.render(&[measured("exact tool", "10", 20.0)]).is_err());
    }
}
