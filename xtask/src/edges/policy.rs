//! Which policy a build embeds.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf, absolute};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use callgate_engine::{parse, report, validate};
use callgate_signing::{MINIMUM_REVISION_VARIABLE, PUBLIC_KEY_VARIABLE, Trust};

use crate::checkout::Checkout;

/// The variable by which the build learns of a policy.
const VARIABLE: &str = "CALLGATE_POLICY";
/// The policy that is embedded where none is named.
const SHIPPED: &str = "policies/crm.json";

/// The choice of a policy.
pub(crate) enum Policy {
    /// The one that the environment names, else the one that ships.
    Inherited,
    /// The one that ships, whatever the environment names, for tests and measurements: these need no signature.
    Shipped,
    /// Another one of the checkout's own, for its tests.
    Example(&'static str),
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

    /// Tells what is wrong with the policy or its signature, if anything, before minutes are spent on a build that would print it too,
    /// among what the tools of the build say of their own failure.
    pub(crate) fn check(&self, checkout: &Checkout) -> Result<()> {
        if matches!(self, Self::Inherited) {
            let is_blank = env::var(VARIABLE).is_ok_and(|path| path.trim().is_empty());
            ensure!(!is_blank, "the variable `{VARIABLE}` is set, but names no policy: set it to a path, or unset it");
        }
        let shown = self.to_string();
        let text = fs::read_to_string(checkout.root().join(&shown)).with_context(|| format!("can't read `{shown}`"))?;
        if let Err(problems) = parse(&text).and_then(validate) {
            let color = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none();
            eprintln!("{}\n", report::render(&shown, &text, &problems, color));
            bail!("the policy `{shown}` is not right: mend what is listed above");
        }
        self.verify(&checkout.root().join(&shown), &text)
    }

    /// Verifies the policy where the environment says whom to trust, as the build does.
    fn verify(&self, file: &Path, text: &str) -> Result<()> {
        if matches!(self, Self::Shipped | Self::Example(_)) {
            return Ok(());
        }
        let trust = Trust::from_environment();
        let trusted = trust.and_then(|trust| {
            trust.map(|trust| trust.verify_beside(file, text.as_bytes(), SystemTime::now())).transpose()
        });
        trusted.map_err(|refusal| {
            let fix = refusal.fix();
            anyhow!("the policy `{self}` is not embedded: {refusal}\n  = help: {fix}")
        })?;
        Ok(())
    }

    /// Has a command that builds embed this policy.
    pub(crate) fn choose_for(&self, command: &mut Command) {
        match self {
            Self::Inherited => {}
            // Cargo builds anew between the variable that is unset and the one that names the same file.
            Self::Shipped => _ = command.env_remove(VARIABLE),
            Self::Example(file) => _ = command.env(VARIABLE, file),
            Self::File(path) => _ = command.env(VARIABLE, path),
        }
        if matches!(self, Self::Shipped | Self::Example(_)) {
            command.env_remove(PUBLIC_KEY_VARIABLE).env_remove(MINIMUM_REVISION_VARIABLE);
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
            Self::Example(file) => formatter.write_str(file),
            Self::File(path) => path.display().fmt(formatter),
        }
    }
}
