//! `cargo xtask rooms`: lists the folders and modules of the Rust source, and checks its layout.
//!
//! Two files that import each other can only be understood together, so import cycles are errors, as are folders with
//! too many files and files with too many lines. `allowed.rs` lists the exceptions with their reasons; an unused
//! exception is an error too.

use anyhow::{Result, bail};

use crate::checkout::Checkout;

mod allowed;
mod sources;
mod conditions;
mod modules;
mod scope;
mod imports;
mod cycles;
mod report;

use allowed::ALLOWED;
use report::Report;
use sources::Sources;

/// Prints the folders, the import cycles and the modules behind a `cfg`, and fails if a problem is not allowed.
pub(crate) fn run(checkout: &Checkout) -> Result<()> {
    let sources = Sources::read(checkout)?;
    let report = Report::new(&sources)?;
    println!("{}", report.describe(&ALLOWED));
    let problems = report.problems(&ALLOWED);
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => Ok(()),
        1 => bail!("the layout has the problem listed above"),
        count => bail!("the layout has the {count} problems listed above"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::allowed::{Allowed, Cycle, Exception, MAX_FILES, MAX_LINES};
    use super::sources::Root;
    use super::*;

    const NOTHING: Allowed<'static> = Allowed { cycles: &[], folders: &[], files: &[] };
    const REASON: &str = "for a reason";

    fn report(files: &[(&str, &str)]) -> Report {
        let files = files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
        let root = Root { name: "crate".to_owned(), file: PathBuf::from("src/lib.rs") };
        Report::new(&Sources { files, crates: vec![root] }).expect("a crate")
    }

    /// The problems of a crate, up to the files that they name.
    #[track_caller]
    fn check(files: &[(&str, &str)], allowed: &Allowed<'_>, expected: &[&str]) {
        let problems = report(files).problems(allowed);
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{problem:?} does not start with {expected:?}");
        }
    }

    const A_AND_B: &str = "`src/a.rs`, `src/b.rs` import each other;";

    #[test]
    fn files_that_import_each_other_are_a_cycle() {
        let root = ("src/lib.rs", "mod a; mod b;");
        let a = ("src/a.rs", "use crate::b::g;\npub fn f() { g() }");
        check(&[root, a, ("src/b.rs", "pub fn g() {}")], &NOTHING, &[]);
        check(&[root, a, ("src/b.rs", "pub fn g() { crate::a::f() }")], &NOTHING, &[A_AND_B]);
        check(&[root, a, ("src/b.rs", "pub fn g() { super::a::f() }")], &NOTHING, &[A_AND_B]);
        check(&[root, a, ("src/b.rs", "use super::{a::{f as h}};\npub fn g() { h() }")], &NOTHING, &[A_AND_B]);
        check(
            &[root, a, ("src/b.rs", "use crate::a::{self as door};\npub fn g() { door::f() }")],
            &NOTHING,
            &[A_AND_B],
        );
        check(&[root, a, ("src/b.rs", "pub fn g() { print(format!(\"{}\", crate::a::f())) }")], &NOTHING, &[A_AND_B]);
    }

    #[test]
    fn a_cycle_says_where_each_file_uses_which() {
        let files = [
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "// The other one.\nuse crate::b::g;"),
            ("src/b.rs", "pub fn g() { crate::a::f() }"),
        ];
        let problems = report(&files).problems(&NOTHING);
        let [problem] = problems.as_slice() else { panic!("{problems:?}") };
        assert!(problem.contains("\n  src/a.rs:2 uses `crate::b::g` of src/b.rs\n"), "{problem}");
        assert!(problem.ends_with("\n  src/b.rs:1 uses `crate::a::f` of src/a.rs"), "{problem}");
    }

    #[test]
    fn a_cycle_over_three_files_is_found() {
        let files = [
            ("src/lib.rs", "mod a; mod b; mod c;"),
            ("src/a.rs", "pub struct A(crate::b::B);"),
            ("src/b.rs", "pub struct B(Box<crate::c::C>);"),
            ("src/c.rs", "impl crate::a::A {} pub struct C;"),
        ];
        check(&files, &NOTHING, &["`src/a.rs`, `src/b.rs`, `src/c.rs` import each other;"]);
    }

    #[test]
    fn a_module_that_reexports_its_own_modules_uses_none_of_them() {
        let root = ("src/lib.rs", "mod door;");
        let one = ("src/door/one.rs", "pub struct One;");
        let other = ("src/door/other.rs", "use super::One;\npub struct Other(One);");
        check(
            &[root, ("src/door/mod.rs", "mod one; mod other;\npub use one::One; pub use other::*;"), one, other],
            &NOTHING,
            &[],
        );
        // The name leads through the entry point to the defining file, which closes the cycle there.
        let one = ("src/door/one.rs", "pub struct One(Option<super::Other>);");
        let problem = "`src/door/one.rs`, `src/door/other.rs` import each other;";
        check(
            &[root, ("src/door/mod.rs", "mod one; mod other;\npub use one::One; pub use other::*;"), one, other],
            &NOTHING,
            &[problem],
        );
    }

    #[test]
    fn a_module_that_uses_a_child_which_uses_it_is_in_a_cycle() {
        let root = ("src/lib.rs", "mod door;");
        let child = ("src/door/child.rs", "use super::Shared;\npub fn make() -> Shared { Shared }");
        let problem = "`src/door/child.rs`, `src/door/mod.rs` import each other;";
        for parent in [
            "mod child;\nuse child::make;\npub struct Shared;",
            "mod child;\npub use child::make;\npub struct Shared; fn f() { make(); }",
            "mod child;\npub struct Shared; fn f() { child::make(); }",
            "mod child;\npub struct Shared; fn f() { assert!(g(child::make())); }",
        ] {
            check(&[root, ("src/door/mod.rs", parent), child], &NOTHING, &[problem]);
        }
        check(
            &[root, ("src/door/mod.rs", "mod child;\npub use child::make;\npub struct Shared;"), child],
            &NOTHING,
            &[],
        );
    }

    #[test]
    fn a_cycle_through_a_glob_is_found() {
        let root = ("src/lib.rs", "mod a; mod b; mod prelude;");
        let prelude = ("src/prelude.rs", "pub use crate::a::*; pub use crate::b::*;");
        let a = ("src/a.rs", "use crate::b::*;\npub fn f() { g() }");
        check(&[root, a, prelude, ("src/b.rs", "use crate::a::*;\npub fn g() {}")], &NOTHING, &[A_AND_B]);
        check(&[root, a, prelude, ("src/b.rs", "pub fn g() {}")], &NOTHING, &[]);
        // Names from the globs of another file lead to their definitions.
        let a = ("src/a.rs", "pub struct A(crate::b::B);");
        let b = ("src/b.rs", "use crate::prelude::*;\npub struct B; fn f(_: &A) {}");
        check(&[root, a, prelude, b], &NOTHING, &[A_AND_B]);
        let b = ("src/b.rs", "use crate::prelude::*;\npub struct B; fn f(_: &B) {}");
        check(&[root, a, prelude, b], &NOTHING, &[]);
    }

    #[test]
    fn what_a_macro_defines_counts_for_the_file_of_its_module() {
        let root = ("src/lib.rs", "mod a; mod b;");
        let a = ("src/a.rs", "define!(Hidden);\nfn f() { crate::b::g() }");
        check(&[root, a, ("src/b.rs", "use crate::a::Hidden;\npub fn g() {}")], &NOTHING, &[A_AND_B]);
    }

    #[test]
    fn what_one_file_has_within_itself_is_no_cycle() {
        let inline = "mod a { pub use super::b::B; pub struct A; } mod b { use crate::a::A; pub struct B(A); }";
        check(&[("src/lib.rs", inline)], &NOTHING, &[]);
    }

    #[test]
    fn tests_may_use_what_they_test() {
        let root = ("src/lib.rs", "mod a; mod b; #[cfg(test)] mod support;");
        let a = ("src/a.rs", "pub fn f() {}\n#[cfg(test)] mod tests { use crate::b::g; fn t() { g() } }");
        let b = ("src/b.rs", "use crate::a::f;\npub fn g() { f() }\n#[cfg(all(test, unix))] use crate::support::S;");
        let support = ("src/support.rs", "pub use crate::b::g;");
        check(&[root, a, b, support], &NOTHING, &[]);
        let a = ("src/a.rs", "pub fn f() {}\n#[cfg(not(test))] mod rest { use crate::b::g; fn t() { g() } }");
        check(&[root, a, b, support], &NOTHING, &[A_AND_B]);
    }

    #[test]
    fn modules_are_found_where_the_compiler_finds_them() {
        let files = [
            ("src/lib.rs", "mod a; #[path = \"elsewhere/named.rs\"] mod c; mod inline { mod deep; }"),
            ("src/a.rs", "mod b;"),
            ("src/a/b.rs", "use crate::c::d::D; pub struct B;"),
            ("src/elsewhere/named.rs", "pub mod d;"),
            ("src/elsewhere/d.rs", "pub struct D(crate::inline::deep::Deep);"),
            ("src/inline/deep.rs", "pub struct Deep(crate::a::b::B);"),
        ];
        check(&files, &NOTHING, &["`src/a/b.rs`, `src/elsewhere/d.rs`, `src/inline/deep.rs` import each other;"]);
    }

    #[test]
    fn a_module_behind_a_cfg_is_listed() {
        let files = [
            ("src/lib.rs", "mod a; #[cfg(feature = \"compile\")] mod b; #[cfg(test)] mod c;"),
            ("src/a.rs", ""),
            ("src/b.rs", ""),
        ];
        let text = report(&files).describe(&NOTHING);
        assert!(text.contains("crate::b "), "{text}");
        assert!(text.contains("  feature = \"compile\"\n"), "{text}");
        assert!(!text.contains("crate::a"), "{text}");
        assert!(!text.contains("crate::c"), "{text}");
    }

    #[test]
    fn a_listed_cycle_is_allowed_and_a_cycle_that_is_gone_is_not_listed() {
        let root = ("src/lib.rs", "mod a; mod b;");
        let a = ("src/a.rs", "use crate::b::g;\npub fn f() {}");
        let cyclic = [root, a, ("src/b.rs", "use crate::a::f;\npub fn g() {}")];
        let acyclic = [root, a, ("src/b.rs", "pub fn g() {}")];
        let gone = "the import cycle in `src` is gone;";
        for files in [&["a.rs", "b.rs"][..], &[]] {
            let allowed = Allowed { cycles: &[Cycle { folder: "src", files, reason: REASON }], ..NOTHING };
            check(&cyclic, &allowed, &[]);
            assert!(report(&cyclic).describe(&allowed).contains("`src/a.rs`, `src/b.rs`: for a reason\n"));
            check(&acyclic, &allowed, &[gone]);
        }
        for (folder, files, problems) in [
            ("src", &["a.rs", "c.rs"][..], &[A_AND_B, gone][..]),
            ("src/json", &[], &[A_AND_B, "the import cycle in `src/json` is gone;"]),
            ("src", &["a.rs", "b.rs", "c.rs"], &["`src/c.rs`: no longer part of an allowed cycle;"]),
        ] {
            let allowed = Allowed { cycles: &[Cycle { folder, files, reason: REASON }], ..NOTHING };
            check(&cyclic, &allowed, problems);
        }
    }

    #[test]
    fn a_folder_with_too_many_files_is_a_problem_unless_it_is_listed() {
        let names: Vec<String> = (1..=MAX_FILES).map(|number| format!("src/room/file_{number}.rs")).collect();
        let mut files = vec![("src/lib.rs", "")];
        files.extend(names.iter().map(|name| (name.as_str(), "")));
        let allowed = Allowed { folders: &[Exception { path: "src/room", reason: REASON }], ..NOTHING };
        check(&files, &NOTHING, &[]);
        check(&files, &allowed, &["`src/room` has no more than 16 Rust files;"]);
        files.push(("src/room/one_more.rs", ""));
        check(&files, &NOTHING, &["`src/room` has 17 Rust files, more than 16;"]);
        check(&files, &allowed, &[]);
    }

    #[test]
    fn a_file_with_too_many_lines_is_a_problem_unless_it_is_listed() {
        let (most, more) = ("\n".repeat(MAX_LINES), "\n".repeat(MAX_LINES + 1));
        let allowed = Allowed { files: &[Exception { path: "src/lib.rs", reason: REASON }], ..NOTHING };
        check(&[("src/lib.rs", &most)], &NOTHING, &[]);
        check(&[("src/lib.rs", &most)], &allowed, &["`src/lib.rs` has no more than 400 lines;"]);
        check(&[("src/lib.rs", &more)], &NOTHING, &["`src/lib.rs` has 401 lines, more than 400;"]);
        check(&[("src/lib.rs", &more)], &allowed, &[]);
    }

    #[test]
    fn a_module_without_a_file_is_reported() {
        let root = Root { name: "crate".to_owned(), file: PathBuf::from("src/lib.rs") };
        let files = [(PathBuf::from("src/lib.rs"), "mod a;".to_owned())].into();
        let error = Report::new(&Sources { files, crates: vec![root] }).map(|_| ()).expect_err("an error");
        assert_eq!(error.to_string(), "`src/lib.rs` declares the module `a`, which has no file");
    }
}
