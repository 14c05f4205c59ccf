//! The smallest policy and call on which two judges still disagree.
//!
//! Crates for property tests shrink the choices of their own generators. The generator here makes a pair from a number, so
//! that a pair can be named and made again, and the fuzz targets and the tests share it. The JSON values themselves are
//! therefore made smaller, one part at a time.

use crate::json::Json;
use crate::request::Request;
use crate::when::{has_expressions, without_expressions};

/// A policy, a call, and what two judges say of them.
#[derive(Clone, Debug)]
pub struct Disagreement {
    /// The policy.
    pub policy: Json,
    /// The call.
    pub request: Request,
    /// Both answers.
    pub difference: String,
}

/// Removes parts of a policy and a call for as long as the judges disagree.
///
/// `compare` returns both answers if the judges disagree, and `None` if they agree or one of them refuses the policy.
#[must_use]
pub fn shrink(start: Disagreement, compare: impl Fn(&Json, &Request) -> Option<String>) -> Disagreement {
    let mut smallest = start;
    while let Some(smaller) = smaller_disagreement(&smallest, &compare) {
        smallest = smaller;
    }
    smallest
}

fn smaller_disagreement(
    start: &Disagreement,
    compare: &impl Fn(&Json, &Request) -> Option<String>,
) -> Option<Disagreement> {
    let mut found = None;
    let mut keep = |policy: &Json, request: &Request| {
        found = compare(policy, request).map(|difference| Disagreement {
            policy: policy.clone(),
            request: request.clone(),
            difference,
        });
        found.is_some()
    };
    // Conditions in JSON have parts that can be removed, and expressions have none.
    let is_policy_smaller = has_expressions(&start.policy)
        && without_expressions(start.policy.clone()).is_ok_and(|policy| keep(&policy, &start.request))
        || any_smaller(&start.policy, &mut |policy| keep(&policy, &start.request));
    if !is_policy_smaller {
        any_smaller_request(&start.request, &mut |request| keep(&start.policy, request));
    }
    found
}

/// Whether `accept` accepts the call with one part less.
fn any_smaller_request(request: &Request, accept: &mut dyn FnMut(&Request) -> bool) -> bool {
    let parts: [fn(&mut Request); 4] = [
        |request| request.server = None,
        |request| request.time = None,
        |request| request.ip = None,
        |request| request.country = None,
    ];
    let mut try_change = |change: &dyn Fn(&mut Request)| {
        let mut changed = request.clone();
        change(&mut changed);
        changed != *request && accept(&changed)
    };
    let sources: [fn(&mut Request) -> &mut Json; 3] =
        [|request| &mut request.arguments, |request| &mut request.agent, |request| &mut request.resource];
    parts.iter().any(|part| try_change(part))
        || (0..request.roles.len())
            .filter(|_| request.roles.len() > 1)
            .any(|role| try_change(&|request| drop(request.roles.remove(role))))
        || sources.iter().any(|source| {
            let whole = source(&mut request.clone()).clone();
            any_smaller(&whole, &mut |smaller| {
                matches!(smaller, Json::Object(_)) && try_change(&|request| *source(request) = smaller.clone())
            })
        })
}

/// Whether `accept` accepts a value that is smaller than this one.
///
/// Tried are the parts of the value in its place, the value without one of its parts, and the value with a smaller part,
/// in this order, because the first ones remove the most.
pub(crate) fn any_smaller(value: &Json, accept: &mut dyn FnMut(Json) -> bool) -> bool {
    let parts = value.parts();
    // A condition that is combined with others is a part of a part.
    let has_part =
        parts.iter().any(|part| accept((*part).clone()) || part.parts().into_iter().any(|part| accept(part.clone())));
    has_part
        || (0..parts.len()).any(|place| accept(with_part(value, place, None)))
        || parts
            .iter()
            .enumerate()
            .any(|(place, part)| any_smaller(part, &mut |smaller| accept(with_part(value, place, Some(smaller)))))
}

/// The value with another part at a place, or with none.
fn with_part(value: &Json, place: usize, part: Option<Json>) -> Json {
    let mut changed = value.clone();
    match (&mut changed, part) {
        (Json::Array(items), None) => drop(items.remove(place)),
        (Json::Object(members), None) => drop(members.remove(place)),
        (changed, Some(part)) => {
            changed.parts_mut().into_iter().nth(place).into_iter().for_each(|old| *old = part.clone())
        }
        (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_), None) => {}
    }
    changed
}
