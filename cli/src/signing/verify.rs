//! `callgate verify`: whether a build accepts a signed policy.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use callgate_signing::{PublicKey, Refusal, Trust, write_time};

use crate::failure::Failure;
use crate::print;
use crate::signing::refusal::print_refusal;

/// The options of the command.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The policy file
    policy: PathBuf,
    /// A trusted public key; repeatable [default: $CALLGATE_POLICY_PUBKEY]
    #[arg(long, value_name = "KEY")]
    pubkey: Vec<String>,
    /// The minimum revision [default: $CALLGATE_POLICY_MIN_REVISION if the keys are from the environment, otherwise any]
    #[arg(long, value_name = "N")]
    min_revision: Option<u64>,
}

/// Verifies the policy with the files next to it and prints the result.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let policy = &options.policy;
    let text =
        fs::read(policy).map_err(|error| Failure::Unusable(format!("cannot read `{}`: {error}", policy.display())))?;
    let verified = trust(options).and_then(|trust| trust.verify_beside(policy, &text, SystemTime::now()));
    let manifest = verified.map_err(|refusal| print_refusal(policy, &refusal))?;
    let expires = manifest.expires.map(|time| format!(", expires {}", write_time(time)));
    let (path, revision, expires) = (policy.display(), manifest.revision, expires.unwrap_or_default());
    print::out(&format!("{path}: verified, revision {revision}{expires}"))
}

fn trust(options: &Options) -> Result<Trust, Refusal> {
    let mut trust = if options.pubkey.is_empty() {
        Trust::from_environment()?.ok_or(Refusal::NoPublicKey)?
    } else {
        Trust { public_keys: PublicKey::read_all(&options.pubkey.join(" "))?, minimum_revision: 0 }
    };
    trust.minimum_revision = options.min_revision.unwrap_or(trust.minimum_revision);
    Ok(trust)
}
