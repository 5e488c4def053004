//! `planisphere-etl`: see [`planisphere_etl`].

use std::process::ExitCode;

use clap::Parser;
use planisphere_etl::cli::{Cli, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(Box::pin(run(cli)));
            // a read that hangs in a source must not hold a load that was stopped
            runtime.shutdown_background();
            code
        }
        Err(_) => ExitCode::from(70),
    }
}
