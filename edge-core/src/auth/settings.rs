//! The section `auth` of the configuration.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use callgate_engine::json::RawValue;

use crate::auth::algorithm::Algorithm;
use crate::auth::base64url;
use crate::auth::claims::{ClaimRules, read_texts};
use crate::auth::key_cache::Lifetime;
use crate::auth::keys::{Keys, KeysFault};
use crate::auth::secrets::Secrets;
use crate::auth::token::{HeaderRules, media_type};
use crate::config::address::is_https;
use crate::config::pointer::Pointer;
use crate::config::section::{ConfigError, Section, items, members};

/// The variable with the HS256 secrets, for messages.
const SECRET_VARIABLE: &str = "CALLGATE_JWT_SECRET";

/// The prefix of an encoded secret.
const BASE64URL: &str = "base64url:";

/// The minimum length of a secret in bytes: that of the digest (RFC 7518, section 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// How tokens are read and validated.
#[derive(Clone, Debug)]
pub(crate) struct TokenSettings {
    /// The header that contains only the token, in lower case; `None` for `Authorization: Bearer <token>`.
    pub(crate) header: Option<String>,
    pub(crate) header_rules: HeaderRules,
    pub(crate) claim_rules: ClaimRules,
    pub(crate) source: KeySource,
}

/// The source of the keys.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// HS256: anyone who has one of the secrets can also sign.
    Secrets(Vec<Vec<u8>>),
    Inline(Arc<Keys>),
    Address(String, Lifetime),
}

/// The kinds of authentication.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    ApiKey,
    Jwt,
}

/// The keys of the section that apply to tokens.
const TOKEN_KEYS: [&str; 12] = [
    "header",
    "algorithm",
    "issuer",
    "audience",
    "type",
    "keys",
    "keysUrl",
    "keysMaxAgeSeconds",
    "keysMaxStaleSeconds",
    "leewaySeconds",
    "singleUse",
    "claims",
];

impl TokenSettings {
    /// Reads the section, or `None` if API keys are used.
    pub(crate) fn read(auth: Option<RawValue<'_>>, secrets: &Secrets<'_>) -> Result<Option<Self>, ConfigError> {
        let Some(auth) = auth else { return Ok(None) };
        let known: Vec<&str> = ["mode"].into_iter().chain(TOKEN_KEYS).collect();
        let section = Section::read(auth, "/auth", &known)?;
        let mode = section.choice("mode", &[("api-key", Mode::ApiKey), ("jwt", Mode::Jwt)])?;
        if mode != Some(Mode::Jwt) {
            let stray = TOKEN_KEYS.into_iter().find(|key| section.value(key).is_some());
            return match stray {
                Some(key) => Err(section.error_at(key, "is only for the mode `jwt`; set `mode` or remove this key")),
                None => Ok(None),
            };
        }
        let Some(algorithm) = section.choice("algorithm", &Algorithm::CHOICES)? else {
            return Err(section.error_at("algorithm", "is missing"));
        };
        let token_type = section.text("type")?.map(|text| media_type(&text));
        if token_type.as_deref() == Some("") {
            return Err(section.error_at("type", "must not be empty"));
        }
        Ok(Some(Self {
            header: read_header(&section)?,
            header_rules: HeaderRules { algorithm, token_type },
            claim_rules: read_claim_rules(&section)?,
            source: KeySource::read(&section, algorithm, secrets)?,
        }))
    }
}

fn read_header(section: &Section<'_>) -> Result<Option<String>, ConfigError> {
    let Some(name) = section.text("header")? else { return Ok(None) };
    // A valid field name (RFC 9110, section 5.6.2).
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(section.error_at("header", "must be a header name"));
    }
    let name = name.to_ascii_lowercase();
    Ok(Some(name).filter(|name| name != "authorization"))
}

fn read_claim_rules(section: &Section<'_>) -> Result<ClaimRules, ConfigError> {
    let issuer = section.needed_text("issuer")?;
    if issuer.is_empty() {
        return Err(section.error_at("issuer", "must not be empty"));
    }
    let Some(audience) = section.value("audience") else { return Err(section.error_at("audience", "is missing")) };
    let Some(audiences) = read_texts(audience) else {
        return Err(section.error_at("audience", "must be a string or a list of strings"));
    };
    if audiences.is_empty() || audiences.iter().any(String::is_empty) {
        return Err(section.error_at("audience", "must be one or more non-empty strings"));
    }
    let claims = section.section("claims", &["subject", "roles", "attributes"])?;
    let pointer = |key: &str| {
        let read = |text: &str| {
            Pointer::read(text).ok_or_else(|| claims.error_at(key, "must be a JSON pointer, such as `/roles`"))
        };
        claims.text(key)?.map(|text| read(&text)).transpose()
    };
    let subject = match pointer("subject")? {
        Some(subject) => Some(subject),
        None => Pointer::read("/sub"),
    };
    let missing = |key: &str| claims.error_at(key, "is missing; set a JSON pointer, such as `/roles`");
    Ok(ClaimRules {
        issuer: issuer.into(),
        audiences,
        leeway: i64::from(section.integer("leewaySeconds", 0..=300)?.unwrap_or(30)),
        subject: subject.ok_or_else(|| missing("subject"))?,
        roles: pointer("roles")?.ok_or_else(|| missing("roles"))?,
        is_single_use: section.boolean("singleUse")?.unwrap_or(false),
        attributes: read_attributes(&claims)?,
    })
}

fn read_attributes(claims: &Section<'_>) -> Result<Vec<(String, Pointer)>, ConfigError> {
    let Some(attributes) = claims.value("attributes") else { return Ok(Vec::new()) };
    let read = |(name, value): (String, RawValue<'_>)| Some((name, Pointer::read(&value.as_string()?)?));
    let attributes = members(attributes).and_then(|members| members.into_iter().map(read).collect());
    attributes.ok_or_else(|| claims.error_at("attributes", "must be an object of JSON pointers"))
}

impl KeySource {
    fn read(section: &Section<'_>, algorithm: Algorithm, secrets: &Secrets<'_>) -> Result<Self, ConfigError> {
        let stray = |keys: &[&str], problem: &str| {
            let stray = keys.iter().find(|key| section.value(key).is_some());
            stray.map_or(Ok(()), |key| Err(section.error_at(key, problem)))
        };
        let fetching = ["keysMaxAgeSeconds", "keysMaxStaleSeconds"];
        if algorithm == Algorithm::Hs256 {
            stray(&["keys", "keysUrl"], "is not for HS256; remove it and set `CALLGATE_JWT_SECRET`")?;
            stray(&fetching, "is not for HS256; remove it")?;
            return read_secrets(secrets.token_secret).map(Self::Secrets);
        }
        match (section.value("keys"), section.text("keysUrl")?) {
            (Some(_), Some(_)) => Err(section.error_at("keysUrl", "cannot be combined with `keys`; remove one")),
            (None, None) => Err(section.error_at("keys", "is missing; set `keys` or `keysUrl`")),
            (Some(keys), None) => {
                stray(&fetching, "is only for `keysUrl`; remove it")?;
                if holds_private_key(keys) {
                    return Err(
                        section.error_at("keys", "has a private key; create a new key pair and use its public key")
                    );
                }
                let fault = |fault: KeysFault| section.error_at("keys", fault.problem());
                Keys::of(keys, algorithm).map(|keys| Self::Inline(Arc::new(keys))).map_err(fault)
            }
            (None, Some(url)) => {
                if !is_https(&url) {
                    return Err(section.error_at("keysUrl", "must be an `https:` URL without a user or fragment"));
                }
                let seconds = |key, range, default| {
                    section.integer(key, range).map(|seconds| i64::from(seconds.unwrap_or(default)))
                };
                let lifetime = Lifetime {
                    max_age: seconds("keysMaxAgeSeconds", 60..=86_400, 600)?,
                    max_stale: seconds("keysMaxStaleSeconds", 0..=604_800, 86_400)?,
                };
                Ok(Self::Address(url.into(), lifetime))
            }
        }
    }
}

/// Reads the HS256 secrets, separated by white space: texts, or `base64url:<bytes>`.
fn read_secrets(secrets: Option<&str>) -> Result<Vec<Vec<u8>>, ConfigError> {
    let error = |problem: &str| ConfigError { pointer: SECRET_VARIABLE.into(), problem: problem.into() };
    let mut read = Vec::new();
    for text in secrets.unwrap_or_default().split_ascii_whitespace() {
        let secret = match text.strip_prefix(BASE64URL) {
            Some(encoded) => {
                base64url::decode(encoded).ok_or_else(|| error("has a secret that is not base64url without padding"))?
            }
            None => text.as_bytes().to_vec(),
        };
        if secret.len() < MIN_SECRET_BYTES {
            return Err(error("has a secret shorter than 32 bytes; use 32 or more"));
        }
        read.push(secret);
    }
    if read.is_empty() { Err(error("is not set; HS256 requires it")) } else { Ok(read) }
}

/// Whether a set contains a private key or a secret.
fn holds_private_key(set: RawValue<'_>) -> bool {
    let keys = set.member("keys").and_then(items).unwrap_or_default();
    keys.iter().any(|key| key.member("d").is_some() || key.member("k").is_some())
}
