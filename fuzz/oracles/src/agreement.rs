//! Compares both evaluators on one call.

use callgate_conformance::json::Json;
use callgate_conformance::reference::Reference;
use callgate_conformance::request::Request;
use callgate_engine::{Call, PolicyImage, RequestFacts, evaluate};

use crate::strict_json::for_texts;

/// Fails if the image and the reference decide a call differently.
pub(crate) fn check(
    image: &PolicyImage<'_>,
    call: &Call<'_>,
    reference: &Reference,
    request: &Request,
) -> Result<(), String> {
    let decision = evaluate(image, call);
    let mut reason = String::new();
    decision.write_reason(image, call, &mut reason);
    let seen = (decision.effect, decision.code, decision.rule(image).map(str::to_owned));
    let expected = reference.decide(request);
    if seen == (expected.effect, expected.code, expected.rule.clone()) {
        return Ok(());
    }
    Err(format!("reference {expected:?}\nimage     {seen:?}: {reason}\nrequest   {request:?}"))
}

/// Adds the request facts to a call, for both evaluators.
///
/// An invalid address or country is unknown; the reference only gets valid facts.
pub(crate) fn with_facts(
    mut request: Request,
    time: Option<i64>,
    ip: Option<&str>,
    country: Option<&str>,
) -> (Request, RequestFacts) {
    request.time = time;
    request.ip = ip.and_then(|ip| ip.parse::<std::net::IpAddr>().ok()).map(|ip| ip.to_string());
    let is_country = |code: &&str| matches!(code.as_bytes(), [b'A'..=b'Z', b'A'..=b'Z']);
    request.country = country.filter(is_country).map(str::to_owned);
    (request, RequestFacts::new(time, ip, country))
}

/// Whether the reference is fast enough. It expands numbers and backtracks in patterns, so a power of ten or a pattern
/// with many `*` is much slower than in the engine.
pub(crate) fn is_easy(value: &Json) -> bool {
    const MOST_DIGITS: usize = 400;
    const MOST_STARS: usize = 4;
    let mut is_easy = true;
    for_texts(value, &mut |text, is_number| {
        is_easy &= if is_number {
            let exponent = text.split_once(['e', 'E']).map_or("0", |(_, exponent)| exponent);
            let power = exponent.trim_start_matches(['+', '-']).parse::<usize>();
            text.len() <= MOST_DIGITS && power.is_ok_and(|power| power <= MOST_DIGITS)
        } else {
            text.len() <= MOST_DIGITS && text.matches('*').count() <= MOST_STARS
        };
    });
    is_easy
}
