//! `planisphere-etl`: see [`planisphere_etl`].

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use planisphere_etl::allocator;
use planisphere_etl::cli::{Cli, run};

/// What readers of a load that was stopped get to cancel what their servers do for them; a read that hangs gets no more.
const TO_TAKE_LEAVE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    allocator::keep_few_arenas();
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
