//! The embedded policy of a build.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf, absolute};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use callgate_engine::{Format, report, validate};
use callgate_signing::{MINIMUM_REVISION_VARIABLE, PUBLIC_KEY_VARIABLE, Trust};

use crate::checkout::Checkout;

/// The variable that tells a build its policy.
const VARIABLE: &str = "CALLGATE_POLICY";
/// The policy of the demo.
const SHIPPED: &str = "policies/crm.json";

/// The choice of a policy.
pub(crate) enum Policy {
    /// The one that the environment names.
    Inherited,
    /// The demo, whatever the environment names, for tests and measurements: these need no signature.
    Shipped,
    /// Another policy of the checkout, for its tests.
    Example(&'static str),
    /// A file; a relative path starts at the checkout root.
    File(PathBuf),
}

impl Policy {
    /// The policy of a build that people deploy: the file that a person named, or the one that the environment names.
    ///
    /// The build shows the path as given, so a file of the checkout is named from its root.
    pub(crate) fn choose(checkout: &Checkout, named: Option<&Path>) -> Result<Self> {
        if let Some(named) = named {
            ensure!(named.is_file(), "the policy file `{}` does not exist", named.display());
            let full = absolute(named).with_context(|| format!("cannot resolve `{}`", named.display()))?;
            return Ok(Self::File(full.strip_prefix(checkout.root()).map(Path::to_owned).unwrap_or(full)));
        }
        match env::var_os(VARIABLE) {
            Some(path) if !path.to_string_lossy().trim().is_empty() => Ok(Self::Inherited),
            Some(_) => bail!("the variable `{VARIABLE}` is blank; set it to the path of your policy"),
            None => bail!(
                "no policy is chosen; set `{VARIABLE}` to the path of your policy, or add `--policy FILE`; \
                 `{SHIPPED}` is the demo"
            ),
        }
    }

    /// As [`Policy::choose`], or the demo if nobody names a policy: for what runs on this machine.
    pub(crate) fn choose_or_demo(checkout: &Checkout, named: Option<&Path>) -> Result<Self> {
        if named.is_none() && env::var_os(VARIABLE).is_none() {
            return Ok(Self::Shipped);
        }
        Self::choose(checkout, named)
    }

    /// Reports an error in the policy or its signature before the build. The build takes minutes, and its tools would
    /// hide the error in their own output.
    pub(crate) fn check(&self, checkout: &Checkout) -> Result<()> {
        let shown = self.to_string();
        let text =
            fs::read_to_string(checkout.root().join(&shown)).with_context(|| format!("cannot read `{shown}`"))?;
        let format = Format::of_path(&shown).map_err(|problem| anyhow!("{problem}"))?;
        if let Err(problems) = format.parse(&text).and_then(validate) {
            let color = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none();
            eprintln!("{}\n", report::render(&shown, &text, format, &problems, color));
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
            Self::Shipped => _ = command.env(VARIABLE, SHIPPED),
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
            Self::Inherited => env::var_os(VARIABLE).unwrap_or_default().display().fmt(formatter),
            Self::Shipped => formatter.write_str(SHIPPED),
            Self::Example(file) => formatter.write_str(file),
            Self::File(path) => path.display().fmt(formatter),
        }
    }
}
