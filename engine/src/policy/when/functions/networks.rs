//! `cidr("10.0.0.0/8").containsIP(request.ip)`: an address is in a network.

use crate::condition::{CidrCheck, Condition, ConditionKind};
use crate::language::operators::StringOp;
use crate::policy::when::ast::Start;
use crate::policy::when::functions::Method;
use crate::policy::when::lower::Lowering;

pub(super) fn contains(lowering: &mut Lowering<'_>, method: Method<'_>) -> Option<Condition> {
    let Method { start, before, name, arguments, span } = method;
    let networks = match (start, before) {
        (Start::Call(cidr, of_cidr), []) if cidr.value == "cidr" => match of_cidr.as_slice() {
            [networks] => lowering.texts(networks, "a network"),
            _ => lowering.wrong_arguments(cidr, "one network or list of networks", of_cidr.len()),
        },
        _ => lowering.unsupported(
            span,
            "`containsIP` needs a network",
            "write it as in `cidr(\"10.0.0.0/8\").containsIP(request.ip)`",
        ),
    };
    let field = lowering.field_argument(arguments, name);
    let (networks, field) = (networks?, field?);
    lowering.make(span, ConditionKind::CidrCheck(CidrCheck { field, op: StringOp::In, networks }))
}
