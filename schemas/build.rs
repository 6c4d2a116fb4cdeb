//! Compiles the contract with `protox`, so that no `protoc` is needed.

use std::{env, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto/payment.proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.open_file("proto/payment.proto")?;
    let out = PathBuf::from(env::var("OUT_DIR")?).join("payment.descriptors");
    fs::write(out, compiler.encode_file_descriptor_set())?;
    prost_build::Config::new().compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
