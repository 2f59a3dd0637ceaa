//! Two machines of netsim, each with a tun device; the runtime carries their packets. IPv4 only, like netsim's own example
//! of two machines.

use std::net::Ipv4Addr;
use std::time::Instant;

use netns_bench_peers::{answer, request};
use netsim::Machine;
use tokio::runtime::Runtime;

fn main() -> anyhow::Result<()> {
    while request()?.is_some() {
        // One for each network: the tasks that carry packets hold the devices, and end only with their runtime.
        let runtime = Runtime::new()?;
        let took = runtime.block_on(async {
            let start = Instant::now();
            let (one, other) = (Machine::new()?, Machine::new()?);
            let device = |machine: &Machine, last| {
                machine.add_ip_iface().ipv4_addr(Ipv4Addr::new(198, 18, 0, last)).ipv4_default_route().build()
            };
            netsim::connect(device(&one, 1)?, device(&other, 2)?);
            anyhow::Ok(start.elapsed())
        })?;
        drop(runtime);
        answer(took)?;
    }
    Ok(())
}
