//! The settings of a deployment: what an operator sets, as text.

use alloc::string::String;

use crate::auth::Secrets;

/// The settings of a deployment, each unset or with its text. They hold secrets, so they have no debug form.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settings {
    values: [Option<String>; 5],
}

impl Settings {
    /// The names of the settings, in the order of [`Settings::new`]: variables of the environment, secrets of a Worker, or
    /// in lower case variables of Spin.
    pub const NAMES: [&'static str; 5] = [
        "CALLGATE_API_KEYS",
        "CALLGATE_CONFIG",
        "CALLGATE_JWT_SECRET",
        "CALLGATE_LOG_TOKEN",
        "CALLGATE_CLIENT_IP_HEADER",
    ];

    /// The settings with the values of [`Settings::NAMES`], in their order; `None` for one that is not set.
    ///
    /// A setting that the platform failed to read is not an unset one: see
    /// [`Deployment::unavailable`](crate::Deployment::unavailable).
    #[must_use]
    pub fn new(values: [Option<String>; 5]) -> Self {
        Self { values }
    }

    pub(crate) fn secrets(&self) -> Secrets<'_> {
        let [api_keys, _, token_secret, ..] = self.values.each_ref().map(Option::as_deref);
        Secrets { api_keys, token_secret }
    }

    pub(crate) fn config(&self) -> Option<&str> {
        let [_, config, ..] = &self.values;
        config.as_deref()
    }

    /// The credential that a collector of records requires, if there is one.
    pub(crate) fn log_token(&self) -> Option<String> {
        let [.., token, _] = &self.values;
        // A Spin variable cannot be unset by default, so its default is empty.
        token.clone().filter(|token| !token.is_empty())
    }

    /// The header that names the address of the client, for a platform that does not name one itself.
    pub(crate) fn client_ip_header(&self) -> Option<String> {
        let [.., header] = &self.values;
        header.clone().filter(|header| !header.is_empty())
    }
}
