//! The program `planisphere-olap`: serves cubes and SQL from a published warehouse, and asks them.
//!
//! Everything is in the library; this file starts the run time and gives back the exit code.

use std::io::Write;
use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Freed memory goes back to the next query instead of to the system.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Deep SQL expressions are planned on the stack.
const STACK_BYTES: usize = 8 << 20;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(planisphere_olap::cli::run());
            // threads end with the process, also one that waits for a line of input; to detach threads that are just ending is a
            // race in the C library
            std::mem::forget(runtime);
            ExitCode::from(code)
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: cannot start threads: {error}");
            ExitCode::from(5)
        }
    }
}
