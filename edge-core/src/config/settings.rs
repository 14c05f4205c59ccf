//! The settings of a deployment, as text from the operator.

use alloc::string::String;

use crate::auth::Secrets;

/// The settings of a deployment, each unset or a text. They contain secrets, so they have no debug form.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settings {
    values: [Option<String>; 5],
}

impl Settings {
    /// The names of the settings, in the order of [`Settings::new`]: environment variables, secrets of a Worker, or, in
    /// lower case, Spin variables.
    pub const NAMES: [&'static str; 5] = [
        "CALLGATE_API_KEYS",
        "CALLGATE_CONFIG",
        "CALLGATE_JWT_SECRET",
        "CALLGATE_LOG_TOKEN",
        "CALLGATE_CLIENT_IP_HEADER",
    ];

    /// The settings with the values of [`Settings::NAMES`], in order; `None` for one that is not set.
    ///
    /// If the platform fails to read a setting, the setting is not unset: see
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

    /// The credential that the record collector requires, if any.
    pub(crate) fn log_token(&self) -> Option<String> {
        let [.., token, _] = &self.values;
        // A Spin variable cannot be unset by default, so its default is empty.
        token.clone().filter(|token| !token.is_empty())
    }

    /// The header with the client's address, for a platform that does not set one itself.
    pub(crate) fn client_ip_header(&self) -> Option<String> {
        let [.., header] = &self.values;
        header.clone().filter(|header| !header.is_empty())
    }
}
