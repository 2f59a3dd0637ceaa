#!/bin/sh
# A small plugin of the Container Network Interface: connects a container to the bridge cni0. Replace it with your plugin.
set -eu
container=${CNI_NETNS##*/}
case $CNI_COMMAND in
ADD)
    address=${CNI_ARGS#IP=}
    ip link add "veth-$CNI_CONTAINERID" master cni0 type veth peer name "$CNI_IFNAME" netns "$container"
    ip link set "veth-$CNI_CONTAINERID" up
    ip -netns "$container" address add "$address" dev "$CNI_IFNAME"
    ip -netns "$container" link set "$CNI_IFNAME" up
    printf '{"cniVersion":"1.1.0","interfaces":[{"name":"%s"}],"ips":[{"address":"%s"}]}\n' "$CNI_IFNAME" "$address"
    ;;
DEL)
    # The specification: a second DEL succeeds.
    ip -netns "$container" link delete "$CNI_IFNAME" 2>/dev/null || true
    ;;
*)
    printf '{"cniVersion":"1.1.0","code":4,"msg":"unknown CNI_COMMAND %s"}\n' "$CNI_COMMAND"
    exit 1
    ;;
esac
