//! Which policy a build embeds.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::checkout::Checkout;

/// The variable by which the build learns of a policy.
const VARIABLE: &str = "CALLGATE_POLICY";
/// The policy that is embedded where none is named.
const SHIPPED: &str = "policies/crm.json";

/// The choice of a policy.
pub(crate) enum Policy {
    /// The one that the environment names, else the one that ships.
    Inherited,
    /// The one that ships, whatever the environment names.
    Shipped,
    /// A file: a relative path starts at the top of the checkout.
    File(PathBuf),
}

impl Policy {
    /// Takes the file that a person named where they stand, or leaves the choice to the environment.
    ///
    /// The build shows the path as it is given, so a file of the checkout is named from its top.
    pub(crate) fn choose(checkout: &Checkout, named: Option<&Path>) -> Result<Self> {
        let Some(named) = named else { return Ok(Self::Inherited) };
        ensure!(named.is_file(), "there is no policy file `{}`", named.display());
        let full = absolute(named).with_context(|| format!("can't resolve `{}`", named.display()))?;
        Ok(Self::File(full.strip_prefix(checkout.root()).map(Path::to_owned).unwrap_or(full)))
    }

    /// Has a command that builds embed this policy.
    pub(crate) fn choose_for(&self, command: &mut Command) {
        match self {
            Self::Inherited => {}
            // Cargo builds anew between the variable that is unset and the one that names the same file.
            Self::Shipped => _ = command.env_remove(VARIABLE),
            Self::File(path) => _ = command.env(VARIABLE, path),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inherited => {
                let named = env::var(VARIABLE).ok().filter(|path| !path.is_empty());
                formatter.write_str(named.as_deref().unwrap_or(SHIPPED))
            }
            Self::Shipped => formatter.write_str(SHIPPED),
            Self::File(path) => path.display().fmt(formatter),
        }
    }
}
