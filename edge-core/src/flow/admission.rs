//! From the head of a request to a caller who may go on, with what an edge has to do for it in between.

use alloc::boxed::Box;
use alloc::string::String;

use crate::answer::policy::{describe_policy, facts_of};
use crate::auth::{Caller, KeyCache, Step, Unverified};
use crate::flow::deployment::Deployment;
use crate::flow::pending::PendingCall;
use crate::http::Response;
use crate::http::problem::Problem;
use crate::http::trace_context::TraceContext;
use crate::log::Mode;

/// What to do with a request, as far as it is known.
#[derive(Clone, Debug)]
#[must_use]
pub enum Next<'d> {
    /// Answer; the body does not matter.
    Answer(Response),
    /// Answer with [`PendingCall::refuse`], without reading the body.
    Refuse(PendingCall<'d>, Problem),
    /// Read the body, up to [`PendingCall::body_limit`] bytes, and answer with [`PendingCall::answer`].
    ReadBody(PendingCall<'d>),
    /// Fetch the keys of the issuer of tokens, and go on with [`KeyFetch::resume`].
    FetchKeys(Box<KeyFetch<'d>>),
    /// Verify the signature of a token, and go on with [`Verification::finish`].
    Verify(Box<Verification<'d>>),
}

/// What a request that needs a credential is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// The description of the policy.
    Policy,
    /// One decision or several; the problem of the head, if it has one, which is told to those who may know.
    Decision { is_batch: bool, problem: Option<Problem> },
}

/// A request whose caller is not known yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admission<'d> {
    pub(crate) deployment: &'d Deployment<'d>,
    pub(crate) purpose: Purpose,
    /// The trace of the header `traceparent`, if that is valid.
    pub(crate) trace: Option<TraceContext>,
    /// When the request came in, in microseconds; where nothing is recorded, nobody asked.
    pub(crate) started: i64,
}

/// A request that waits for the keys of the issuer of tokens.
#[derive(Clone, Debug)]
pub struct KeyFetch<'d> {
    admission: Admission<'d>,
    url: String,
    credential: Option<String>,
}

/// A request that waits for the verification of its token.
#[derive(Clone, Debug)]
pub struct Verification<'d> {
    admission: Admission<'d>,
    unverified: Unverified<'static>,
}

impl<'d> Admission<'d> {
    pub(crate) fn begin(deployment: &'d Deployment<'d>, purpose: Purpose, traceparent: Option<&str>) -> Self {
        let started = if deployment.log.mode == Mode::Off { 0 } else { deployment.micros() };
        Self { deployment, purpose, trace: traceparent.and_then(TraceContext::read), started }
    }

    /// Looks at the credential.
    pub(crate) fn authenticate(self, credential: Option<&str>, may_fetch: bool) -> Next<'d> {
        let authentication = match &self.deployment.authentication {
            Ok(authentication) => authentication,
            Err(closed) => return Next::Answer(closed.response().traced(self.trace)),
        };
        if let Some(outcome) = authentication.by_key(credential) {
            return self.enter(outcome);
        }
        let Some(now) = self.deployment.unix_seconds() else { return self.enter(Err(Problem::Internal)) };
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
            Err(problem) => return Next::Answer(problem.response().traced(self.trace)),
        };
        match self.purpose {
            Purpose::Policy => {
                let image = &self.deployment.image;
                let response = Response::json(describe_policy(image, &facts_of(image)).into_bytes());
                Next::Answer(response.traced(self.trace))
            }
            Purpose::Decision { is_batch, problem } => {
                let call = PendingCall {
                    deployment: self.deployment,
                    is_batch,
                    caller,
                    trace: self.trace,
                    started: self.started,
                };
                match problem {
                    None => Next::ReadBody(call),
                    Some(problem) => Next::Refuse(call, problem),
                }
            }
        }
    }

    /// Calls `act` with the keys that were fetched; `None` where they are borrowed, which no path of this crate leaves.
    fn with_keys<T>(&self, act: impl FnOnce(&mut KeyCache) -> T) -> Option<T> {
        self.deployment.key_cache.try_borrow_mut().ok().map(|mut cache| act(&mut cache))
    }
}

impl<'d> KeyFetch<'d> {
    /// The address of the keys, which the configuration names.
    ///
    /// Follow no redirection, read no more than [`crate::auth::MAX_KEYS_BYTES`], and give up after a few seconds.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Goes on with the body of an answer with status 200; with `None` where there is none, as keys from before may do.
    pub fn resume(self, body: Option<&[u8]>) -> Next<'d> {
        let Self { admission, credential, .. } = self;
        if let (Ok(authentication), Some(body), Some(now)) =
            (&admission.deployment.authentication, body, admission.deployment.unix_seconds())
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
