//! `cargo xtask up`: builds callgate and serves it on this machine.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use tempfile::NamedTempFile;

use super::api_keys::{self, ApiKeys};
use super::policy::Policy;
use super::{spin, worker};
use crate::checkout::Checkout;
use crate::process::{Group, is_interrupted, pause};
use crate::tools::{cargo_tools, npm_packages};

/// The start timeout of a host. A busy machine can need many times the usual second.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The options of the command.
#[derive(Args)]
pub(crate) struct Options {
    /// Serve the Spin app, with Spin if it is installed, otherwise with wasmtime
    #[arg(long)]
    spin: bool,
    /// The policy to embed [default: $CALLGATE_POLICY, then policies/crm.json]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The port on 127.0.0.1
    #[arg(long, value_name = "N", default_value_t = 8787, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
}

/// Builds and serves until the user stops it.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let policy = Policy::choose_or_demo(checkout, options.policy.as_deref())?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    // Checked before the first build takes minutes, and before another server's response is mistaken for callgate's.
    if let Err(error) = TcpListener::bind(address) {
        bail!("cannot serve at {address} ({error}); choose another port with `--port`");
    }
    let api_keys = ApiKeys::choose()?;
    // Stores the keys while the host runs, and is removed with this value.
    let mut key_file = NamedTempFile::with_prefix("callgate-keys-")?;

    let command = if options.spin {
        serve_spin_app(checkout, &policy, address, &api_keys)?
    } else {
        writeln!(key_file, "{}={}", api_keys::VARIABLE, api_keys.joined())?;
        serve_worker(checkout, &policy, address, key_file.path())?
    };
    let mut host = Group::start(command)?;
    wait_until_ready(&mut host, address)?;
    if is_interrupted() {
        host.stop();
        return Ok(());
    }
    print_usage(address, &policy, &api_keys);
    while !is_interrupted() {
        if let Some(status) = host.ended()? {
            // Ctrl-C may reach the host first.
            if is_interrupted() {
                break;
            }
            bail!("the host stopped: {status}");
        }
        pause();
    }
    println!("stopping");
    host.stop();
    Ok(())
}

/// The command that serves the Worker in workerd.
fn serve_worker(checkout: &Checkout, policy: &Policy, address: SocketAddr, key_file: &Path) -> Result<Command> {
    worker::install_needs(checkout)?;
    println!("building the Worker with {policy}");
    // wrangler builds too, but hides the policy errors of a build behind its own stack trace.
    worker::build(checkout, policy, None)?;
    println!("starting wrangler dev");
    let mut command = npm_packages::command(checkout, "wrangler")?;
    command.current_dir(checkout.root()).args(["dev", "--show-interactive-dev-session=false"]);
    command.args(["--ip", &address.ip().to_string(), "--port", &address.port().to_string()]);
    // A file, because command lines are visible in the process list.
    command.arg("--env-file").arg(key_file);
    policy.choose_for(&mut command);
    Ok(command)
}

/// The command that serves the Spin app.
fn serve_spin_app(checkout: &Checkout, policy: &Policy, address: SocketAddr, api_keys: &ApiKeys) -> Result<Command> {
    spin::install_needs()?;
    let spin = which::which("spin").ok();
    let wasmtime = if spin.is_none() { Some(cargo_tools::install_wasmtime()?) } else { None };
    println!("building the Spin app with {policy}");
    if let Some(spin) = spin {
        // spin.toml names the component in the default build directory, even if cargo builds elsewhere.
        spin::build(checkout, policy, &checkout.root().join("target"))?;
        println!("starting spin up");
        let mut command = Command::new(spin);
        command.current_dir(checkout.root()).args(["up", "--listen", &address.to_string(), "--env"]);
        command.arg(format!("{}={}", api_keys::VARIABLE, api_keys.joined()));
        return Ok(command);
    }
    let component = spin::build(checkout, policy, checkout.target())?;
    println!("starting wasmtime serve because `spin` is not installed");
    let mut command = Command::new(wasmtime.unwrap_or_default());
    command.args(["serve", "-Scli", "--addr", &address.to_string()]);
    // Without a value, the component inherits the variable from wasmtime's environment, which is not visible in the
    // process list.
    command.args(["--env", api_keys::VARIABLE]).arg(component).env(api_keys::VARIABLE, api_keys.joined());
    Ok(command)
}

/// Waits until the host responds.
fn wait_until_ready(host: &mut Group, address: SocketAddr) -> Result<()> {
    let started = Instant::now();
    while !is_interrupted() && !is_healthy(address) {
        if let Some(status) = host.ended()? {
            bail!("the host stopped before it responded: {status}");
        }
        if started.elapsed() > START_LIMIT {
            bail!("the host did not respond at {address} within {} seconds", START_LIMIT.as_secs());
        }
        pause();
    }
    Ok(())
}

/// Checks whether the host runs.
fn is_healthy(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<[u8; 12]> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(status)
    };
    ask().is_ok_and(|status| status == *b"HTTP/1.1 200")
}

fn print_usage(address: SocketAddr, policy: &Policy, api_keys: &ApiKeys) {
    let key = api_keys.first();
    println!();
    println!("callgate serves {policy} at http://{address}");
    if api_keys.is_made_up() {
        println!("API key for this run: {key}");
    } else {
        println!("API keys: from {}", api_keys::VARIABLE);
    }
    println!();
    println!(
        "curl -s http://{address}/evaluate -H 'authorization: Bearer {key}' -H 'content-type: application/json' \
         -d '{{\"tool\":\"process_refund\",\"args\":{{\"order_id\":\"ORD-8821\",\"amount\":200}},\"role\":\"agent\"}}'"
    );
    println!();
    println!("Press Ctrl-C to stop.");
}
