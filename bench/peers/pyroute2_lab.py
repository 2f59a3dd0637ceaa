"""Two linked hosts by pyroute2, once for each line that the bench writes; answers with a line of microseconds.

Not named after the package: Python would import this file instead of it.
"""

import sys
import time

from pyroute2 import IPRoute, NetNS, netns

HOSTS = ("one", "other")


def bring_up():
    for host in HOSTS:
        netns.create(host)
    with IPRoute() as machine:
        end, peer = ({"ifname": "eth0", "net_ns_fd": host} for host in HOSTS)
        machine.link("add", kind="veth", peer=peer, **end)
    for last, host in enumerate(HOSTS, start=1):
        with NetNS(host) as inside:
            index = inside.link_lookup(ifname="eth0")[0]
            inside.addr("add", index=index, address=f"198.18.0.{last}", prefixlen=24)
            inside.addr("add", index=index, address=f"fd00::{last}", prefixlen=64)
            inside.link("set", index=index, state="up")


for _ in sys.stdin:
    start = time.perf_counter()
    bring_up()
    took = time.perf_counter() - start
    for host in HOSTS:
        netns.remove(host)
    print(took * 1e6, flush=True)
