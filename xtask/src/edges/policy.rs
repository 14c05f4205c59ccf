//! The embedded policy of a build.

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

/// The variable that tells a build its policy.
const VARIABLE: &str = "CALLGATE_POLICY";
/// The default policy.
const SHIPPED: &str = "policies/crm.json";

/// The choice of a policy.
pub(crate) enum Policy {
    /// The policy that the environment names; otherwise, the default policy.
    Inherited,
    /// The default policy regardless of the environment, for tests and measurements, which need no signature.
    Shipped,
    /// Another policy of the checkout, for its tests.
    Example(&'static str),
    /// A file; a relative path starts at the checkout root.
    File(PathBuf),
}

impl Policy {
    /// Resolves the given file relative to the current directory; without a file, the environment decides.
    ///
    /// The build shows the path as given, so a file of the checkout is named from its root.
    pub(crate) fn choose(checkout: &Checkout, named: Option<&Path>) -> Result<Self> {
        let Some(named) = named else { return Ok(Self::Inherited) };
        ensure!(named.is_file(), "the policy file `{}` does not exist", named.display());
        let full = absolute(named).with_context(|| format!("cannot resolve `{}`", named.display()))?;
        Ok(Self::File(full.strip_prefix(checkout.root()).map(Path::to_owned).unwrap_or(full)))
    }

    /// Reports an error in the policy or its signature before the build. The build takes minutes, and its tools would
    /// hide the error in their own output.
    pub(crate) fn check(&self, checkout: &Checkout) -> Result<()> {
        if matches!(self, Self::Inherited) {
            let is_blank = env::var(VARIABLE).is_ok_and(|path| path.trim().is_empty());
            ensure!(!is_blank, "the variable `{VARIABLE}` is empty; set it to a path, or unset it");
        }
        let shown = self.to_string();
        let text =
            fs::read_to_string(checkout.root().join(&shown)).with_context(|| format!("cannot read `{shown}`"))?;
        if let Err(problems) = parse(&text).and_then(validate) {
            let color = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none();
            eprintln!("{}\n", report::render(&shown, &text, &problems, color));
            bail!("the policy `{shown}` is invalid; fix the errors above");
        }
        self.verify(&checkout.root().join(&shown), &text)
    }

    /// Verifies the policy if the environment configures trusted keys, like the build.
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

    /// Sets the policy for a build command.
    pub(crate) fn choose_for(&self, command: &mut Command) {
        match self {
            Self::Inherited => {}
            // Cargo would rebuild after a change between the unset variable and the default file.
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
