//! Why the body of a request is not a call.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::call::unknown_member::UnknownMember;
use crate::json::fault::Fault;
#[cfg(doc)]
use crate::limits::CallLimits;

/// Why a body is not a call. The codes are stable. Of the sender's input, a text repeats only the name of an unknown
/// member: its start, as printable ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// The body is not strict JSON.
    Json(Fault),
    /// The body, or a call in it, is not an object.
    NotAnObject,
    /// An object has an unknown member.
    UnknownMember(UnknownMember),
    /// A member is missing.
    Missing(Member),
    /// A member has the wrong JSON type.
    WrongType(Member),
    /// Two members are mutually exclusive: `tool` and another target, `role` and `roles`, or `operation` without a
    /// resource.
    Ambiguous(Member),
    /// The call has no role, or more roles than [`CallLimits`] allows.
    RoleCount,
    /// The roles of the body differ from the roles of the caller's token.
    RolesDiffer,
    /// `agentAttributes` was sent, but a token contains the attributes.
    AttributesInToken,
    /// `roles` was sent, but the language of the policy supports one `role` for each call.
    RolesNotSupported,
    /// A prompt or a resource was sent, but the language of the policy supports only tools.
    TargetNotSupported,
    /// `calls` is empty or longer than [`CallLimits`] allows.
    CallCount,
}

/// A member of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// `tool` or `toolName`
    Tool,
    /// `prompt`
    Prompt,
    /// `resource`
    Resource,
    /// `operation`
    Operation,
    /// `role`
    Role,
    /// `roles`
    Roles,
    /// `args`
    Args,
    /// `agentAttributes`
    AgentAttributes,
    /// `resourceAttributes`
    ResourceAttributes,
    /// `server`
    Server,
    /// `traceId`
    TraceId,
    /// `argsDigest`
    ArgsDigest,
    /// `explain`
    Explain,
    /// `calls`
    Calls,
}

impl From<Fault> for RequestError {
    fn from(fault: Fault) -> Self {
        Self::Json(fault)
    }
}

impl RequestError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Json(Fault::NotUtf8) => "not_utf8",
            Self::Json(Fault::Syntax) => "invalid_json",
            Self::Json(Fault::LoneSurrogate) => "lone_surrogate",
            Self::Json(Fault::NumberOutOfRange) => "number_out_of_range",
            Self::Json(Fault::DuplicateMember) => "duplicate_member",
            Self::Json(Fault::TooDeep) => "too_deep",
            Self::NotAnObject => "not_an_object",
            Self::UnknownMember(_) => "unknown_member",
            Self::Missing(_) => "missing_member",
            Self::WrongType(_) => "wrong_type",
            Self::Ambiguous(_) => "ambiguous_member",
            Self::RoleCount => "role_count",
            Self::RolesDiffer => "roles_differ",
            Self::AttributesInToken => "attributes_not_supported",
            Self::RolesNotSupported => "roles_not_supported",
            Self::TargetNotSupported => "target_not_supported",
            Self::CallCount => "call_count",
        }
    }

    /// A sentence for people.
    #[must_use]
    pub fn detail(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Json(Fault::NotUtf8) => "the body must be UTF-8 without a byte-order mark",
            Self::Json(Fault::Syntax) => "the body must be exactly one JSON value",
            Self::Json(Fault::LoneSurrogate) => "a string contains an unpaired surrogate",
            Self::Json(Fault::NumberOutOfRange) => "a number is out of range",
            Self::Json(Fault::DuplicateMember) => "an object has a duplicate member",
            Self::Json(Fault::TooDeep) => "objects and arrays exceed the nesting limit `depth`, by default 32",
            Self::NotAnObject => "the body must be an object",
            Self::UnknownMember(member) => {
                let mut detail = String::new();
                member.write_detail(&mut detail);
                return Cow::Owned(detail);
            }
            Self::Missing(Member::Tool) => "`tool`, `prompt` or `resource` is missing",
            Self::Missing(Member::Operation) => "`operation` is missing; write `read`, `list` or `subscribe`",
            Self::Missing(Member::Calls) => "`calls` is missing",
            Self::Missing(_) => "`role` is missing",
            Self::WrongType(Member::Tool) => "`tool` must be a string",
            Self::WrongType(Member::Prompt) => "`prompt` must be a string",
            Self::WrongType(Member::Resource) => "`resource` must be a string",
            Self::WrongType(Member::Operation) => "`operation` must be `read`, `list` or `subscribe`",
            Self::WrongType(Member::Role) => "`role` must be a string",
            Self::WrongType(Member::Roles) => "`roles` must be a list of strings",
            Self::WrongType(Member::Args) => "`args` must be an object",
            Self::WrongType(Member::AgentAttributes) => "`agentAttributes` must be an object",
            Self::WrongType(Member::ResourceAttributes) => "`resourceAttributes` must be an object",
            Self::WrongType(Member::Server) => "`server` must be a string",
            Self::WrongType(Member::TraceId) => "`traceId` must be a string",
            Self::WrongType(Member::ArgsDigest) => "`argsDigest` must be a boolean",
            Self::WrongType(Member::Explain) => "`explain` must be a boolean",
            Self::WrongType(Member::Calls) => "`calls` must be a list of calls",
            Self::Ambiguous(Member::Operation) => "`operation` requires `resource`",
            Self::Ambiguous(Member::Tool) => "`tool`, `toolName`, `prompt` and `resource` are mutually exclusive",
            Self::Ambiguous(_) => "`role` and `roles` are mutually exclusive",
            Self::RoleCount => "a call must have at least one role and at most `rolesPerCaller` roles, by default 32",
            Self::RolesDiffer => "the roles in the body differ from the roles in the token",
            Self::AttributesInToken => "the caller's attributes come from the token; remove `agentAttributes`",
            Self::RolesNotSupported => "the policy language `perso-1` supports one role for each call, in `role`",
            Self::TargetNotSupported => "the policy language `perso-1` supports only `tool` targets",
            Self::CallCount => {
                "`calls` must contain at least one call and at most `callsPerBatch` calls, by default 100"
            }
        })
    }
}

impl core::fmt::Display for RequestError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(&self.detail())
    }
}

impl core::error::Error for RequestError {}
