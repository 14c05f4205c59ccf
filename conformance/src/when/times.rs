//! Expressions on the time of a request, as conditions in JSON.

use crate::json::{Json, string, strings};
use crate::when::parts::{check, text_of, texts_of};
use crate::when::tree::Tree;

/// The place of a time: an offset, or a time zone, whose name starts with a letter other than `Z`.
fn place_of(arguments: &[Tree]) -> Result<(&'static str, Json), String> {
    let place = arguments.first().map_or(Ok("Z"), |place| text_of(place))?;
    Ok((if place == "Z" || place.starts_with(['+', '-']) { "offset" } else { "zone" }, string(place)))
}

/// A window of one hour, or of the hours before or after it.
pub(super) fn hours(op: &str, hour: &Tree, arguments: &[Tree]) -> Result<Json, String> {
    let Tree::Number(digits) = hour else { return Err("an hour is a number".into()) };
    let hour: u32 = digits.parse().map_err(|_| format!("{digits} is not an hour"))?;
    let clock = |hour: u32| string(format!("{hour:02}:00"));
    let next = hour.saturating_add(1);
    let (from, to) = match op {
        "Lt" => (0, hour),
        "Lte" => (0, next),
        "Gt" => (next, 24),
        "Gte" => (hour, 24),
        _ => (hour, next),
    };
    Ok(check("TimeCheck", vec![("from", clock(from)), ("to", clock(to)), place_of(arguments)?]))
}

/// Days of the week, from Sunday as 0.
pub(super) fn days(days: &[Tree], arguments: &[Tree]) -> Result<Json, String> {
    let name = |day: &Tree| match day {
        Tree::Number(digits) => ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
            .get(digits.parse::<usize>().unwrap_or(usize::MAX))
            .copied()
            .ok_or_else(|| format!("{digits} is not a day")),
        other => Err(format!("{other:?} is not a day")),
    };
    let names = days.iter().map(name).collect::<Result<Vec<_>, _>>()?;
    Ok(check("TimeCheck", vec![("weekdays", strings(names)), place_of(arguments)?]))
}

pub(super) fn between(arguments: &[Tree]) -> Result<Json, String> {
    let (from, to, rest) = match arguments {
        [from, to, rest @ ..] if rest.len() <= 3 => (from, to, rest),
        _ => return Err("`isBetween` has two to five arguments".into()),
    };
    let mut members = vec![("from", string(text_of(from)?)), ("to", string(text_of(to)?)), place_of(rest)?];
    for (key, list) in ["weekdays", "dates"].into_iter().zip(rest.iter().skip(1)) {
        members.push((key, strings(texts_of(list)?)));
    }
    Ok(check("TimeCheck", members))
}

pub(super) fn on_dates(arguments: &[Tree]) -> Result<Json, String> {
    let Some((dates, rest)) = arguments.split_first().filter(|(_, rest)| rest.len() <= 2) else {
        return Err("`isOn` has one to three arguments".into());
    };
    let mut members = vec![("dates", strings(texts_of(dates)?)), place_of(rest)?];
    if let Some(days) = rest.get(1) {
        members.push(("weekdays", strings(texts_of(days)?)));
    }
    Ok(check("TimeCheck", members))
}
