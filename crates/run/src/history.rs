//! What `metrics.jsonl` tells of a run: numbers and texts of its epochs, by the names that its events give them.

use serde_json::Value;

/// The events in a run's `metrics.jsonl`, in order.
#[derive(Clone, Debug, Default)]
pub struct History {
    events: Vec<Value>,
}

impl History {
    /// Reads lines of JSON; a line that is none, as a killed process may leave it, is passed over.
    pub fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        Self { events: lines.filter_map(|line| serde_json::from_str(line).ok()).collect() }
    }

    /// Gives (epoch, value) of every event that has the number `key`; epochs count from 1, as people do.
    pub fn series(&self, key: &str) -> Vec<(f64, f64)> {
        let point = |event: &Value| Some((event["epoch"].as_f64()? + 1.0, event[key].as_f64()?));
        self.events.iter().filter_map(point).collect()
    }

    /// Gives the last value of `key`, if any event has that number.
    pub fn last(&self, key: &str) -> Option<f64> {
        self.series(key).last().map(|&(_, value)| value)
    }

    /// Gives (epoch, text) of every event that has the text `key`; epochs count from 1, as people do.
    pub fn texts(&self, key: &str) -> Vec<(f64, String)> {
        let point = |event: &Value| Some((event["epoch"].as_f64()? + 1.0, event[key].as_str()?.to_owned()));
        self.events.iter().filter_map(point).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_name_over_all_kinds_of_events() {
        let lines = [
            r#"{"event":"epoch","epoch":0,"d_loss":1.5}"#,
            r#"{"event":"evaluation","epoch":0,"fid":20}"#,
            r#"{"event":"epoch","epoch":1,"d_lo"#,
            r#"{"event":"epoch","epoch":1,"d_loss":0.5}"#,
            r#"{"event":"warning","epoch":1,"message":"it collapses"}"#,
        ];
        let history = History::parse(lines.into_iter());
        assert_eq!(history.series("d_loss"), [(1.0, 1.5), (2.0, 0.5)]);
        assert_eq!((history.last("fid"), history.last("recall")), (Some(20.0), None));
        assert_eq!(history.texts("message"), [(2.0, "it collapses".to_owned())]);
    }
}
