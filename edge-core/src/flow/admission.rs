//! Who is calling: from the head of a request to an authenticated one.

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

    /// Goes on once it is known who is calling.
    fn enter(self, outcome: Result<Caller, Problem>) -> Next<'d> {
        let caller = match outcome {
            Ok(caller) => caller,
            Err(problem) => return Next::Send(problem.response().traced(self.trace)),
        };
        endpoint::enter(self, caller)
    }

    /// Calls `act` with the keys that were fetched; `None` where they are borrowed, which no path of this crate leaves.
    fn with_keys<T>(&self, act: impl FnOnce(&mut KeyCache) -> T) -> Option<T> {
        self.deployment.key_cache.try_borrow_mut().ok().map(|mut cache| act(&mut cache))
    }
}

impl<'d> KeyFetch<'d> {
    /// The longest set of keys that is read, in bytes.
    pub const LIMIT: usize = MAX_KEYS_BYTES;

    /// How long all of it may take, in milliseconds.
    pub const TIMEOUT_MILLIS: u32 = 5_000;

    /// The address of the keys, which the configuration names, for a `GET` that follows no redirection.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Goes on with the body of an answer with status 200; with `None` where there is none, as keys from before may do.
    pub fn resume(self, body: Option<&[u8]>) -> Next<'d> {
        let Self { admission, credential, .. } = self;
        if let (Ok(authentication), Some(body), Some(now)) =
            (&admission.deployment.authentication, body, admission.deployment.platform.seconds())
        {
            // Keys that are of no use leave those from before, and what follows says what is missing.
            admission.with_keys(|cache| authentication.store_keys(cache, body, now).is_ok());
        }
        admission.authenticate(credential.as_deref(), false)
    }
}

impl<'d> Verification<'d> {
    /// What must be verified: [`Unverified::verify`] does it with crates; a platform does it with the key, the signing
    /// input and the signature.
    pub fn token(&self) -> &Unverified<'static> {
        &self.unverified
    }

    /// Goes on, now that it is known whether the signature holds. A platform that fails says that it does not.
    pub fn finish(self, is_genuine: bool) -> Next<'d> {
        let Self { admission, unverified } = self;
        let outcome = admission.with_keys(|cache| unverified.finish(is_genuine, cache));
        admission.enter(outcome.unwrap_or(Err(Problem::Internal)))
    }
}
