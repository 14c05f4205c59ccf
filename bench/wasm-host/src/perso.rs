//! perso in wasmtime: another policy engine for the same decision, for comparison.
//!
//! Its module is not part of the checkout; `--perso` names it. The interface is documented: `alloc(length) -> place`,
//! `dealloc(place, length)`, `init(place, length) -> response` with the text of a policy, and `evaluate` with the place
//! and the length of the tool's name, of the arguments and of the context, both as JSON. A response is a length of four
//! bytes, little-endian, and the bytes of the answer. The host frees the memory that it requested and the response.

use wasmtime::error::Context as _;
use wasmtime::{
    Config, Engine, ExternType, Instance, Linker, Memory, Module, Result, Store, TypedFunc, WasmParams, WasmResults,
    ensure, format_err,
};

/// The addresses and lengths of three texts.
type Texts = (u32, u32, u32, u32, u32, u32);

/// A perso instance with a policy.
pub(crate) struct Perso {
    store: Store<()>,
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    dealloc: TypedFunc<(u32, u32), ()>,
    evaluate: TypedFunc<Texts, u32>,
    answer: Vec<u8>,
}

impl Perso {
    /// Starts the module and loads a policy.
    pub(crate) fn start(wasm: &[u8], policy: &str) -> Result<Self> {
        let engine = Engine::new(&Config::new())?;
        let module = Module::new(&engine, wasm).context("the perso file is not a WebAssembly module")?;
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine)
            .instantiate(&mut store, &module)
            .context("the perso module cannot be started; it must import nothing")?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .with_context(|| format!("perso's module exports no memory, but {}", exports(&module)))?;
        let init: TypedFunc<(u32, u32), u32> = function(&instance, &mut store, &module, "init")?;
        let alloc = function(&instance, &mut store, &module, "alloc")?;
        let dealloc = function(&instance, &mut store, &module, "dealloc")?;
        let evaluate = function(&instance, &mut store, &module, "evaluate")?;
        let mut perso = Self { memory, alloc, dealloc, evaluate, answer: Vec::new(), store };
        let (place, length) = perso.write(policy.as_bytes())?;
        let response = init.call(&mut perso.store, (place, length))?;
        perso.dealloc.call(&mut perso.store, (place, length))?;
        let answer = perso.take(response)?;
        ensure!(answer.starts_with(b"{\"ok\":true"), "perso refuses the policy: {}", String::from_utf8_lossy(answer));
        Ok(perso)
    }

    /// Evaluates a call: copies its texts in, evaluates it, and copies the response out.
    pub(crate) fn evaluate(&mut self, tool: &[u8], arguments: &[u8], context: &[u8]) -> Result<&[u8]> {
        let (tool, arguments, context) = (self.write(tool)?, self.write(arguments)?, self.write(context)?);
        let texts = (tool.0, tool.1, arguments.0, arguments.1, context.0, context.1);
        let response = self.evaluate.call(&mut self.store, texts)?;
        for text in [tool, arguments, context] {
            self.dealloc.call(&mut self.store, text)?;
        }
        self.take(response)
    }

    fn write(&mut self, text: &[u8]) -> Result<(u32, u32)> {
        let length = u32::try_from(text.len())?;
        let place = self.alloc.call(&mut self.store, length)?;
        self.memory.write(&mut self.store, usize::try_from(place)?, text)?;
        Ok((place, length))
    }

    /// Copies a response out and frees it.
    fn take(&mut self, response: u32) -> Result<&[u8]> {
        let mut prefix = [0; 4];
        let at = usize::try_from(response)?;
        self.memory.read(&self.store, at, &mut prefix)?;
        let length = u32::from_le_bytes(prefix);
        self.answer.resize(usize::try_from(length)?, 0);
        self.memory.read(&self.store, at.saturating_add(prefix.len()), &mut self.answer)?;
        self.dealloc.call(&mut self.store, (response, length.saturating_add(4)))?;
        Ok(&self.answer)
    }
}

fn function<P: WasmParams, R: WasmResults>(
    instance: &Instance,
    store: &mut Store<()>,
    module: &Module,
    name: &str,
) -> Result<TypedFunc<P, R>> {
    instance.get_typed_func(store, name).map_err(|error| {
        format_err!(
            "perso's `{name}` does not have the expected interface: {error:#}; the module exports {}",
            exports(module)
        )
    })
}

/// The exports of a module, which show how the interface of another version differs.
fn exports(module: &Module) -> String {
    let names = module.exports().map(|export| match export.ty() {
        ExternType::Func(function) => format!("`{}: {function}`", export.name()),
        _ => format!("`{}`", export.name()),
    });
    names.collect::<Vec<_>>().join(", ")
}
