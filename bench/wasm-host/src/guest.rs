//! A callgate module in wasmtime.

use wasmtime::error::Context as _;
use wasmtime::{Config, Engine, Instance, InstancePre, Linker, Memory, Module, Result, Store, TypedFunc, ensure};

/// A compiled and linked module, from which instances are created.
pub(crate) struct Compiled {
    pre: InstancePre<()>,
}

impl Compiled {
    /// Compiles for time measurements.
    pub(crate) fn new(wasm: &[u8]) -> Result<Self> {
        Self::compile(wasm, &Config::new())
    }

    /// Compiles with instruction counting, which is slower.
    pub(crate) fn counting(wasm: &[u8]) -> Result<Self> {
        let mut config = Config::new();
        config.consume_fuel(true);
        Self::compile(wasm, &config)
    }

    fn compile(wasm: &[u8], config: &Config) -> Result<Self> {
        let engine = Engine::new(config)?;
        let module = Module::new(&engine, wasm)?;
        // The module imports nothing, so an empty linker suffices.
        Ok(Self { pre: Linker::new(&engine).instantiate_pre(&module)? })
    }

    /// A new instance.
    pub(crate) fn start(&self) -> Result<Guest> {
        Guest::start(&self.pre)
    }
}

/// The functions that accept a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// One call, with a response.
    Evaluate,
    /// A batch, with a response.
    EvaluateBatch,
    /// One call, decided without a response.
    Decide,
    /// One call, only read.
    Read,
}

/// An instance and its exports.
pub(crate) struct Guest {
    store: Store<()>,
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    evaluate: TypedFunc<(u32, u32), u32>,
    evaluate_batch: TypedFunc<(u32, u32), u32>,
    answer_place: TypedFunc<(), u32>,
    decide: TypedFunc<(u32, u32), u32>,
    read: TypedFunc<(u32, u32), u32>,
    answer: Vec<u8>,
}

/// More fuel than any call needs.
const FUEL: u64 = u64::MAX / 2;

impl Guest {
    fn start(pre: &InstancePre<()>) -> Result<Self> {
        let mut store = Store::new(pre.module().engine(), ());
        let instance: Instance = pre.instantiate(&mut store)?;
        let memory = instance.get_memory(&mut store, "memory").context("the module exports no memory")?;
        Ok(Self {
            memory,
            alloc: instance.get_typed_func(&mut store, "alloc")?,
            evaluate: instance.get_typed_func(&mut store, "evaluate")?,
            evaluate_batch: instance.get_typed_func(&mut store, "evaluate_batch")?,
            answer_place: instance.get_typed_func(&mut store, "answer_place")?,
            decide: instance.get_typed_func(&mut store, "decide")?,
            read: instance.get_typed_func(&mut store, "read")?,
            answer: Vec::new(),
            store,
        })
    }

    /// Evaluates a call: copies it in, evaluates it, and copies the response out.
    pub(crate) fn evaluate(&mut self, body: &[u8]) -> Result<&[u8]> {
        self.answer(Entry::Evaluate, body)
    }

    /// The response of [`Entry::Evaluate`] or [`Entry::EvaluateBatch`].
    pub(crate) fn answer(&mut self, entry: Entry, body: &[u8]) -> Result<&[u8]> {
        let place = self.write(body)?;
        let function = if entry == Entry::EvaluateBatch { &self.evaluate_batch } else { &self.evaluate };
        let length = function.call(&mut self.store, place)?;
        let at = self.answer_place.call(&mut self.store, ())?;
        self.answer.resize(usize::try_from(length)?, 0);
        self.memory.read(&self.store, usize::try_from(at)?, &mut self.answer)?;
        Ok(&self.answer)
    }

    /// Counts the instructions of one call, including the allocation of its body.
    pub(crate) fn count(&mut self, entry: Entry, body: &[u8]) -> Result<u64> {
        self.store.set_fuel(FUEL)?;
        match entry {
            Entry::Evaluate | Entry::EvaluateBatch => {
                let answer = self.answer(entry, body)?;
                ensure!(answer.starts_with(b"{\"decision"), "no decision: {}", String::from_utf8_lossy(answer));
            }
            Entry::Decide => {
                let place = self.write(body)?;
                let effect = self.decide.call(&mut self.store, place)?;
                ensure!(effect == ALLOW, "the call is not allowed");
            }
            Entry::Read => {
                let place = self.write(body)?;
                let is_call = self.read.call(&mut self.store, place)?;
                ensure!(is_call == 1, "the call is invalid");
            }
        }
        Ok(FUEL.saturating_sub(self.store.get_fuel()?))
    }

    /// The size of linear memory in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    fn write(&mut self, body: &[u8]) -> Result<(u32, u32)> {
        let length = u32::try_from(body.len())?;
        let place = self.alloc.call(&mut self.store, length)?;
        self.memory.write(&mut self.store, usize::try_from(place)?, body)?;
        Ok((place, length))
    }
}

/// The result of `decide` for Allow.
const ALLOW: u32 = 2;
