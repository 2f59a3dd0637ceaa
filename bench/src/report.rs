//! Figures as a table for people and as one JSON array for machines.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// `bench/what`.
    pub name: String,
    /// The unit of `median` and `p95`.
    pub unit: &'static str,
    /// The number of values.
    pub n: usize,
    /// Half of the values are at most this; not a number, `null` in JSON, if nothing was measured.
    pub median: f64,
    /// 95 of 100 values are at most this; not a number if nothing was measured.
    pub p95: f64,
    /// The median divided by the floor's, if there is a floor; for a bounded value, divided by the bound.
    pub ratio_to_floor: Option<f64>,
    /// The upper bound for the ratio; the reader of the table compares.
    #[serde(skip)]
    pub target: Option<f64>,
    /// The reason why nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_measured: Option<String>,
}

impl Figure {
    /// Times in microseconds, with the ratio of the median to `floor`'s.
    #[must_use]
    pub fn of_times(name: &str, times: &[Duration], floor: Option<&Self>) -> Self {
        Self::of_scaled(name, times, floor, ("us", 1e6, 1))
    }

    /// Times in seconds, with the ratio of the median to `floor`'s, which is in seconds too.
    #[must_use]
    pub fn of_long_times(name: &str, times: &[Duration], floor: Option<&Self>) -> Self {
        Self::of_scaled(name, times, floor, ("s", 1.0, 2))
    }

    fn of_scaled(name: &str, times: &[Duration], floor: Option<&Self>, unit: (&'static str, f64, i32)) -> Self {
        let (unit, scale, digits) = unit;
        let mut values: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * scale).collect();
        values.sort_by(f64::total_cmp);
        let median = quantile(&values, 0.5);
        let ratio_to_floor = Some(floor.map_or(1.0, |floor| rounded(median / floor.median, 3)));
        let p95 = quantile(&values, 0.95);
        Self {
            name: name.to_owned(),
            unit,
            n: values.len(),
            median: rounded(median, digits),
            p95: rounded(p95, digits),
            ratio_to_floor,
            target: None,
            not_measured: None,
        }
    }

    /// Returns one value without a floor.
    #[must_use]
    pub fn of_value(name: &str, unit: &'static str, value: f64) -> Self {
        Self {
            name: name.to_owned(),
            unit,
            n: 1,
            median: value,
            p95: value,
            ratio_to_floor: None,
            target: None,
            not_measured: None,
        }
    }

    /// Returns a row for a failed measurement, in microseconds, with the reason.
    #[must_use]
    pub fn of_nothing(name: &str, reason: String) -> Self {
        let nothing = Self::of_value(name, "us", f64::NAN);
        Self { n: 0, not_measured: Some(reason), ..nothing }
    }

    /// Sets the upper bound for the ratio.
    #[must_use]
    pub fn at_most(self, target: f64) -> Self {
        Self { target: Some(target), ..self }
    }

    /// Sets the upper bound for a value without a floor; its ratio is then the share of the bound.
    #[must_use]
    pub fn within(self, bound: f64) -> Self {
        Self { ratio_to_floor: Some(rounded(self.median / bound, 3)), target: Some(1.0), ..self }
    }
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// Returns the nearest of the sorted values; 0 if there is none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index of a list that fits in memory, times a share between 0 and 1"
    )]
    let index = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or_default()
}

/// Returns the exit code of a bench that measures in the body of a test; prints the error that ended it.
#[must_use]
pub fn ended(measured: Result<(), Box<dyn Error>>) -> ExitCode {
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the figures: one JSON array, or a table followed by the meaning of its rows.
///
/// # Errors
///
/// Fails if the figures cannot be serialised as JSON.
pub fn print(figures: &[Figure], as_json: bool, meaning: &str) -> serde_json::Result<()> {
    if as_json {
        println!("{}", serde_json::to_string_pretty(figures)?);
    } else {
        println!("{}\n", table(figures));
        for figure in figures {
            if let Some(reason) = &figure.not_measured {
                println!("{} was not measured: {reason}", figure.name);
            }
        }
        println!("{meaning}");
    }
    Ok(())
}

/// Formats a value with three digits if it is small, and at most one decimal if it is large; a dash if nothing was measured.
fn shown(value: f64) -> String {
    if value.is_nan() {
        return "-".to_owned();
    }
    if value < 100.0 { format!("{value:.2}") } else { format!("{value:.1}") }
}

/// Formats the figures as a table.
fn table(figures: &[Figure]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["name", "n", "median", "p95", "unit", "ratio to floor", "target"]);
    for i in [1, 2, 3, 5, 6] {
        if let Some(column) = table.column_mut(i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for figure in figures {
        let number =
            |value: Option<f64>, prefix: &str| value.map(|value| format!("{prefix}{value:.2}")).unwrap_or_default();
        table.add_row([
            figure.name.clone(),
            figure.n.to_string(),
            shown(figure.median),
            shown(figure.p95),
            figure.unit.to_owned(),
            number(figure.ratio_to_floor, ""),
            number(figure.target, "<= "),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_p95_are_values_of_the_list_and_the_ratio_is_to_the_floor() {
        let times: Vec<Duration> = (1..=101).map(Duration::from_micros).collect();
        let floor = Figure::of_times("floor", &times, None);
        assert_eq!((floor.median, floor.p95, floor.ratio_to_floor), (51.0, 96.0, Some(1.0)));
        let twice: Vec<Duration> = times.iter().map(|time| *time * 2).collect();
        assert_eq!(Figure::of_times("twice", &twice, Some(&floor)).ratio_to_floor, Some(2.0));
        assert!(Figure::of_times("none", &[], None).median.abs() < f64::EPSILON);
    }

    #[test]
    fn a_value_is_shown_as_a_share_of_its_bound() {
        let figure = Figure::of_value("memory", "MB", 250.0).within(200.0);
        assert_eq!((figure.ratio_to_floor, figure.target), (Some(1.25), Some(1.0)));
        assert!(table(&[figure]).to_string().contains("<= 1.00"));
    }

    #[test]
    fn what_was_not_measured_is_no_number_and_says_why() {
        let figure = Figure::of_nothing("peer/some", "it is not installed".to_owned());
        let json = serde_json::to_value(&figure).unwrap();
        assert_eq!((&json["n"], &json["median"]), (&0.into(), &serde_json::Value::Null));
        assert_eq!(json["not_measured"], "it is not installed");
        assert!(table(&[figure]).to_string().contains('-'));
        let measured = Figure::of_times("floor", &[Duration::from_micros(5)], None);
        assert!(serde_json::to_value(measured).unwrap().get("not_measured").is_none());
    }
}
