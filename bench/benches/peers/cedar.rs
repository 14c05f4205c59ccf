//! Cedar: the tool is the action, the role is a parent of the principal, and everything else is the context.

use std::collections::HashSet;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    caller: EntityTypeName,
    role: EntityTypeName,
    action: EntityTypeName,
    resource: EntityUid,
}

/// The request to Cedar.
pub(crate) struct Question {
    request: Request,
    entities: Entities,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'t> {
    tool: &'t str,
    args: Value,
    role: &'t str,
    agent_attributes: Value,
    resource_attributes: Value,
}

impl Cedar {
    pub(crate) fn new() -> Self {
        let name = |text: &str| text.parse::<EntityTypeName>().expect("a type");
        Self {
            authorizer: Authorizer::new(),
            policies: include_str!("../../peers/crm.cedar").parse().expect("a policy set"),
            caller: name("Caller"),
            role: name("Role"),
            action: name("Action"),
            resource: r#"Server::"crm""#.parse().expect("an entity"),
        }
    }

    pub(crate) fn decide_text(&self, text: &str) -> bool {
        self.decide(&self.read(text))
    }

    pub(crate) fn read(&self, text: &str) -> Question {
        let body: Body<'_> = serde_json::from_str(text).expect("a body");
        let uid = |of: &EntityTypeName, id: &str| EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id));
        let caller =
            uid(&self.caller, body.agent_attributes.get("user_id").and_then(Value::as_str).unwrap_or_default());
        // Roles have no parents here, so they need no entities.
        let entity = Entity::new_no_attrs(caller.clone(), HashSet::from([uid(&self.role, body.role)]));
        let context = json!({
            "args": body.args,
            "agentAttributes": body.agent_attributes,
            "resourceAttributes": body.resource_attributes,
        });
        let context = Context::from_json_value(context, None).expect("a context");
        let action = uid(&self.action, body.tool);
        // Without a schema, there is less to validate, so this is faster.
        let request = Request::new(caller, action, self.resource.clone(), context, None).expect("a request");
        Question { request, entities: Entities::from_entities([entity], None).expect("entities") }
    }

    pub(crate) fn decide(&self, question: &Question) -> bool {
        let response = self.authorizer.is_authorized(&question.request, &self.policies, &question.entities);
        response.decision() == Decision::Allow
    }
}
