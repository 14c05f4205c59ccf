//! A call in the form for both evaluators.

use callgate_engine::{RequestFacts, TargetKind};

use crate::json::{Json, object, string, strings};

/// A call, and the request facts from the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The target: a tool, a prompt, or an operation on a resource.
    pub kind: TargetKind,
    /// The name of the tool or the prompt, or the URI of the resource.
    pub name: String,
    /// The caller's roles, at least one.
    pub roles: Vec<String>,
    /// The MCP server of the tool.
    pub server: Option<String>,
    /// `args`, an object.
    pub arguments: Json,
    /// `agentAttributes`, an object.
    pub agent: Json,
    /// `resourceAttributes`, an object.
    pub resource: Json,
    /// The time in seconds since the start of 1970 in UTC.
    pub time: Option<i64>,
    /// The caller's address.
    pub ip: Option<String>,
    /// The caller's country.
    pub country: Option<String>,
}

impl Request {
    /// Reads a call from a host. An invalid call has empty parts, which no policy allows.
    #[must_use]
    pub fn from_body(body: &Json) -> Self {
        let text = |value: &Json| if let Json::String(text) = value { Some(text.clone()) } else { None };
        let name = |name: &str| body.child(name).and_then(text);
        let source = |name: &str| body.child(name).cloned().unwrap_or(Json::EMPTY);
        let roles = match body.child("roles") {
            Some(Json::Array(roles)) => roles.iter().filter_map(text).collect(),
            _ => name("role").into_iter().collect(),
        };
        let operation = name("operation").unwrap_or_default();
        let operation = TargetKind::OPERATIONS.into_iter().find(|(known, _)| *known == operation);
        let tool = || (TargetKind::Tool, name("tool").or_else(|| name("toolName")).unwrap_or_default());
        let (kind, target) = match (name("prompt"), name("resource"), operation) {
            (Some(prompt), _, _) => (TargetKind::Prompt, prompt),
            (_, Some(uri), Some((_, kind))) => (kind, uri),
            _ => tool(),
        };
        Self {
            kind,
            name: target,
            roles,
            // The empty name is not a server.
            server: name("server").filter(|name| !name.is_empty()),
            arguments: source("args"),
            agent: source("agentAttributes"),
            resource: source("resourceAttributes"),
            time: None,
            ip: None,
            country: None,
        }
    }

    /// The body from a host.
    #[must_use]
    pub fn body(&self) -> Json {
        let operation = TargetKind::OPERATIONS.into_iter().find(|(_, kind)| *kind == self.kind);
        let mut body = match operation {
            Some((operation, _)) => object([("resource", string(&self.name)), ("operation", string(operation))]),
            None => object([(self.kind.noun(), string(&self.name))]),
        };
        match self.roles.as_slice() {
            [role] => body.insert("role", string(role)),
            roles => body.insert("roles", strings(roles)),
        }
        if let Some(server) = &self.server {
            body.insert("server", string(server));
        }
        for (name, source) in
            [("args", &self.arguments), ("agentAttributes", &self.agent), ("resourceAttributes", &self.resource)]
        {
            if *source != Json::EMPTY {
                body.insert(name, source.clone());
            }
        }
        body
    }

    /// The request facts, in the engine's form.
    #[must_use]
    pub fn facts(&self) -> RequestFacts {
        RequestFacts::new(self.time, self.ip.as_deref(), self.country.as_deref())
    }

    /// The request facts, as the object of the source `Request`.
    #[must_use]
    pub fn facts_object(&self) -> Json {
        let mut facts = Json::EMPTY;
        if let Some(time) = self.time {
            facts.insert("time", Json::Number(time.to_string()));
        }
        if let Some(ip) = &self.ip {
            facts.insert("ip", string(ip));
        }
        if let Some(country) = &self.country {
            facts.insert("country", string(country));
        }
        facts
    }
}
