#!/usr/bin/env bash
# CPU time of `wardlight watch` against other readers of the same captures, whole process, pair by pair in one run.
# Usage: bench/compare.sh TRACE.pcap…        Needs nfdump and libndpi-bin (Debian) and GNU time; RUNS=5 by default.
# Machines are shared and noisy: quote the ratios, not the seconds.
set -euo pipefail
runs=${RUNS:-5}
program=${WARDLIGHT:-target/release/wardlight}
scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT

# cpu COMMAND…: user and system seconds and peak MiB of one run, on one line.
cpu() { /usr/bin/time -f '%U %S %M' -o "$scratch/time" "$@" >/dev/null 2>&1 || true; awk 'END { printf "%.3f %.0f\n", $1 + $2, $3 / 1024 }' "$scratch/time"; }
ours() { rm -rf "$scratch/logs"; cpu "$program" watch --json "$1"; }
ours_logs() { rm -rf "$scratch/logs"; cpu "$program" watch --json --zeek-logs "$scratch/logs" "$1"; }
nfpcapd_() { rm -rf "$scratch/nf"; mkdir "$scratch/nf"; cpu nfpcapd -r "$1" -w "$scratch/nf"; }
ndpi_() { cpu ndpiReader -i "$1" -q; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

printf '%-16s %-22s %10s %8s %22s\n' trace program 'CPU s' 'peak MiB' 'CPU against nfpcapd'
for trace in "$@"; do
    cat "$trace" >/dev/null
    for tool in nfpcapd_ ours ours_logs ndpi_; do : >"$scratch/$tool"; done
    for _ in $(seq "$runs"); do
        for tool in nfpcapd_ ours ours_logs ndpi_; do "$tool" "$trace" >>"$scratch/$tool"; done
    done
    for tool in nfpcapd_ ours ours_logs ndpi_; do
        ratio=$(paste -d' ' "$scratch/$tool" "$scratch/nfpcapd_" | awk '{ print ($3 > 0) ? $1 / $3 : 0 }' | median)
        name=$(case $tool in nfpcapd_) echo nfpcapd ;; ours) echo 'wardlight' ;; ours_logs) echo 'wardlight --zeek-logs' ;; *) echo ndpiReader ;; esac)
        printf '%-16s %-22s %10s %8s %22.2f\n' "$(basename "$trace" .pcap)" "$name" \
            "$(cut -d' ' -f1 "$scratch/$tool" | median)" "$(cut -d' ' -f2 "$scratch/$tool" | median)" "$ratio"
    done
done
