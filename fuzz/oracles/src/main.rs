//! Writes the initial inputs of the fuzz targets into a directory for each target.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use callgate_fuzz_oracles::seeds::{Seeds, collect};

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [root, corpus] = arguments.as_slice() else {
        writeln!(io::stderr(), "usage: fuzz-seeds CHECKOUT CORPUS")?;
        return Ok(ExitCode::from(2));
    };
    for Seeds { target, inputs } in collect(root)? {
        let directory = corpus.join(target);
        fs::create_dir_all(&directory)?;
        write_inputs(&directory, inputs.iter())?;
        writeln!(io::stdout(), "{target}: {} seeds", inputs.len())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_inputs<'i>(directory: &Path, inputs: impl Iterator<Item = &'i Vec<u8>>) -> io::Result<()> {
    // The numbers are stable, so that a change of the cases leaves few obsolete files.
    inputs.enumerate().try_for_each(|(at, input)| fs::write(directory.join(format!("seed-{at:04}")), input))
}
