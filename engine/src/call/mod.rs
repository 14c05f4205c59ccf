//! The call of a host, read strictly from the body of its request.
//!
//! One pass checks all bytes, borrows from them, and keeps only the fields that a rule of the policy reads.

mod error;
mod facts;
pub(crate) mod fields;
mod unknown_member;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use smallvec::SmallVec;

pub use crate::call::error::{Member, RequestError};
pub use crate::call::facts::{CallerFacts, RequestFacts};
pub use crate::call::unknown_member::UnknownMember;
use crate::image::index::FieldSlot;
use crate::image::{FieldRef, PolicyImage};
use crate::json::fault::Fault;
use crate::json::lexer::Name;
use crate::json::name_hash::hash_name;
use crate::json::{Kind, RawValue, Reader};
use crate::language::operators::SERVER_FIELD;
use crate::language::operators::Source;
use crate::language::target::TargetKind;
use crate::language::target::can_be_name;
use crate::limits::{CallLimits, MAX_REQUEST_DEPTH};

/// The arguments of a call without `args`.
const NO_ARGUMENTS: &str = "{}";

/// The target of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// A tool, a prompt, or an operation on a resource.
    pub kind: TargetKind,
    /// The name of the tool or the prompt, or the URI of the resource.
    pub name: Cow<'a, str>,
}

/// The roles of a caller; most callers have one.
pub type Roles<'a> = SmallVec<[Cow<'a, str>; 2]>;

/// One call and the host's facts about its caller and its resource.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The target.
    pub target: Target<'a>,
    /// The caller's roles, at least one.
    pub roles: Roles<'a>,
    /// The MCP server that offers the target.
    pub server: Option<Cow<'a, str>>,
    /// The host's identifier for the run that the call belongs to.
    pub trace_id: Option<Cow<'a, str>>,
    /// The text of `args` as sent; `{}` if it was not sent.
    pub arguments: &'a str,
    /// Whether the response must contain the argument digest.
    pub wants_digest: bool,
    /// Whether the response must explain the decision.
    pub wants_explanation: bool,
    /// The fields that a rule reads, by their slots in the image; in ascending order if they are many.
    fields: SmallVec<[(FieldSlot, RawValue<'a>); 8]>,
    /// The members of `args`, if the policy enforces schemas; `None` if there are more than are kept, so that the
    /// arguments must be read again.
    members: Option<ArgumentMembers<'a>>,
}

/// The names and the values of some arguments.
type ArgumentMembers<'a> = SmallVec<[(Name<'a>, RawValue<'a>); MAX_MEMBERS_KEPT]>;

/// How many arguments are kept, so that memory does not grow with the call.
const MAX_MEMBERS_KEPT: usize = 8;

/// How many fields are searched linearly; a binary search of so few is slower.
const MAX_FIELDS_SEARCHED: usize = 12;

impl<'a> Call<'a> {
    /// Reads the only call of a body and adds the facts from the edge.
    ///
    /// # Errors
    /// The body is not one strict JSON object with the members of a call.
    pub fn read(body: &'a [u8], facts: &'a RequestFacts, image: &PolicyImage<'_>) -> Result<Self, RequestError> {
        let mut call = Self::unread();
        call.read_alone(&CallLimits::default(), body, facts, image)?;
        Ok(call)
    }

    /// Reads the only call of a body like [`Call::read`], within the limits of a deployment, and passes it to `judge`
    /// in place: a call is large, and returning it would copy it.
    ///
    /// # Errors
    /// As for [`Call::read`], or the call exceeds a limit.
    pub fn judge_within<T>(
        limits: &CallLimits,
        body: &'a [u8],
        facts: &'a RequestFacts,
        image: &PolicyImage<'_>,
        judge: impl FnOnce(&Self) -> T,
    ) -> Result<T, RequestError> {
        let mut call = Self::unread();
        call.read_alone(limits, body, facts, image)?;
        Ok(judge(&call))
    }

    fn read_alone(
        &mut self,
        limits: &CallLimits,
        body: &'a [u8],
        facts: &'a RequestFacts,
        image: &PolicyImage<'_>,
    ) -> Result<(), RequestError> {
        let mut reader = Reader::new(body, limits.depth)?;
        self.read_from(&mut reader, facts, image, limits)?;
        Ok(reader.end()?)
    }

    fn unread() -> Self {
        Self {
            target: Target { kind: TargetKind::Tool, name: Cow::Borrowed("") },
            roles: SmallVec::new(),
            server: None,
            trace_id: None,
            arguments: NO_ARGUMENTS,
            wants_digest: true,
            wants_explanation: false,
            fields: SmallVec::new(),
            members: Some(SmallVec::new()),
        }
    }

    /// Reads all calls of a batch, in order, or none.
    ///
    /// # Errors
    /// As for [`Call::read`], for each call; or the list is empty or too long.
    pub fn read_batch(
        body: &'a [u8],
        facts: &'a RequestFacts,
        image: &PolicyImage<'_>,
    ) -> Result<Vec<Self>, RequestError> {
        Self::read_batch_within(&CallLimits::default(), body, facts, image)
    }

    /// Reads the calls of a batch like [`Call::read_batch`], within the limits of a deployment.
    ///
    /// # Errors
    /// As for [`Call::read_batch`], or the batch or one of its calls exceeds a limit.
    pub fn read_batch_within(
        limits: &CallLimits,
        body: &'a [u8],
        facts: &'a RequestFacts,
        image: &PolicyImage<'_>,
    ) -> Result<Vec<Self>, RequestError> {
        let mut reader = Reader::new(body, limits.depth)?;
        let mut calls = None;
        if reader.peek()? != b'{' {
            return Err(RequestError::NotAnObject);
        }
        reader.object(|reader, name| {
            let name = name.bytes();
            if *name != *b"calls" {
                return Err(RequestError::UnknownMember(UnknownMember::of_batch(&name)));
            }
            if reader.peek()? != b'[' {
                return Err(RequestError::WrongType(Member::Calls));
            }
            let mut list = Vec::new();
            reader.array(|reader| {
                if list.len() >= limits.calls {
                    return Err(RequestError::CallCount);
                }
                let outer = reader.restart_depth();
                let mut call = Self::unread();
                call.read_from(reader, facts, image, limits)?;
                list.push(call);
                reader.resume_depth(outer);
                Ok(())
            })?;
            calls = Some(list);
            Ok(())
        })?;
        reader.end()?;
        match calls {
            None => Err(RequestError::Missing(Member::Calls)),
            Some(list) if list.is_empty() => Err(RequestError::CallCount),
            Some(list) => Ok(list),
        }
    }

    /// Uses the roles and the attributes of the caller's token.
    ///
    /// A host may repeat the roles. If they differ, the host and the token describe two callers.
    #[cold]
    fn take_caller(
        &mut self,
        caller: &'a CallerFacts,
        image: &PolicyImage<'_>,
        limits: &CallLimits,
    ) -> Result<(), RequestError> {
        if caller.roles.is_empty() || caller.roles.len() > limits.roles {
            return Err(RequestError::RoleCount);
        }
        if image.takes_one_role() && caller.roles.len() > 1 {
            return Err(RequestError::RolesNotSupported);
        }
        let is_in_body = |role: &String| self.roles.iter().any(|named| *named == **role);
        let is_in_token = |named: &Cow<'_, str>| caller.roles.iter().any(|role| **role == **named);
        let is_same = caller.roles.iter().all(is_in_body) && self.roles.iter().all(is_in_token);
        if !self.roles.is_empty() && !is_same {
            return Err(RequestError::RolesDiffer);
        }
        self.roles = caller.roles.iter().map(|role| Cow::Borrowed(role.as_str())).collect();
        let mut reader = Reader::new(caller.attributes.as_bytes(), MAX_REQUEST_DEPTH)?;
        self.read_source(&mut reader, image, Source::AgentAttributes, Member::AgentAttributes)?;
        reader.end()?;
        Ok(())
    }

    /// Keeps the facts from the edge if a rule reads them.
    fn add_facts(&mut self, facts: &'a RequestFacts, image: &PolicyImage<'_>) -> Result<(), RequestError> {
        if image.reads_request() && !facts.text.is_empty() {
            let mut reader = Reader::new(facts.text.as_bytes(), MAX_REQUEST_DEPTH)?;
            self.read_fields(&mut reader, image, FieldSlot::root(Source::Request))?;
        }
        Ok(())
    }

    /// The arguments as one value.
    pub(crate) fn argument_value(&self) -> RawValue<'a> {
        RawValue::of_checked(self.arguments)
    }

    /// The members of the arguments, if they were kept.
    pub(crate) fn argument_members(&self) -> Option<&[(Name<'a>, RawValue<'a>)]> {
        self.members.as_deref()
    }

    /// The value of a field that a rule reads, if the call has it.
    pub(crate) fn field(&self, field: FieldSlot) -> Option<RawValue<'a>> {
        let is_it = |&&(slot, _): &&(FieldSlot, RawValue<'_>)| slot == field;
        if self.fields.len() <= MAX_FIELDS_SEARCHED {
            return self.fields.iter().find(is_it).map(|&(_, value)| value);
        }
        let at = self.fields.binary_search_by_key(&field, |&(slot, _)| slot).ok()?;
        self.fields.get(at).map(|&(_, value)| value)
    }

    /// Sorts the fields in the order that the search needs.
    fn sort_fields(&mut self) {
        if self.fields.len() > MAX_FIELDS_SEARCHED {
            self.fields.sort_unstable_by_key(|&(slot, _)| slot);
        }
    }

    /// Reads a call; the reader must be at the brace of its object.
    fn read_from(
        &mut self,
        reader: &mut Reader<'a>,
        facts: &'a RequestFacts,
        image: &PolicyImage<'_>,
        limits: &CallLimits,
    ) -> Result<(), RequestError> {
        if reader.peek()? != b'{' {
            return Err(RequestError::NotAnObject);
        }
        let mut target = None;
        let mut operation = None;
        let mut role = None;
        let mut roles = None;
        reader.object(|reader, name| {
            let name = name.bytes();
            match &*name {
                b"tool" | b"toolName" | b"prompt" | b"resource" => {
                    let (kind, member) = match &*name {
                        b"prompt" => (TargetKind::Prompt, Member::Prompt),
                        b"resource" => (TargetKind::ResourceRead, Member::Resource),
                        _ => (TargetKind::Tool, Member::Tool),
                    };
                    let name = read_string(reader, member)?;
                    if target.replace(Target { kind, name }).is_some() {
                        return Err(RequestError::Ambiguous(Member::Tool));
                    }
                }
                b"operation" => {
                    let kind = TargetKind::from_operation(&read_string(reader, Member::Operation)?);
                    operation = Some(kind.ok_or(RequestError::WrongType(Member::Operation))?);
                }
                b"role" => role = Some(read_string(reader, Member::Role)?),
                b"roles" => roles = Some(read_roles(reader, limits)?),
                b"args" => self.arguments = self.read_source(reader, image, Source::Arguments, Member::Args)?,
                b"agentAttributes" if facts.caller.is_some() => {
                    // A value that is not JSON is reported as such.
                    reader.skip()?;
                    return Err(RequestError::AttributesInToken);
                }
                b"agentAttributes" => {
                    self.read_source(reader, image, Source::AgentAttributes, Member::AgentAttributes)?;
                }
                b"resourceAttributes" => {
                    self.read_source(reader, image, Source::ResourceAttributes, Member::ResourceAttributes)?;
                }
                b"server" => {
                    let value = reader.value()?;
                    let name = value.as_string().ok_or(RequestError::WrongType(Member::Server))?;
                    // The empty name means no server. A rule for a server reads it as a field.
                    self.server = Some(name).filter(|name| !name.is_empty());
                    let field = SERVER_FIELD.as_bytes();
                    let field = image.field(FieldSlot::root(Source::Request), field, hash_name(field));
                    // No policy can declare an invalid name, so such a name leaves the server unknown.
                    let is_name = self.server.as_deref().is_some_and(can_be_name);
                    if let Some(FieldRef { slot, .. }) = field.filter(|_| is_name) {
                        self.fields.push((slot, value));
                    }
                }
                b"argsDigest" => self.wants_digest = read_boolean(reader, Member::ArgsDigest)?,
                b"explain" => self.wants_explanation = read_boolean(reader, Member::Explain)?,
                b"traceId" => self.trace_id = Some(read_string(reader, Member::TraceId)?),
                _ => return Err(RequestError::UnknownMember(UnknownMember::of_call(&name))),
            }
            Ok(())
        })?;
        self.target = target.ok_or(RequestError::Missing(Member::Tool))?;
        match (self.target.kind.is_resource(), operation) {
            (true, Some(operation)) => self.target.kind = operation,
            (true, None) => return Err(RequestError::Missing(Member::Operation)),
            (false, Some(_)) => return Err(RequestError::Ambiguous(Member::Operation)),
            (false, None) => {}
        }
        if image.takes_tools_only() && self.target.kind != TargetKind::Tool {
            return Err(RequestError::TargetNotSupported);
        }
        self.roles = match (role, roles) {
            (Some(role), None) => SmallVec::from_iter([role]),
            (None, Some(_)) if image.takes_one_role() => return Err(RequestError::RolesNotSupported),
            (None, Some(roles)) => roles,
            (Some(_), Some(_)) => return Err(RequestError::Ambiguous(Member::Role)),
            (None, None) if facts.caller.is_none() => return Err(RequestError::Missing(Member::Role)),
            (None, None) => SmallVec::new(),
        };
        if let Some(caller) = &facts.caller {
            self.take_caller(caller, image, limits)?;
        }
        self.add_facts(facts, image)?;
        self.sort_fields();
        Ok(())
    }

    /// Reads an object of fields, keeps the fields that a rule reads, and returns the object's text.
    fn read_source(
        &mut self,
        reader: &mut Reader<'a>,
        image: &PolicyImage<'_>,
        source: Source,
        member: Member,
    ) -> Result<&'a str, RequestError> {
        if reader.peek()? != b'{' {
            return Err(RequestError::WrongType(member));
        }
        Ok(self.read_fields(reader, image, FieldSlot::root(source))?.text())
    }

    /// Reads a value that contains fields, or may; `parent` is the field of the value itself.
    fn read_fields(
        &mut self,
        reader: &mut Reader<'a>,
        image: &PolicyImage<'_>,
        parent: FieldSlot,
    ) -> Result<RawValue<'a>, Fault> {
        let first = reader.peek()?;
        let start = reader.offset();
        match first {
            b'{' => {
                let is_argument = parent == FieldSlot::root(Source::Arguments) && image.has_schemas();
                reader.object(|reader, name| {
                    let is_likely = image.may_name_field(name.hash);
                    let field = if is_likely { image.field(parent, &name.bytes(), name.hash) } else { None };
                    let start = reader.offset();
                    self.read_field(reader, image, field)?;
                    if is_argument {
                        self.keep_member(name, reader.value_from(start));
                    }
                    Ok::<_, Fault>(())
                })?;
            }
            b'[' => {
                let mut index = 0_usize;
                reader.array(|reader| {
                    let mut digits = itoa::Buffer::new();
                    let digits = digits.format(index).as_bytes();
                    let field = image.field(parent, digits, hash_name(digits));
                    index = index.saturating_add(1);
                    self.read_field(reader, image, field)
                })?;
            }
            _ => return reader.value(),
        }
        reader.value_from(start).ok_or(Fault::Syntax)
    }

    fn keep_member(&mut self, name: Name<'a>, value: Option<RawValue<'a>>) {
        match (&mut self.members, value) {
            (Some(members), Some(value)) if members.len() < MAX_MEMBERS_KEPT => members.push((name, value)),
            _ => self.members = None,
        }
    }

    /// Reads the value of a member or an item, and keeps it if a rule reads it.
    fn read_field(
        &mut self,
        reader: &mut Reader<'a>,
        image: &PolicyImage<'_>,
        field: Option<FieldRef>,
    ) -> Result<(), Fault> {
        let value = match field {
            None => return reader.skip(),
            Some(FieldRef { slot, has_children: true, .. }) => self.read_fields(reader, image, slot)?,
            Some(_) => reader.value()?,
        };
        if let Some(FieldRef { slot, is_read, has_children }) = field {
            // A rule reads into a value that has no members: `FieldPresent` must know that it is there.
            if is_read || (has_children && value.is_scalar()) {
                self.fields.push((slot, value));
            }
        }
        Ok(())
    }
}

fn read_string<'a>(reader: &mut Reader<'a>, member: Member) -> Result<Cow<'a, str>, RequestError> {
    if reader.peek()? == b'"' {
        return Ok(reader.string()?);
    }
    // A value that is not JSON is a syntax fault, not a value of another type.
    reader.value()?;
    Err(RequestError::WrongType(member))
}

fn read_boolean(reader: &mut Reader<'_>, member: Member) -> Result<bool, RequestError> {
    match reader.value()?.kind() {
        Kind::Bool(value) => Ok(value),
        _ => Err(RequestError::WrongType(member)),
    }
}

fn read_roles<'a>(reader: &mut Reader<'a>, limits: &CallLimits) -> Result<Roles<'a>, RequestError> {
    if reader.peek()? != b'[' {
        return Err(RequestError::WrongType(Member::Roles));
    }
    let mut roles = SmallVec::new();
    reader.array(|reader| {
        if roles.len() >= limits.roles {
            return Err(RequestError::RoleCount);
        }
        roles.push(read_string(reader, Member::Roles)?);
        Ok(())
    })?;
    if roles.is_empty() { Err(RequestError::RoleCount) } else { Ok(roles) }
}
