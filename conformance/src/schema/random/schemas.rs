//! Random schemas of every supported keyword.

use fastrand::Rng;

use super::{FORMATS, PATTERNS, number, values};
use crate::json::{Json, object, string, strings};
use crate::schema::document::Draft;
use crate::values::{once_in, pick, pick_some};

/// The schemas to generate.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'n> {
    /// The names of members.
    pub names: &'n [&'n str],
    /// Whether some keywords have a value that is not valid, which callgate ignores.
    pub has_invalid_keywords: bool,
}

/// Names of members for schemas that no policy uses.
pub const NAMES: [&str; 6] = ["a", "b", "n", "é", "a/b", "x.y"];

/// The number of schemas in `$defs`.
const DEFINITIONS: usize = 3;
const DEFINITION_NAMES: [&str; DEFINITIONS] = ["one", "two", "a/b~c%é"];
/// References to them: each is a pointer whose tokens are escaped, in a fragment that is percent-encoded.
const REFERENCES: [&str; DEFINITIONS] = ["#/$defs/one", "#/$defs/two", "#/$defs/a~1b~0c%25%C3%A9"];

/// A schema with its definitions; `root` adds keywords to it.
#[must_use]
pub fn schema(random: &mut Rng, shape: Shape<'_>, root: impl FnOnce(&mut Generator<'_>) -> Json) -> Json {
    let draft = if once_in(random, 3) { Draft::Seven } else { Draft::Latest };
    let mut generator = Generator { random, shape, draft, level: 0, is_inside: false };
    let mut schema = root(&mut generator);
    let mut definitions = Json::EMPTY;
    for (at, name) in DEFINITION_NAMES.into_iter().enumerate() {
        generator.level = at.saturating_add(1);
        definitions.insert(name, generator.any(2));
    }
    if schema.to_string().contains("$ref") {
        schema.insert("$defs", definitions);
    }
    if draft == Draft::Seven {
        let seven = ["http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-07/schema"];
        schema.insert("$schema", string(pick(generator.random, &seven)));
    } else if generator.random.bool() {
        schema.insert("$schema", string("https://json-schema.org/draft/2020-12/schema"));
    }
    schema
}

/// Generates the parts of one schema.
#[derive(Debug)]
pub struct Generator<'r> {
    random: &'r mut Rng,
    shape: Shape<'r>,
    draft: Draft,
    /// The first definition that the current schema may refer to for the same value, so that there is no cycle.
    level: usize,
    /// Whether the current schema is about a part of the value, which ends every cycle.
    is_inside: bool,
}

impl Generator<'_> {
    /// A schema of any kind, with up to `depth` levels below it.
    pub fn any(&mut self, depth: u32) -> Json {
        match self.random.u8(0..16) {
            0 => return Json::Bool(!once_in(self.random, 4)),
            1..=2 => {
                let mut schema = Json::EMPTY;
                if self.refer(&mut schema) {
                    // In draft 7, these keywords are hidden.
                    self.constrain(&mut schema, depth);
                    return schema;
                }
            }
            _ => {}
        }
        let mut schema = Json::EMPTY;
        if !once_in(self.random, 4) {
            self.add_type(&mut schema);
        }
        self.constrain(&mut schema, depth);
        schema
    }

    /// A schema of objects for the arguments of a call, whose root allows all types of each argument.
    pub fn of_arguments(&mut self, depth: u32) -> Json {
        let below = depth.saturating_sub(1);
        let names = self.shape.names;
        let mut schema = object([("type", string("object"))]);
        let mut properties = Json::EMPTY;
        for name in names {
            let property = match self.random.u8(0..8) {
                0..=4 => Json::EMPTY,
                5 => object([("allOf", Json::Array(vec![self.part(below)]))]),
                6 => {
                    let mut property = Json::EMPTY;
                    self.bound(&mut property);
                    property
                }
                _ => {
                    let mut property = Json::EMPTY;
                    self.within(|inside| inside.refer(&mut property));
                    property
                }
            };
            properties.insert(name, property);
        }
        schema.insert("properties", properties);
        match self.random.u8(0..6) {
            0..=1 => schema.insert("additionalProperties", Json::Bool(false)),
            2 => {
                let others = self.part(below);
                schema.insert("additionalProperties", others);
            }
            _ => {}
        }
        if once_in(self.random, 4) {
            let patterns = self.pattern_properties(below);
            schema.insert("patternProperties", patterns);
        }
        if once_in(self.random, 3) {
            schema.insert("required", strings(pick_some(self.random, names, 2)));
        }
        if once_in(self.random, 3) {
            self.combine(&mut schema, below);
        }
        schema
    }

    fn add_type(&mut self, schema: &mut Json) {
        const TYPES: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];
        if self.is_invalid() {
            return schema.insert("type", string("strng"));
        }
        let types = if once_in(self.random, 4) {
            strings(pick_some(self.random, &TYPES, 4))
        } else {
            // The last two types have no other keywords.
            let types = if once_in(self.random, 5) { &TYPES[..] } else { TYPES.get(..5).unwrap_or_default() };
            string(pick(self.random, types))
        };
        schema.insert("type", types);
    }

    /// Whether the next keyword has a value that is not valid.
    fn is_invalid(&mut self) -> bool {
        self.shape.has_invalid_keywords && once_in(self.random, 24)
    }

    /// Adds keywords that fit the type of the schema, and others.
    fn constrain(&mut self, schema: &mut Json, depth: u32) {
        let name = match schema.child("type") {
            Some(Json::String(name)) if !once_in(self.random, 8) => name.clone(),
            _ => pick(self.random, &["object", "array", "string", "number"]).to_owned(),
        };
        match name.as_str() {
            "object" if depth > 0 => self.members(schema, depth.saturating_sub(1)),
            "array" if depth > 0 => self.items(schema, depth.saturating_sub(1)),
            _ => {}
        }
        for _ in 0..self.random.u8(0..3) {
            self.constraint(schema, &name);
        }
        if once_in(self.random, 8) {
            let values = self.values();
            match self.random.bool() {
                true => insert(schema, "enum", Json::Array(values)),
                false => insert(schema, "const", values.into_iter().next().unwrap_or(Json::Null)),
            }
        }
        if depth > 0 && once_in(self.random, 3) {
            self.combine(schema, depth.saturating_sub(1));
        }
    }

    /// Adds a bound of a number, a text or a size.
    fn bound(&mut self, schema: &mut Json) {
        let name = pick(self.random, &["object", "array", "string", "number"]);
        self.constraint(schema, name);
    }

    /// Adds a keyword without schemas for values of a type.
    fn constraint(&mut self, schema: &mut Json, of: &str) {
        let keywords: &[&str] = match of {
            "object" => &["minProperties", "maxProperties", "required"],
            "array" => &["minItems", "maxItems", "uniqueItems"],
            "string" => &["minLength", "maxLength", "pattern", "format"],
            _ => &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
        };
        let keyword = pick(self.random, keywords);
        let is_invalid = self.is_invalid();
        let number_of = |text: &str| Json::Number(text.to_owned());
        let argument = match keyword {
            "required" => strings(pick_some(self.random, self.shape.names, 2)),
            "uniqueItems" => Json::Bool(!once_in(self.random, 4)),
            "pattern" => string(self.random.choice(PATTERNS).map_or("", |(pattern, _)| pattern)),
            "format" => string(self.random.choice(FORMATS).map_or("", |(format, _)| format)),
            _ if is_invalid => match keyword {
                "multipleOf" => number_of(pick(self.random, &["0", "-1", "-0.5"])),
                "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => {
                    if self.random.bool() {
                        string("1")
                    } else {
                        Json::Bool(true)
                    }
                }
                _ => number_of(pick(self.random, &["-1", "1.5", "-2.0"])),
            },
            "multipleOf" => number_of(pick(self.random, &["1", "2", "3", "0.5", "0.01", "5e0", "1e2", "0.1", "7e-3"])),
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => number(self.random),
            _ if keyword.starts_with("min") => number_of(pick(self.random, &["0", "1", "2", "2.0", "1e0"])),
            _ => number_of(pick(self.random, &["0", "1", "2", "3", "4.0", "20e-1", "1e1"])),
        };
        insert(schema, keyword, argument);
    }

    /// Values for `enum` and `const`.
    fn values(&mut self) -> Vec<Json> {
        (0..self.random.u8(1..5)).map(|_| values::any(self.random, self.shape.names, 1)).collect()
    }

    /// A schema for a part of the value.
    fn part(&mut self, depth: u32) -> Json {
        self.within(|inside| inside.any(depth))
    }

    fn within<T>(&mut self, generate: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.is_inside, true);
        let generated = generate(self);
        self.is_inside = before;
        generated
    }

    fn members(&mut self, schema: &mut Json, depth: u32) {
        if !once_in(self.random, 4) {
            let mut properties = Json::EMPTY;
            for name in pick_some(self.random, self.shape.names, 3) {
                let property = self.part(depth);
                properties.insert(name, property);
            }
            schema.insert("properties", properties);
        }
        if once_in(self.random, 4) {
            let patterns = self.pattern_properties(depth);
            schema.insert("patternProperties", patterns);
        }
        match self.random.u8(0..6) {
            0..=1 => schema.insert("additionalProperties", Json::Bool(false)),
            2 => {
                let others = self.part(depth);
                schema.insert("additionalProperties", others);
            }
            _ => {}
        }
        if once_in(self.random, 6) {
            let mut names = Json::EMPTY;
            self.constraint(&mut names, "string");
            schema.insert("propertyNames", names);
        }
    }

    fn pattern_properties(&mut self, depth: u32) -> Json {
        let mut patterns = Json::EMPTY;
        for pattern in pick_some(self.random, &["^a", "b$", "n", "^[a-z]$", r"\.", "^undeclared$"], 2) {
            let schema = self.part(depth);
            patterns.insert(pattern, schema);
        }
        patterns
    }

    fn items(&mut self, schema: &mut Json, depth: u32) {
        let is_tuple = once_in(self.random, 2);
        if is_tuple {
            let count = self.random.usize(1..4);
            let tuple = Json::Array((0..count).map(|_| self.part(depth)).collect());
            let is_old = self.draft == Draft::Seven || once_in(self.random, 4);
            schema.insert(if is_old { "items" } else { "prefixItems" }, tuple);
            if self.random.bool() {
                let rest = if self.random.bool() { Json::Bool(false) } else { self.part(depth) };
                schema.insert(if is_old { "additionalItems" } else { "items" }, rest);
            }
        } else if !once_in(self.random, 4) {
            let item = self.part(depth);
            schema.insert("items", item);
        }
    }

    /// Adds schemas for the same value.
    fn combine(&mut self, schema: &mut Json, depth: u32) {
        let some = |generator: &mut Self| {
            let count = generator.random.usize(1..4);
            Json::Array((0..count).map(|_| generator.any(depth)).collect())
        };
        match self.random.u8(0..6) {
            0 => insert(schema, "allOf", some(self)),
            1 => insert(schema, "anyOf", some(self)),
            2 => insert(schema, "oneOf", some(self)),
            3 => insert(schema, "not", self.any(depth)),
            _ => {
                insert(schema, "if", self.any(depth));
                if !once_in(self.random, 4) {
                    insert(schema, "then", self.any(depth));
                }
                if self.random.bool() {
                    insert(schema, "else", self.any(depth));
                }
            }
        }
    }

    /// Adds a reference, unless all of them would lead to a cycle.
    fn refer(&mut self, schema: &mut Json) -> bool {
        let first = if self.is_inside { 0 } else { self.level };
        let Some(target) = self.random.choice(REFERENCES.get(first..).unwrap_or_default()).copied() else {
            return false;
        };
        let target = if self.is_inside && once_in(self.random, 6) { "#" } else { target };
        schema.insert("$ref", string(target));
        true
    }
}

/// Adds a keyword, unless the schema has it.
fn insert(schema: &mut Json, keyword: &str, argument: Json) {
    if schema.child(keyword).is_none() {
        schema.insert(keyword, argument);
    }
}
