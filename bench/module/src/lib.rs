//! callgate as a plain wasm module: a host writes the bytes of a call and reads the bytes of the response.
//!
//! The module is only for measurements: it has no authentication and gives every decision the same ID. A host requests
//! memory with [`alloc`], writes a body there and passes it to one of the functions below, which free it, like an edge.
//! The response of [`evaluate`] stays valid until [`alloc`] is called for the next body.
#![expect(unsafe_code, reason = "a host calls by name and writes into memory, which Rust cannot check")]

use std::sync::{LazyLock, Mutex};

use callgate_edge_core::{EdgeFacts, Problem, answer_batch, answer_call, policy_image};
use callgate_engine::limits::DEFAULT_MAX_BODY_BYTES;
use callgate_engine::{Call, CallLimits, Effect, PolicyImage, RequestError, RequestFacts};

/// The embedded policy, opened by the first call of an instance, like in an edge.
static IMAGE: LazyLock<Option<PolicyImage<'static>>> = LazyLock::new(|| policy_image().ok());

/// The last response, which the host may still read.
static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Frees the last response and allocates a body of `length` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn alloc(length: usize) -> *mut u8 {
    // As in an edge, nothing of a call remains when the next one arrives; otherwise, it would fragment the memory for a
    // long body.
    drop(ANSWER.lock().map(|mut answer| std::mem::take(&mut *answer)));
    let mut body = Vec::<u8>::with_capacity(length);
    let place = body.as_mut_ptr();
    std::mem::forget(body);
    place
}

/// Frees a body that is not passed to any other function.
///
/// # Safety
/// `body` came from [`alloc`] of the same `length` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dealloc(body: *mut u8, length: usize) {
    // SAFETY: the vector was made by `alloc` with this capacity; its length of 0 claims no byte as written.
    drop(unsafe { Vec::from_raw_parts(body, 0, length) });
}

/// Evaluates a call and returns the length of the response, which is at [`answer_place`].
///
/// # Safety
/// `body` came from [`alloc`] of the same `length`, all of it is written, and it is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evaluate(body: *mut u8, length: usize) -> usize {
    // SAFETY: the caller guarantees the requirements of `take`.
    answer(&unsafe { take(body, length) }, answer_call)
}

/// The address of the last response, which is valid until the next call of [`alloc`].
///
/// For JavaScript, two functions of 32 bits are faster than one of 64, which would be a `BigInt` there.
#[unsafe(no_mangle)]
pub extern "C" fn answer_place() -> *const u8 {
    ANSWER.lock().map_or(std::ptr::null(), |answer| answer.as_ptr())
}

/// Evaluates a batch of calls; otherwise like [`evaluate`].
///
/// # Safety
/// The same as for [`evaluate`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evaluate_batch(body: *mut u8, length: usize) -> usize {
    // SAFETY: the caller guarantees the requirements of `take`.
    answer(&unsafe { take(body, length) }, answer_batch)
}

/// Reads a call and returns whether it is valid, to measure the reader.
///
/// # Safety
/// The same as for [`evaluate`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn read(body: *mut u8, length: usize) -> u32 {
    // SAFETY: the caller guarantees the requirements of `take`.
    let body = unsafe { take(body, length) };
    let Some(image) = &*IMAGE else { return 0 };
    let is_call = Call::judge_within(&CallLimits::default(), &body, &RequestFacts::default(), image, |_| ()).is_ok();
    u32::from(is_call)
}

/// Reads and evaluates a call without a response: 2 is Allow, 1 is RequireApproval, 0 is Deny or an invalid call.
///
/// # Safety
/// The same as for [`evaluate`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn decide(body: *mut u8, length: usize) -> u32 {
    // SAFETY: the caller guarantees the requirements of `take`.
    let body = unsafe { take(body, length) };
    let Some(image) = &*IMAGE else { return 0 };
    let facts = RequestFacts::default();
    let judge = |call: &Call<'_>| callgate_engine::evaluate(image, call).effect;
    match Call::judge_within(&CallLimits::default(), &body, &facts, image, judge) {
        Ok(Effect::Allow) => 2,
        Ok(Effect::RequireApproval) => 1,
        Ok(Effect::Deny) | Err(_) => 0,
    }
}

/// The body from the host.
///
/// # Safety
/// `body` came from [`alloc`] of the same `length`, all of it is written, and it is not used again.
unsafe fn take(body: *mut u8, length: usize) -> Vec<u8> {
    // SAFETY: the vector was made by `alloc` with this capacity, and the caller guarantees that its bytes are written.
    unsafe { Vec::from_raw_parts(body, length, length) }
}

/// Responds like an edge, including the body limit and error texts.
fn answer<J>(body: &[u8], judge: J) -> usize
where
    J: Fn(&PolicyImage<'_>, &[u8], &EdgeFacts<'_>) -> Result<Vec<u8>, RequestError>,
{
    let answer = match &*IMAGE {
        None => Err(Problem::Internal),
        Some(_) if body.len() > DEFAULT_MAX_BODY_BYTES => Err(Problem::BodyTooLarge),
        Some(image) => judge(image, body, &EdgeFacts::default()).map_err(Problem::from),
    };
    let answer = answer.unwrap_or_else(|problem| problem.response().body);
    // Nothing panics while the lock is held, and a module has one thread.
    let Ok(mut last) = ANSWER.lock() else { return 0 };
    *last = answer;
    last.len()
}
