//! What the fuzz targets hold the engine against, and the inputs that they start from.
//!
//! Each target has a module with a function `check`, which says what is wrong with what the engine makes of an input.
//! It is `Ok` for any input that is of no use too: what counts is that nothing else comes back.

mod strict_json;
mod agreement;

pub mod request_reader;
pub mod policy_text;
pub mod evaluator;
pub mod path_and_url;

pub mod seeds;
