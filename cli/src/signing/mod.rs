//! Signed policies: keys, signatures and their verification.

pub(crate) mod keygen;
mod password;
mod refusal;
pub(crate) mod sign;
pub(crate) mod verify;
