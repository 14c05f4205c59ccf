//! The MCP servers that a policy declares: names, or an object in which servers own tools.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::policy::document::{PolicyDocument, Tool};
use crate::policy::parse::tools::read_tools;
use crate::policy::text::node_reader::NodeReader;
use crate::policy::text::spanned::Spanned;
use crate::policy::text::tree::{Member, Node, Value};

/// The declared servers.
pub(crate) struct Servers {
    names: Vec<Spanned<String>>,
    /// The tools of the servers that own some; `None` if they could not be read.
    tools: Option<Vec<Tool>>,
    lists: Vec<(Spanned<String>, Range<usize>)>,
}

impl PolicyDocument<'_> {
    /// Adds the tools of the policy and those of its servers. The inner option is `None` for tools that could not be
    /// read.
    pub(crate) fn add_servers(&mut self, tools: Option<Option<Vec<Tool>>>, servers: Option<Option<Servers>>) {
        let Servers { names, tools: owned, lists } = match servers {
            None => return self.tools = tools.flatten(),
            Some(Some(servers)) => servers,
            // The tools of servers that could not be read are unknown.
            Some(None) => return,
        };
        self.servers = Some(names);
        // A list of tools declares all tools, also if it is the list of a server.
        let is_declared = tools.is_some() || !lists.is_empty();
        self.server_tools = lists;
        let tools = tools.unwrap_or_else(|| Some(Vec::new()));
        if let (Some(tools), Some(owned), true) = (tools, owned, is_declared) {
            self.tools = Some(tools.into_iter().chain(owned).collect());
        }
    }
}

/// Reads servers: a list of names, or an object with the tools of servers.
pub(crate) fn read_servers(node: &Node<'_>, reader: &mut NodeReader) -> Option<Servers> {
    match &node.value {
        Value::Array(_) => {
            let names = reader.strings(node, "`servers`")?;
            Some(Servers { names, tools: Some(Vec::new()), lists: Vec::new() })
        }
        Value::Object(members) => {
            let mut servers = Servers { names: Vec::new(), tools: Some(Vec::new()), lists: Vec::new() };
            members.iter().for_each(|member| read_server(member, &mut servers, reader));
            Some(servers)
        }
        _ => {
            reader.wrong_type(node, "`servers`", "a list of names or an object");
            None
        }
    }
}

fn read_server(member: &Member<'_>, servers: &mut Servers, reader: &mut NodeReader) {
    let name = Spanned { value: member.name.clone().into_owned(), span: member.name_span.clone() };
    servers.names.push(name.clone());
    let Some(server) = reader.object(&member.value, "a server", &["tools"]) else {
        servers.tools = None;
        return;
    };
    let Some(list) = server.optional("tools") else { return };
    let tools = read_tools(list, reader);
    servers.tools = servers.tools.take().zip(tools).map(|(mut known, tools)| {
        known.extend(tools.into_iter().map(|tool| owned_by(&name.value, tool)));
        known
    });
    servers.lists.push((name, list.span.clone()));
}

fn owned_by(server: &str, tool: Tool) -> Tool {
    let name = Spanned { value: format!("{server}/{}", tool.name.value), span: tool.name.span };
    Tool { name, server: Some(server.into()), ..tool }
}
