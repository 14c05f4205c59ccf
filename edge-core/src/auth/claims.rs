//! Token claims about the caller, and their validation (RFC 7519, section 4.1).

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use callgate_engine::CallerFacts;
use callgate_engine::json::RawValue;
use callgate_engine::limits::MAX_ROLES_PER_CALL;
use sha2::{Digest as _, Sha256};

use crate::auth::caller::Caller;
use crate::auth::caller::SingleUse;
use crate::config::pointer::Pointer;
use crate::config::section::items;
use crate::http::json_text::write_text;

/// The required claims of a token, and the positions of the claims that a policy reads.
#[derive(Clone, Debug)]
pub(crate) struct ClaimRules {
    /// The required `iss`.
    pub(crate) issuer: String,
    /// The accepted values of `aud`, of which a token must have at least one.
    pub(crate) audiences: Vec<String>,
    /// The clock tolerance in seconds.
    pub(crate) leeway: i64,
    pub(crate) subject: Pointer,
    pub(crate) roles: Pointer,
    /// Whether tokens are single-use and require a `jti`.
    pub(crate) is_single_use: bool,
    /// The names of attributes, and the positions of their values.
    pub(crate) attributes: Vec<(String, Pointer)>,
}

impl ClaimRules {
    /// The caller that `claims` describe at `now`, or `None` if a claim is invalid.
    ///
    /// Every claim is checked regardless of the others, so that the duration does not reveal which one was invalid.
    pub(crate) fn caller(&self, claims: RawValue<'_>, now: i64) -> Option<Caller> {
        let holds = [self.is_in_time(claims, now), self.is_from_issuer(claims), self.is_for_us(claims)];
        let subject = self.subject.find(claims).and_then(RawValue::as_string).filter(|subject| !subject.is_empty());
        let roles = self.roles.find(claims).and_then(read_roles);
        let attributes = self.read_attributes(claims);
        let single_use = self.is_single_use.then(|| self.single_use(claims, now));
        let (subject, roles) = (subject?, roles?);
        let single_use = single_use.map_or(Some(None), |single_use| single_use.map(Some))?;
        let token = Some(CallerFacts { roles, attributes });
        let caller = Caller { principal: Some(subject.into()), token, single_use };
        holds.iter().all(|holds| *holds).then_some(caller)
    }

    /// The replay key of a single-use token; `None` if it has no `jti`.
    pub(crate) fn single_use(&self, claims: RawValue<'_>, now: i64) -> Option<SingleUse> {
        let id = claims.member("jti").and_then(RawValue::as_string).filter(|id| !id.is_empty())?;
        let (end, _) = claims.member("exp").and_then(read_seconds)?;
        Some(SingleUse { digest: Sha256::digest(&*id).into(), until: end.saturating_add(self.leeway), now })
    }

    /// Whether the token has expired or is not yet valid; a token without `exp` is never valid.
    fn is_in_time(&self, claims: RawValue<'_>, now: i64) -> bool {
        // A fraction of a second counts against the token, because `now` has none.
        let is_current = claims.member("exp").and_then(read_seconds).is_some_and(|(second, _)| {
            let last = second.saturating_add(self.leeway);
            now < last
        });
        let has_begun = claims.member("nbf").is_none_or(|value| {
            read_seconds(value).is_some_and(|(second, has_fraction)| {
                let first = second.saturating_add(i64::from(has_fraction)).saturating_sub(self.leeway);
                first <= now
            })
        });
        is_current & has_begun
    }

    fn is_from_issuer(&self, claims: RawValue<'_>) -> bool {
        claims.member("iss").and_then(RawValue::as_string).is_some_and(|issuer| issuer == self.issuer)
    }

    /// Whether `aud`, a string or a list of strings, contains a configured audience.
    fn is_for_us(&self, claims: RawValue<'_>) -> bool {
        let texts = claims.member("aud").and_then(read_texts).unwrap_or_default();
        texts.iter().any(|text| self.audiences.contains(text))
    }

    /// The token's attributes as one object; the rules contain each name only once.
    fn read_attributes(&self, claims: RawValue<'_>) -> String {
        let mut out = String::from("{");
        for (name, pointer) in &self.attributes {
            let Some(value) = pointer.find(claims) else { continue };
            if out.len() > 1 {
                out.push(',');
            }
            write_text(name, &mut out);
            out.push(':');
            out.push_str(value.text());
        }
        out.push('}');
        out
    }
}

/// A string or a list of strings; `None` for anything else.
pub(crate) fn read_texts(value: RawValue<'_>) -> Option<Vec<String>> {
    let values = items(value).unwrap_or_else(|| vec![value]);
    values.into_iter().map(|value| value.as_string().map(Into::into)).collect()
}

fn read_roles(value: RawValue<'_>) -> Option<Vec<String>> {
    let texts = read_texts(value)?;
    if texts.is_empty() || texts.len() > MAX_ROLES_PER_CALL || texts.iter().any(String::is_empty) {
        return None;
    }
    let mut roles = Vec::with_capacity(texts.len());
    for text in texts {
        if !roles.contains(&text) {
            roles.push(text);
        }
    }
    Some(roles)
}

/// A NumericDate (RFC 7519, section 2) in whole seconds, and whether a fraction follows; without an exponent.
fn read_seconds(value: RawValue<'_>) -> Option<(i64, bool)> {
    let text = value.as_number()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((whole.parse().ok()?, fraction.bytes().any(|byte| byte != b'0')))
}
