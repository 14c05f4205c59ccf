//! The image and the reference agree on random schemas and values.

use callgate_conformance::judge::{compile_schema, conforms_by_image};
use callgate_conformance::schema::Schema;
use callgate_conformance::schema::random::schemas::{NAMES, Shape, schema};
use callgate_conformance::schema::random::values::mostly_conforming;
use fastrand::Rng;

const SCHEMAS: u64 = 1_000;
const VALUES: usize = 10;

#[test]
fn image_and_reference_agree_on_schemas() {
    let (mut conforming, mut other, mut unknown) = (0_u32, 0_u32, 0_u32);
    for seed in 0..SCHEMAS {
        let mut random = Rng::with_seed(seed);
        let shape = Shape { names: &NAMES, has_invalid_keywords: true };
        let schema = Schema::new(schema(&mut random, shape, |generator| generator.any(3)));
        let image = compile_schema(&schema.root().to_string());
        let image = image.unwrap_or_else(|problem| panic!("schema {seed} {}\n{problem}", schema.root()));
        for _ in 0..VALUES {
            let value = mostly_conforming(&mut random, &schema, &NAMES);
            let truth = schema.truth(&value);
            let seen = conforms_by_image(&image, &value.to_string());
            let place = || format!("schema {seed} {}\nvalue {value}\nreference {truth:?}", schema.root());
            let seen = seen.unwrap_or_else(|problem| panic!("{}\n{problem}", place()));
            assert_eq!(seen, truth == Some(true), "{}", place());
            match truth {
                Some(true) => conforming += 1,
                Some(false) => other += 1,
                None => unknown += 1,
            }
        }
    }
    assert!(conforming > 2_000 && other > 2_000 && unknown > 20, "{conforming} {other} {unknown}");
}
