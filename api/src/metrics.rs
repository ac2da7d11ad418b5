//! Counters for operators, in the OpenMetrics text that Prometheus reads.

use std::sync::atomic::Ordering;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// A word that tells counters of one family apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Word {
    word: &'static str,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    events: Counter,
    groups: Counter,
    rejections: Counter,
    answers: Family<Word, Counter>,
    evidence: Family<Word, Counter>,
    attempts: Family<Word, Counter>,
    connections: Family<Word, Counter>,
    gauges: Family<Word, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All counters at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("duizhang");
        let (events, groups, rejections) =
            (Counter::default(), Counter::default(), Counter::default());
        let answers = Family::default();
        let (evidence, attempts, gauges) =
            (Family::default(), Family::default(), Family::default());
        let connections = Family::default();
        registry.register("events", "Events made durable", events.clone());
        registry.register("groups", "Groups synced", groups.clone());
        registry.register("rejections", "Facts that the rules refused", rejections.clone());
        registry.register("answers", "HTTP answers by class of status", Family::clone(&answers));
        registry.register("evidence", "Deliveries of phones by outcome", Family::clone(&evidence));
        registry.register("attempts", "Callback attempts by outcome", Family::clone(&attempts));
        let help = "Connections by what became of them; too_often counts requests as well";
        registry.register("connections", help, Family::clone(&connections));
        registry.register("now", "What there is at this moment", Family::clone(&gauges));
        Self {
            registry,
            events,
            groups,
            rejections,
            answers,
            evidence,
            attempts,
            connections,
            gauges,
        }
    }

    /// A group became durable.
    pub fn committed(&self, events: usize) {
        self.groups.inc();
        self.events.inc_by(u64::try_from(events).unwrap_or(u64::MAX));
    }

    /// The rules refused a fact.
    pub fn rejected(&self) {
        self.rejections.inc();
    }

    /// A request was answered.
    pub fn answered(&self, status: u16) {
        let word = match status {
            0..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            500.. => "5xx",
        };
        self.answers.get_or_create(&Word { word }).inc();
    }

    /// A phone delivered something.
    pub fn delivered(&self, word: &'static str) {
        self.evidence.get_or_create(&Word { word }).inc();
    }

    /// A callback was attempted.
    pub fn attempted(&self, word: &'static str) {
        self.attempts.get_or_create(&Word { word }).inc();
    }

    /// What the accept loop has counted so far.
    pub fn connected(&self, word: &'static str, count: u64) {
        let counter = self.connections.get_or_create(&Word { word });
        counter.inner().store(count, Ordering::Relaxed);
    }

    /// Sets what there is at this moment.
    pub fn set(&self, word: &'static str, value: usize) {
        self.gauges.get_or_create(&Word { word }).set(i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string takes any text");
        text
    }
}
