//! The section `log` of a configuration: which parts of decisions are recorded, in which format and where.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use callgate_engine::json::RawValue;

use crate::config::address::is_https_or_local;
use crate::config::section::{ConfigError, Section, members};
use crate::log::mask::Mask;

const KEYS: [&str; 10] =
    ["mode", "format", "source", "labels", "arguments", "mask", "argumentBytes", "argsDigest", "chain", "sink"];

/// The maximum number of labels.
const MAX_LABELS: usize = 16;

/// The maximum number of masked fields.
const MAX_MASKED_FIELDS: usize = 256;

/// The mode of a decision log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is recorded.
    #[default]
    Off,
    /// Decisions are recorded, but no response depends on its record.
    BestEffort,
    /// Every decision has a record: a call that cannot be recorded is denied with 503.
    Required,
}

/// The format of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// An event of CloudEvents 1.0 in its JSON format.
    #[default]
    CloudEvents,
    /// An event of OPA's decision log.
    Opa,
}

/// The destination of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sink {
    /// Standard output, one record per line.
    #[default]
    Stdout,
    /// An HTTPS address that receives batches.
    Https(Collector),
    /// A queue of Cloudflare, by the name of its binding; one message per record.
    Queue(String),
    /// A dataset of Cloudflare's Analytics Engine, by the name of its binding; one data point per record.
    Analytics(String),
}

/// An HTTPS address that receives batches of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    /// The address: `https:`, or `http:` to the local machine.
    pub url: String,
    /// The maximum number of records in a batch.
    pub batch: usize,
    /// The maximum time that a record waits for its batch, in milliseconds.
    pub batch_wait_millis: u32,
    /// The timeout of the collector, in milliseconds.
    pub timeout_millis: u32,
    /// The maximum number of attempts to send a batch.
    pub attempts: u32,
}

/// Which parts of decisions are recorded, in which format and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// Whether decisions are recorded, and whether responses wait for their records.
    pub mode: Mode,
    /// The format of a record.
    pub format: Format,
    /// The destination of records.
    pub sink: Sink,
    /// The `source` of events.
    pub(crate) source: String,
    /// The operator's labels for the deployment.
    pub(crate) labels: Vec<(String, String)>,
    /// The masked arguments; `None` if no arguments are recorded.
    pub(crate) mask: Option<Mask>,
    /// Whether a record contains the argument digest.
    pub(crate) has_args_digest: bool,
    /// Whether each record contains the hash of the previous one.
    pub(crate) is_chained: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            mode: Mode::Off,
            format: Format::CloudEvents,
            sink: Sink::Stdout,
            source: "/callgate".to_owned(),
            labels: Vec::new(),
            mask: None,
            has_args_digest: true,
            is_chained: false,
        }
    }
}

impl LogConfig {
    /// Reads the section `log` of a configuration.
    pub(crate) fn read(config: &Section<'_>) -> Result<Self, ConfigError> {
        let section = config.section("log", &KEYS)?;
        let modes = [("off", Mode::Off), ("best-effort", Mode::BestEffort), ("required", Mode::Required)];
        let formats = [("cloudevents", Format::CloudEvents), ("opa", Format::Opa)];
        let log = Self {
            mode: section.choice("mode", &modes)?.unwrap_or_default(),
            format: section.choice("format", &formats)?.unwrap_or_default(),
            sink: read_sink(&section)?,
            source: read_source(&section)?,
            labels: read_labels(&section)?,
            mask: read_mask(&section)?,
            has_args_digest: section.boolean("argsDigest")?.unwrap_or(true),
            is_chained: section.boolean("chain")?.unwrap_or(false),
        };
        log.check_data_points(&section)?;
        Ok(log)
    }

    /// A dataset of Analytics Engine samples its points and does not acknowledge them, so it cannot be required or
    /// chained.
    fn check_data_points(&self, section: &Section<'_>) -> Result<(), ConfigError> {
        if !matches!(self.sink, Sink::Analytics(_)) {
            return Ok(());
        }
        if self.mode == Mode::Required {
            return Err(
                section.error_at("mode", "cannot be `required` with the sink `analytics`, which reports no failures")
            );
        }
        if self.is_chained {
            return Err(section.error_at("chain", "cannot be true with the sink `analytics`, which samples records"));
        }
        if self.mask.is_some() {
            return Err(section
                .error_at("arguments", "cannot be `masked` with the sink `analytics`, which cannot store arguments"));
        }
        Ok(())
    }
}

fn read_source(section: &Section<'_>) -> Result<String, ConfigError> {
    let Some(source) = section.text("source")? else { return Ok(LogConfig::default().source) };
    // A URI reference (RFC 3986) is visible ASCII; its consumer may require more.
    if source.is_empty() || !source.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
        return Err(section.error_at("source", "must be a URI or a path, such as `/callgate`"));
    }
    Ok(source.into_owned())
}

fn read_labels(section: &Section<'_>) -> Result<Vec<(String, String)>, ConfigError> {
    let Some(labels) = section.value("labels") else { return Ok(Vec::new()) };
    let read = |(name, label): (String, RawValue<'_>)| {
        label.as_string().filter(|_| !name.is_empty()).map(|label| (name, label.into_owned()))
    };
    let labels: Option<Vec<_>> = members(labels).and_then(|members| members.into_iter().map(read).collect());
    let labels = labels.ok_or_else(|| section.error_at("labels", "must be an object of strings"))?;
    if labels.len() > MAX_LABELS {
        return Err(section.error_at("labels", "must have at most 16 labels"));
    }
    if labels.iter().any(|(name, _)| name == "app" || name == "version") {
        return Err(section.error_at("labels", "must not have `app` or `version`, which callgate sets"));
    }
    Ok(labels)
}

fn read_mask(section: &Section<'_>) -> Result<Option<Mask>, ConfigError> {
    let is_kept = section.choice("arguments", &[("none", false), ("masked", true)])?.unwrap_or(false);
    let fields = section.texts("mask")?;
    let max_bytes = section.integer("argumentBytes", 64..=65_536)?;
    if !is_kept {
        for key in ["mask", "argumentBytes"] {
            if section.value(key).is_some() {
                return Err(section.error_at(key, "requires `arguments` to be `masked`"));
            }
        }
        return Ok(None);
    }
    if section.value("mask").is_none() {
        return Err(section.error_at("mask", "is missing; `[]` records all arguments unmasked"));
    }
    if fields.len() > MAX_MASKED_FIELDS {
        return Err(section.error_at("mask", "must name at most 256 fields"));
    }
    let mut mask = Mask::new(max_bytes.and_then(|bytes| usize::try_from(bytes).ok()));
    for field in &fields {
        if !mask.add(field) {
            let problem = ["names `", field, "`, which is neither a field nor a JSON pointer"].concat();
            return Err(section.error_at("mask", &problem));
        }
    }
    Ok(Some(mask))
}

#[derive(Clone, Copy)]
enum SinkType {
    Stdout,
    Https,
    Queue,
    Analytics,
}

fn read_sink(section: &Section<'_>) -> Result<Sink, ConfigError> {
    if section.value("sink").is_none() {
        return Ok(Sink::default());
    }
    let types = [
        ("stdout", SinkType::Stdout),
        ("https", SinkType::Https),
        ("queue", SinkType::Queue),
        ("analytics", SinkType::Analytics),
    ];
    let every_key = ["type", "url", "batch", "batchWaitMillis", "timeoutMillis", "attempts", "binding"];
    let sink = section.section("sink", &every_key)?;
    let Some(chosen) = sink.choice("type", &types)? else { return Err(sink.error_at("type", "is missing")) };
    // Reads the section again with the keys for a sink of this type.
    Ok(match chosen {
        SinkType::Stdout => {
            section.section("sink", &["type"])?;
            Sink::Stdout
        }
        SinkType::Https => {
            let keys = ["type", "url", "batch", "batchWaitMillis", "timeoutMillis", "attempts"];
            Sink::Https(read_collector(&section.section("sink", &keys)?)?)
        }
        SinkType::Queue => Sink::Queue(read_binding(&section.section("sink", &["type", "binding"])?)?),
        SinkType::Analytics => Sink::Analytics(read_binding(&section.section("sink", &["type", "binding"])?)?),
    })
}

fn read_collector(sink: &Section<'_>) -> Result<Collector, ConfigError> {
    let url = sink.needed_text("url")?;
    if !is_https_or_local(&url) {
        let problem = "must be an `https:` URL without a user or fragment; `http:` is only for `localhost`";
        return Err(sink.error_at("url", problem));
    }
    Ok(Collector {
        url: url.into_owned(),
        batch: sink.integer("batch", 1..=1_000)?.and_then(|size| usize::try_from(size).ok()).unwrap_or(100),
        batch_wait_millis: sink.integer("batchWaitMillis", 0..=20_000)?.unwrap_or(1_000),
        timeout_millis: sink.integer("timeoutMillis", 100..=20_000)?.unwrap_or(5_000),
        attempts: sink.integer("attempts", 1..=10)?.unwrap_or(3),
    })
}

fn read_binding(sink: &Section<'_>) -> Result<String, ConfigError> {
    sink.binding("binding")?.ok_or_else(|| sink.error_at("binding", "is missing"))
}
