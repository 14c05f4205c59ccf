//! Authenticates the caller of a request.

use alloc::boxed::Box;

use crate::auth::{Caller, KeyCache, MAX_KEYS_BYTES, Step, Unverified};
use crate::flow::deployment::Deployment;
use crate::flow::endpoint;
use crate::flow::next::{Admission, Endpoint, KeyFetch, Next, Verification};
use crate::http::problem::Problem;
use crate::http::trace_context::TraceContext;
use crate::log::Mode;

impl<'d> Admission<'d> {
    pub(super) fn begin(deployment: &'d Deployment<'d>, endpoint: Endpoint, traceparent: Option<&str>) -> Self {
        let started = if deployment.log.mode == Mode::Off { 0 } else { deployment.platform.micros() };
        Self { deployment, endpoint, trace: traceparent.and_then(TraceContext::read), started }
    }

    /// Looks at the credential.
    pub(crate) fn authenticate(self, credential: Option<&str>, may_fetch: bool) -> Next<'d> {
        let authentication = match &self.deployment.authentication {
            Ok(authentication) => authentication,
            Err(closed) => return Next::Send(closed.response().traced(self.trace)),
        };
        if let Some(outcome) = authentication.by_key(credential) {
            return self.enter(outcome);
        }
        let Some(now) = self.deployment.platform.seconds() else { return self.enter(Err(Problem::Internal)) };
        match self.with_keys(|cache| authentication.step(credential, cache, now, may_fetch)) {
            Some(Step::Done(outcome)) => self.enter(outcome),
            Some(Step::Verify(unverified)) => {
                Next::Verify(Box::new(Verification { admission: self, unverified: unverified.into_owned() }))
            }
            Some(Step::FetchKeys(url)) if may_fetch => Next::FetchKeys(Box::new(KeyFetch {
                admission: self,
                url: url.into(),
                credential: credential.map(Into::into),
            })),
            Some(Step::FetchKeys(_)) => self.enter(Err(Problem::KeysUnavailable)),
            None => self.enter(Err(Problem::Internal)),
        }
    }

    /// Continues with the authentication result.
    fn enter(self, outcome: Result<Caller, Problem>) -> Next<'d> {
        let caller = match outcome {
            Ok(caller) => caller,
            Err(problem) => return Next::Send(problem.response().traced(self.trace)),
        };
        endpoint::enter(self, caller)
    }

    /// Calls `act` with the key cache; `None` if it is borrowed, which no path of this crate leaves.
    fn with_keys<T>(&self, act: impl FnOnce(&mut KeyCache) -> T) -> Option<T> {
        self.deployment.key_cache.try_borrow_mut().ok().map(|mut cache| act(&mut cache))
    }
}

impl<'d> KeyFetch<'d> {
    /// The maximum size of a key set, in bytes.
    pub const LIMIT: usize = MAX_KEYS_BYTES;

    /// The maximum duration of the fetch, in milliseconds.
    pub const TIMEOUT_MILLIS: u32 = 5_000;

    /// The address of the keys from the configuration, for a `GET` that follows no redirection.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Continues with the body of a response with status 200, or with `None` if there is none: cached keys may suffice.
    pub fn resume(self, body: Option<&[u8]>) -> Next<'d> {
        let Self { admission, credential, .. } = self;
        if let (Ok(authentication), Some(body), Some(now)) =
            (&admission.deployment.authentication, body, admission.deployment.platform.seconds())
        {
            // An unusable key set leaves the cached keys in place; the next step reports what is missing.
            admission.with_keys(|cache| authentication.store_keys(cache, body, now).is_ok());
        }
        admission.authenticate(credential.as_deref(), false)
    }
}

impl<'d> Verification<'d> {
    /// The token to verify: [`Unverified::verify`] uses crates; a platform uses the key, the signing input and the
    /// signature.
    pub fn token(&self) -> &Unverified<'static> {
        &self.unverified
    }

    /// Continues with the result of the verification. A platform that fails passes `false`.
    pub fn finish(self, is_genuine: bool) -> Next<'d> {
        let Self { admission, unverified } = self;
        let outcome = admission.with_keys(|cache| unverified.finish(is_genuine, cache));
        admission.enter(outcome.unwrap_or(Err(Problem::Internal)))
    }
}
