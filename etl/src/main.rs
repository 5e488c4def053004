//! `planisphere-etl`: see [`planisphere_etl`].

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use planisphere_etl::cli::{Cli, run};

/// What readers of a load that was stopped get to cancel what their servers do for them; a read that hangs gets no more.
const TO_TAKE_LEAVE: Duration = Duration::from_secs(1);

/// Tells the allocator to keep few arenas. It keeps one for each of many threads otherwise, and in each what passed through it: the
/// memory of a load grew with its rows, though they lay in files.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn keep_few_arenas() {
    const ARENAS: i32 = 2;
    #[expect(
        unsafe_code,
        reason = "mallopt has no safe form; it takes two numbers, and no other thread runs yet"
    )]
    // SAFETY: called before any other thread is there, with a parameter of glibc's own.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, ARENAS);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn keep_few_arenas() {}

fn main() -> ExitCode {
    keep_few_arenas();
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(Box::pin(run(cli)));
            runtime.shutdown_timeout(TO_TAKE_LEAVE);
            code
        }
        Err(_) => ExitCode::from(70),
    }
}
