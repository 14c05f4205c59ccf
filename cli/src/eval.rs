//! `callgate eval`: the response of `POST /evaluate`, without a server.

use std::io::{self, BufRead as _, Read as _};
use std::path::Path;
use std::time::SystemTime;

use callgate_edge_core::{EdgeFacts, Problem, answer_call};
use callgate_engine::{PolicyImage, compile, limits};

use crate::failure::Failure;
use crate::policy_file::{self, PolicyFile};
use crate::print;

/// Evaluates the call or calls on standard input against the policy in `file`.
pub(crate) fn run(file: &Path, jsonl: bool) -> Result<(), Failure> {
    let file = PolicyFile::read(file)?;
    let bytes = compile(&file.check()?);
    let image = policy_file::open(&bytes)?;
    if jsonl { evaluate_lines(&image) } else { evaluate_all(&image) }
}

fn evaluate_all(image: &PolicyImage<'_>) -> Result<(), Failure> {
    let (answer, is_decision) = answer(image, &read_input()?)?;
    print_line(&answer)?;
    if is_decision { Ok(()) } else { Err(Failure::Refused) }
}

/// Standard input as a whole.
pub(crate) fn read_input() -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    io::stdin().lock().read_to_end(&mut body).map_err(|error| unreadable(&error))?;
    Ok(body)
}

fn evaluate_lines(image: &PolicyImage<'_>) -> Result<(), Failure> {
    let mut all_decided = true;
    for line in io::stdin().lock().split(b'\n') {
        let line = line.map_err(|error| unreadable(&error))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let (answer, is_decision) = answer(image, &line)?;
        all_decided &= is_decision;
        print_line(&answer)?;
    }
    if all_decided { Ok(()) } else { Err(Failure::Refused) }
}

/// The body of the response, and whether it is a decision instead of a problem.
fn answer(image: &PolicyImage<'_>, body: &[u8]) -> Result<(Vec<u8>, bool), Failure> {
    if body.len() > limits::DEFAULT_MAX_BODY_BYTES {
        return Ok((Problem::BodyTooLarge.response().body, false));
    }
    let arrival = EdgeFacts { random: random()?, unix_time: unix_time(), ip: None, country: None };
    Ok(match answer_call(image, body, &arrival) {
        Ok(answer) => (answer, true),
        Err(error) => (Problem::from(error).response().body, false),
    })
}

/// Random bytes for the ID of a decision.
pub(crate) fn random() -> Result<[u8; 16], Failure> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::Unusable(format!("cannot get random bytes from the system: {error}")))?;
    Ok(random)
}

/// The time of the machine, in seconds since 1970.
pub(crate) fn unix_time() -> Option<i64> {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok();
    since_1970.and_then(|time| i64::try_from(time.as_secs()).ok())
}

fn print_line(answer: &[u8]) -> Result<(), Failure> {
    // The response is JSON in UTF-8, on one line.
    print::response(answer)
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::Unusable(format!("cannot read standard input: {error}"))
}
