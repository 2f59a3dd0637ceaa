//! Two devices of patchbay that can reach each other. Each must be attached to a router, so they share one.

use std::time::Instant;

use anyhow::ensure;
use netns_bench_peers::{answer, request};
use patchbay::{Lab, RouterPreset};
use tokio::runtime::Runtime;

fn main() -> anyhow::Result<()> {
    // Before the runtime has threads: the user namespace is that of the whole process.
    patchbay::init_userns()?;
    Runtime::new()?.block_on(async {
        while request()?.is_some() {
            let start = Instant::now();
            // `Lab::new` would read a folder for its records from the environment.
            let lab = Lab::builder().build().await?;
            let router = lab.add_router("router").preset(RouterPreset::Public).build().await?;
            let one = lab.add_device("one").iface("eth0", router.id()).build().await?;
            let other = lab.add_device("other").iface("eth0", router.id()).build().await?;
            let took = start.elapsed();
            for device in [&one, &other] {
                ensure!(device.ip().is_some() && device.ip6().is_some(), "{} has no address", device.name());
            }
            drop((one, other, router, lab));
            answer(took)?;
        }
        Ok(())
    })
}
