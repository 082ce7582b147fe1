#!/bin/sh
# PID 1 of a testbed node, in its own mount, network and PID namespaces: the node lives and dies with it. A shell and not Node.js,
# because PID 1 must reap orphans. Must never write outside the node's folder; all configuration in it was rendered beforehand.
# node-init.sh FOLDER NAME IP GATEWAY LOG_FOLDER [CIDR=VIA …]
set -eu
folder=$1 name=$2 ip=$3 gateway=$4 logs=$5
shift 5
mkdir -p "$folder/run" "$folder/var-lib" "$folder/var-log"
# Own /run, /var/lib, /var/log: every default path of kubelet, containerd and CNI works, and none of it touches the host.
mount --bind "$folder/run" /run
mount --bind "$folder/var-lib" /var/lib
mount --bind "$folder/var-log" /var/log
mount --make-rshared / # The kubelet's volume mounts must reach the containers; the peers are in this namespace only.
mkdir -p /run/lock
until ip link show eth0 >/dev/null 2>&1; do sleep 0.02; done
ip link set lo up
ip address add "$ip/24" dev eth0
ip link set eth0 up
ip route add default via "$gateway"
for route in "$@"; do ip route add "${route%=*}" via "${route#*=}"; done
sysctl -qw net.ipv4.ip_forward=1 || true
sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true

containerd -c "$folder/etc/containerd.toml" >"$logs/$name-containerd.log" 2>&1 &
until [ -S /run/containerd/containerd.sock ] && ctr version >/dev/null 2>&1; do sleep 0.05; done
until [ -e "$folder/api-ready" ]; do sleep 0.05; done
kubelet --config="$folder/etc/kubelet.yaml" --kubeconfig="$folder/etc/kubelet.kubeconfig" \
  --hostname-override="$name" --node-ip="$ip" --v=1 >"$logs/$name-kubelet.log" 2>&1 &
kube-proxy --config="$folder/etc/kube-proxy.yaml" --hostname-override="$name" >"$logs/$name-kube-proxy.log" 2>&1 &
# `wait` reaps adopted orphans as well as these three.
while :; do
  wait || true
  sleep 1
done
