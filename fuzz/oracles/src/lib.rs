//! The checks of the fuzz targets, and their initial inputs.
//!
//! Each target has a module with a function `check`, which reports what the engine does wrong with an input. It is `Ok`
//! for any invalid input, because only wrong results count.

mod strict_json;
mod agreement;

pub mod request_reader;
pub mod policy_text;
pub mod policy_yaml;
pub mod evaluator;
pub mod path_and_url;
pub mod json_schema;
pub mod when;

pub mod seeds;
