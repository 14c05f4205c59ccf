//! regorus, which runs Rego in two ways: with an interpreter and with a bytecode machine.

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{CompiledPolicy, Engine, Rc, Value};

const RULE: &str = "data.crm.allow";

pub(crate) struct Interpreter {
    policy: CompiledPolicy,
}

impl Interpreter {
    pub(crate) fn new() -> Self {
        Self { policy: compile() }
    }

    pub(crate) fn decide_text(&self, text: &str) -> bool {
        self.decide(read(text))
    }

    pub(crate) fn decide(&self, input: Value) -> bool {
        self.policy.eval_with_input(input).expect("a decision") == Value::Bool(true)
    }
}

pub(crate) struct Machine {
    machine: RegoVM,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let policy = compile();
        let program = Compiler::compile_from_policy(&policy, &[RULE]).expect("a program");
        let mut machine = RegoVM::new_with_policy(policy);
        machine.load_program(program);
        Self { machine }
    }

    pub(crate) fn decide_text(&mut self, text: &str) -> bool {
        self.decide(read(text))
    }

    pub(crate) fn decide(&mut self, input: Value) -> bool {
        self.machine.set_input(input);
        self.machine.execute().expect("a decision") == Value::Bool(true)
    }
}

pub(crate) fn read(text: &str) -> Value {
    Value::from_json_str(text).expect("a body")
}

fn compile() -> CompiledPolicy {
    let mut engine = Engine::new();
    let text = include_str!("../../peers/crm.rego").to_owned();
    engine.add_policy("crm.rego".to_owned(), text).expect("a policy");
    let rule: Rc<str> = RULE.into();
    engine.compile_with_entrypoint(&rule).expect("a policy")
}
